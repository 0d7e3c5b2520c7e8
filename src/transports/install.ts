import type { AxiosInstance } from 'axios'
import { internalsOf, type OrgidAuth } from '../interface.js'
import { readOptions } from '../options.js'
import type { AttachableAxios } from './attachable.js'
import { attachTo, type Detach, findAxios } from './axios-attach.js'
import { isBeneath, type Wrap, wrapGlobalDispatchers } from './install-dispatcher.js'

/** Options of {@link install}. */
export interface InstallOptions {
  /** Instances to attach as well, as `attachAuth` does. */
  readonly axios?: AttachableAxios | readonly AttachableAxios[]
}

/** Takes off what {@link install} put on; calling it twice is harmless. */
export type Uninstall = () => void

interface Installation {
  /** The wraps that have not been taken off. */
  readonly wraps: Wrap[]
  readonly detaches: Set<Detach>
  readonly uninstall: Uninstall
}

const installations = new WeakMap<OrgidAuth, Installation>()

/**
 * Makes every request of this process that goes through undici's global dispatcher carry its
 * partner's token, and so Node's own `fetch`; and attaches to the axios instances given.
 *
 * The dispatcher that is there, whichever undici it comes from, stays in use behind a wrapper that
 * decides each request, and each hop of a redirect, by its own URL. The caller's own Authorization
 * header wins, and `auth.run` says which token. A 401 is answered by repeating the request once,
 * except where it has a body that can be read only once: `fetch` turns every body into one.
 *
 * Covered: Node's `fetch`, `WebSocket` and `EventSource`, and what uses the global dispatcher of an
 * npm undici. Not covered: `node:http` and `node:https`, which are never patched; axios instances
 * that are not given; a `dispatcher` of a request's own, and one that `setGlobalDispatcher` puts in
 * place later (on Node 22 merely loading undici 8 does that: load it first). Installing again
 * covers the new one, and else does nothing: one auth is installed once. Several auths may be, each
 * for its own partners.
 *
 * @returns uninstalls, for all who installed this auth: puts back the dispatcher that was there.
 *   Where another has been put in its place since, that one stays, the wrapper, which it may still
 *   use, lets everything through untouched, and a process warning says so
 *   (`ORGID_DISPATCHER_REPLACED`).
 * @throws OrgidAuthError `ERR_INVALID_OPTION`, before anything is changed. A request that cannot
 *   get its token fails with the error of `auth.authorization`, or with `ERR_PLAINTEXT_PROXY` where
 *   a proxy would read it (fetch has it as the `cause` of its own error); it is never sent without.
 *
 * @example
 * ```ts
 * const uninstall = install(auth, { axios: http })
 * await fetch('https://api.hotels.example/offers')
 * ```
 */
export function install(auth: OrgidAuth, options: InstallOptions = {}): Uninstall {
  internalsOf(auth)
  const { axios } = readOptions(options, ['axios'], 'install')
  const detach = axios === undefined ? undefined : attachTo(axios as AxiosInstance, auth, findAxios)
  const installation = installations.get(auth) ?? create(auth)
  if (detach) installation.detaches.add(detach)
  const { wraps } = installation
  wraps.push(...wrapGlobalDispatchers(auth, (current) => isBeneath(current, wraps)))
  return installation.uninstall
}

function create(auth: OrgidAuth): Installation {
  const wraps: Wrap[] = []
  const detaches = new Set<Detach>()
  const uninstall = () => {
    installations.delete(auth)
    for (const detach of detaches) detach()
    detaches.clear()
    const isReplaced = wraps.toReversed().filter((wrap) => !wrap.takeOff()).length > 0
    wraps.length = 0
    if (isReplaced) warnReplaced()
  }
  const installation = { wraps, detaches, uninstall }
  installations.set(auth, installation)
  return installation
}

function warnReplaced(): void {
  process.emitWarning(
    "uninstall: expected the global dispatcher to be the one that install had put in place, got another, which stays. What install had put in place is out of work. Call uninstall before you replace it, or put back your own with undici's setGlobalDispatcher",
    { type: 'OrgidBearerWarning', code: 'ORGID_DISPATCHER_REPLACED' },
  )
}
