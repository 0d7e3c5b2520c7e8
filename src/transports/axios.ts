import axios, { type AxiosInstance, type AxiosStatic } from 'axios'
import type { CallOptions } from '../context.js'
import type { OrgidAuth } from '../interface.js'
import { readOptions } from '../options.js'
import type { AttachableAxios } from './attachable.js'
import { attachTo, type Detach } from './axios-attach.js'

export type { AttachableAxios } from './attachable.js'
export type { Detach } from './axios-attach.js'

declare module 'axios' {
  // The type parameters must be those of axios' own declaration to merge with it
  // biome-ignore lint/suspicious/noExplicitAny: as axios declares it
  interface AxiosRequestConfig<D = any, P = any> {
    /** What this call says about its ORGiD token. */
    orgid?: CallOptions
  }
}

/** An axios package of any supported version, by what is needed of it. */
export interface AxiosLibrary {
  readonly getAdapter: (...details: never[]) => unknown
  readonly defaults: object
  readonly AxiosError: object
  readonly CanceledError: object
}

/** Options of {@link attachAuth}. */
export interface AttachOptions {
  /** The copy of axios that the instances come from, when it is not the one this package finds. */
  readonly axios?: AxiosLibrary
}

/**
 * Makes every request of an axios instance to a partner carry that partner's token, fresh.
 *
 * What is attached is a synchronous request interceptor that puts a wrapper around the request's
 * adapter. The header is decided there, after all other interceptors, on the final URL, and taken
 * off again on every way out: nothing that axios hands back holds the token. The caller's own
 * Authorization header (or `auth`) wins. `config.orgid` takes {@link CallOptions}.
 *
 * Attaching twice is attaching once, and detaching then undoes it for all who attached.
 *
 * @returns detaches from all the instances given.
 * @throws OrgidAuthError `ERR_INVALID_OPTION`. A request that cannot get its token fails with the
 *   error of `auth.authorization`, with `ERR_SOCKET_PATH` or `ERR_PLAINTEXT_PROXY` where the bytes
 *   would go elsewhere than its URL says, or with `ERR_REDIRECT_TOKEN` where a redirect leads to a
 *   partner whose token cannot be had at once; it is never sent without.
 *
 * @example
 * ```ts
 * const http = axios.create()
 * attachAuth(http, auth)
 * await http.get('https://api.hotels.example/offers', { orgid: { scope: ['read'] } })
 * ```
 */
export function attachAuth(
  instances: AttachableAxios | readonly AttachableAxios[],
  auth: OrgidAuth,
  options: AttachOptions = {},
): Detach {
  const { axios: library = axios } = readOptions(options, ['axios'], 'attachAuth')
  // Of whatever copy: what is used of it has been the same in all that are supported
  return attachTo(instances as AxiosInstance, auth, () => library as AxiosStatic)
}
