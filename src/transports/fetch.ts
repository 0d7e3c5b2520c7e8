import type { CallOptions } from '../context.js'
import { describe } from '../errors.js'
import { internalsOf, type OrgidAuth } from '../interface.js'
import { invalidOption } from '../options.js'
import type { AnyFetch } from './fetch-call.js'
import { type Binding, sendAuthorized } from './fetch-send.js'

/** Any implementation of fetch: Node's own, undici's, node-fetch, or a wrapper of one. */
export type Fetch = (input: never, init?: never) => Promise<unknown>

/** What a call made through {@link withAuth} says about its ORGiD token. */
export interface OrgidInit {
  /** Options of this call. */
  readonly orgid?: CallOptions
}

/** The same fetch, whose `init` also takes `orgid`. */
export type AuthFetch<F extends Fetch> = (
  input: Parameters<F>[0],
  init?: InitOf<F>,
) => ReturnType<F>

// Inferred: by Parameters<F>[1] TypeScript would take `never` for it, from the constraint of F
type InitOf<F extends Fetch> = F extends (input: never, init: infer I) => unknown
  ? NonNullable<I> & OrgidInit
  : never

/**
 * A fetch whose requests to a partner carry that partner's token, fresh, and all others none.
 *
 * The URL decides, of a string, a URL or a Request. The caller's own Authorization header wins.
 * `init.orgid` takes {@link CallOptions}. What the caller passes is never changed, and where no
 * token is due it is passed on as it is. A signal also ends the wait for a token.
 *
 * A redirect takes the token no further than its partner. It is followed here, by the rules of
 * fetch, until the first hop elsewhere, which goes to `fetch` without the token: a hop to another
 * partner gets none. Only a body that cannot be sent twice leaves following to Node's own fetch,
 * which drops the token at the end of the origin, if the partner has its origin to itself.
 *
 * A 401 to our token is answered once with another one, if the body can be sent again: a stream
 * cannot, nor can the body of a Request.
 *
 * @param fetch `globalThis.fetch`, undici's, node-fetch, or any function that works like them.
 * @throws OrgidAuthError `ERR_INVALID_OPTION`. A call that cannot get its token rejects with the
 *   error of `auth.authorization`, and with `ERR_REDIRECT_TOKEN` where a redirect followed here
 *   wants a body again that is gone; it is never sent without.
 *
 * @example
 * ```ts
 * const partnerFetch = withAuth(fetch, auth)
 * await partnerFetch('https://api.hotels.example/offers', { orgid: { scope: ['read'] } })
 * ```
 */
export function withAuth<F extends Fetch>(fetch: F, auth: OrgidAuth): AuthFetch<F> {
  const internals = internalsOf(auth)
  if (typeof fetch !== 'function') {
    throw invalidOption('fetch', 'a function such as globalThis.fetch', describe(fetch))
  }
  const binding: Binding = {
    fetch: fetch as unknown as AnyFetch,
    auth,
    internals,
    isNodes: (fetch as unknown) === globalThis.fetch,
  }
  function orgidFetch(input: unknown, init?: unknown): Promise<unknown> {
    return sendAuthorized(binding, input, init)
  }
  return orgidFetch as unknown as AuthFetch<F>
}
