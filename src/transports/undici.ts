import type { Dispatcher } from 'undici'
import type { CallOptions } from '../context.js'
import { internalsOf, type OrgidAuth } from '../interface.js'
import { authorizedDispatch } from './undici-dispatch.js'
import type { Dispatch } from './undici-types.js'

/**
 * What a call of undici's may say about its ORGiD token. undici's types cannot be added to, so that
 * options name both: `Parameters<typeof request>[1] & OrgidDispatchOptions`.
 */
export interface OrgidDispatchOptions {
  /** Options of this request. */
  readonly orgid?: CallOptions
}

/**
 * An interceptor for `dispatcher.compose()` of undici 6, 7 and 8: every request to a partner
 * carries that partner's token, fresh, and a request to anyone else is let through untouched.
 *
 * Each dispatch is decided by its own URL. **Put it first**, nearest to the sockets:
 * `compose(authInterceptor(auth), interceptors.redirect(), interceptors.retry())`. Then each hop of
 * a redirect gets the token of its own partner, and each retry a fresh one. Put after `redirect`,
 * it decides once for all hops: undici then takes the header off on hops to other origins, which
 * get none, but keeps it within one origin, even where `pathPrefix` makes that another partner's.
 * Only `interceptors.dns`, which puts an address in the place of the host's name, belongs before it.
 *
 * The caller's own Authorization header wins. `orgid` in the options of a request takes
 * {@link CallOptions}. A 401 to a token of ours is answered by repeating the request once with
 * another, unless its body is a stream or an iterable, or the partner has `retryUnauthorized: false`.
 * Where redirects were followed below, that is done for GET, HEAD and OPTIONS only.
 *
 * Compose it onto what goes where a request says, such as an `Agent`. A `Client` or `Pool` goes to
 * its own origin: undici 8 tells which, and 6 and 7 do not, so that there a request needs an `origin`
 * of its own, and after one without no token is sent any more. Over http a `ProxyAgent` would read
 * the token, which cannot be seen here; https is tunnelled.
 *
 * @throws OrgidAuthError `ERR_INVALID_OPTION` if `auth` was not made by `createOrgidAuth`. A request
 *   that cannot get its token fails with the error of `auth.authorization`; it is never sent
 *   without.
 *
 * @example
 * ```ts
 * const agent = new Agent().compose(authInterceptor(auth), interceptors.redirect())
 * await request('https://api.hotels.example/offers', { dispatcher: agent })
 *
 * setGlobalDispatcher(agent) // for everything that goes through undici
 * ```
 */
export function authInterceptor(auth: OrgidAuth): Dispatcher.DispatcherComposeInterceptor {
  internalsOf(auth)
  // undici 8 says where a Client or a Pool goes; null for a BalancedPool, which goes to several
  const orgidAuth = (dispatch: Dispatch, origin?: string | null): Dispatch =>
    authorizedDispatch(auth, dispatch, { origin })
  return orgidAuth as unknown as Dispatcher.DispatcherComposeInterceptor
}
