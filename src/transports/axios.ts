import axios, {
  type AxiosAdapter,
  type AxiosInstance,
  type AxiosStatic,
  type InternalAxiosRequestConfig,
} from 'axios'
import type { CallOptions } from '../context.js'
import { describe } from '../errors.js'
import { attached, internalsOf, type OrgidAuth } from '../interface.js'
import { invalidOption, readOptions } from '../options.js'
import { authorize } from './axios-adapter.js'
import type { Attachment } from './axios-config.js'

declare module 'axios' {
  // The type parameters must be those of axios' own declaration to merge with it
  // biome-ignore lint/suspicious/noExplicitAny: as axios declares it
  interface AxiosRequestConfig<D = any, P = any> {
    /** What this call says about its ORGiD token. */
    orgid?: CallOptions
  }
}

/** Options of {@link attachAuth}. */
export interface AttachOptions {
  /** The copy of axios that the instances come from, when it is not the one this package finds. */
  readonly axios?: AxiosStatic
}

/** Takes the interceptor off again; calling it twice is harmless. */
export type Detach = () => void

type Attachable = AxiosInstance & { [attached]?: Map<OrgidAuth, Attached> }

interface Attached {
  /** Puts the interceptor on again if it was cleared away. */
  ensure(): void
  readonly detach: Detach
}

// axios' types leave `forEach` out
type InterceptorList = AxiosInstance['interceptors']['request'] & {
  forEach(visit: (interceptor: { readonly fulfilled?: unknown }) => void): void
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
  instances: AxiosInstance | readonly AxiosInstance[],
  auth: OrgidAuth,
  options: AttachOptions = {},
): Detach {
  const { axios: library = axios } = readOptions(options, ['axios'], 'attachAuth')
  const attachment: Attachment = {
    auth,
    internals: internalsOf(auth),
    library,
    underWay: new WeakMap(),
  }
  const list = Array.isArray(instances)
    ? (instances as readonly AxiosInstance[])
    : [instances as AxiosInstance]
  for (const instance of list) {
    if (typeof instance?.interceptors?.request?.use !== 'function') {
      throw invalidOption('instance', 'an axios instance or an array of them', describe(instance))
    }
  }
  const detaches = list.map((instance) => attach(instance, attachment))
  return () => {
    for (const detach of detaches) detach()
  }
}

function attach(instance: Attachable, attachment: Attachment): Detach {
  const { auth } = attachment
  instance[attached] ?? Object.defineProperty(instance, attached, { value: new Map() })
  const auths = instance[attached] as Map<OrgidAuth, Attached>
  const existing = auths.get(auth)
  if (existing) {
    existing.ensure()
    return existing.detach
  }

  const orgidBearer = (config: InternalAxiosRequestConfig): InternalAxiosRequestConfig => {
    const adapter = config.adapter ?? attachment.library.defaults.adapter
    if (!isWrapper(adapter, auth)) config.adapter = wrap(adapter, attachment)
    return config
  }
  const interceptors = instance.interceptors.request as InterceptorList
  let id = -1
  const ensure = () => {
    // `interceptors.clear()` may have taken it off
    let isOn = false
    interceptors.forEach(({ fulfilled }) => {
      isOn ||= fulfilled === orgidBearer
    })
    if (!isOn) id = interceptors.use(orgidBearer, null, { synchronous: true })
  }
  const detach = () => {
    auths.delete(auth)
    interceptors.eject(id)
  }
  ensure()
  auths.set(auth, { ensure, detach })
  return detach
}

const wrapper: unique symbol = Symbol.for('orgid-bearer.wrapper') as never
type AdapterOption = InternalAxiosRequestConfig['adapter']
type Wrapper = AxiosAdapter & { [wrapper]?: OrgidAuth }

function isWrapper(adapter: AdapterOption, auth: OrgidAuth): boolean {
  return typeof adapter === 'function' && (adapter as Wrapper)[wrapper] === auth
}

function wrap(original: AdapterOption, attachment: Attachment): AxiosAdapter {
  const adapter: Wrapper = (config) => {
    // Given back before anything else: what returns to the caller is the caller's own config
    if (original === undefined) delete config.adapter
    else config.adapter = original
    return authorize(attachment.library.getAdapter(original, config), config, attachment)
  }
  adapter[wrapper] = attachment.auth
  return adapter
}
