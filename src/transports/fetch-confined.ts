import { AsyncLocalStorage } from 'node:async_hooks'
import type { AuthInternals } from '../interface.js'
import { parseUrl } from '../partners/origin.js'
import { type AnyFetch, type AnyResponse, type FetchCall, readCall } from './fetch-call.js'
import { followRoute } from './fetch-follow.js'
import { authorizationIn } from './fetch-headers.js'
import { firstHop, type Hop, initOf, mayResend } from './fetch-hop.js'

type StandardFetch = typeof globalThis.fetch

/** A call whose token goes no further than its partner, and what became of it. @internal */
export interface Confinement {
  readonly internals: AuthInternals
  /** The header that a transport of ours has put on. */
  readonly authorization: string
  /**
   * Whether it was redirected, and if so, whether the token came to the one who answered: if not, a
   * 401 says nothing about the token.
   */
  redirect: 'within reach' | 'out of reach' | undefined
}

// Beside the call, since axios keeps an adapter, for good, for each fetch that it is given: there
// is one for each base, and it holds nothing of any auth
const confinements = new AsyncLocalStorage<Confinement>()
const confined = new WeakMap<StandardFetch, StandardFetch>()

/** Calls what calls a confined fetch. @internal */
export function confine<T>(confinement: Confinement, fn: () => T): T {
  return confinements.run(confinement, fn)
}

/**
 * A fetch that takes the token of a {@link Confinement} no further than its partner, however
 * `fetch` itself follows redirects. Any other call is `fetch`'s.
 *
 * @internal
 */
export function confinedFetch(fetch: StandardFetch): StandardFetch {
  const known = confined.get(fetch)
  if (known !== undefined) return known
  const base = fetch as unknown as AnyFetch
  const isNodes = fetch === globalThis.fetch
  const confinedToPartner: AnyFetch = async (input, init) => {
    const confinement = confinements.getStore()
    const call = readCall(input, init, undefined)
    const isOurs = authorizationIn(call.headers) === confinement?.authorization
    if (confinement === undefined || !isOurs || !call.follows) return base(input, init)
    const { partnerOf, ownsOrigin } = confinement.internals
    const partner = partnerOf(call.url)
    const canFetchFollow = isNodes && partner !== undefined && ownsOrigin(partner)
    if (!canFetchFollow || mayResend(firstHop(call))) return follow(base, confinement, call)
    const response = await base(input, init)
    if (response.redirected) {
      const isWithin = isSameOrigin(response.url, call.url)
      confinement.redirect = isWithin ? 'within reach' : 'out of reach'
    }
    return response
  }
  const made = confinedToPartner as unknown as StandardFetch
  confined.set(fetch, made)
  return made
}

async function follow(
  fetch: AnyFetch,
  confinement: Confinement,
  call: FetchCall,
): Promise<AnyResponse> {
  const { internals, authorization: token } = confinement
  const { partnerOf } = internals
  const headers = new Headers(call.headers)
  headers.delete('authorization')
  const hop = { ...firstHop(call), headers }
  const send = (at: Hop, authorization: string) =>
    fetch(at.target, initOf(at, authorization, 'manual'))
  return followRoute(await send(hop, token), hop, {
    send,
    authorizationFor: (next, from) => {
      const isOwn = partnerOf(next.url) === partnerOf(from.url)
      confinement.redirect = isOwn ? 'within reach' : 'out of reach'
      return isOwn ? token : undefined
    },
    leave: (next) => fetch(next.target, initOf(next, undefined)),
  })
}

function isSameOrigin(one: string, other: string): boolean {
  return parseUrl(one)?.origin === parseUrl(other)?.origin
}
