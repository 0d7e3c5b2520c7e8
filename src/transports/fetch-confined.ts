import type { AuthInternals } from '../interface.js'
import { parseUrl } from '../partners/origin.js'
import { type AnyFetch, type AnyResponse, type FetchCall, readCall } from './fetch-call.js'
import { followRoute } from './fetch-follow.js'
import { firstHop, initOf } from './fetch-hop.js'

type StandardFetch = typeof globalThis.fetch

const confined = new WeakMap<AuthInternals, WeakMap<StandardFetch, StandardFetch>>()
const elsewhere = new WeakSet<object>()

/**
 * A fetch that takes the bearer token which its caller, a transport of ours, has put on a request
 * to a partner no further than that partner, however `fetch` itself follows redirects. A call
 * without such a token is `fetch`'s.
 *
 * One for each `fetch` and auth, since axios keeps an adapter for each fetch that it is given.
 *
 * @internal
 */
export function confinedFetch(fetch: StandardFetch, internals: AuthInternals): StandardFetch {
  const byFetch = confined.get(internals) ?? new WeakMap<StandardFetch, StandardFetch>()
  confined.set(internals, byFetch)
  const known = byFetch.get(fetch)
  if (known !== undefined) return known
  const base = fetch as unknown as AnyFetch
  const isNodes = fetch === globalThis.fetch
  const confinedToPartner: AnyFetch = async (input, init) => {
    const call = readCall(input, init, undefined)
    const partner = internals.partnerOf(call.url)
    const token = call.headers?.get('authorization') ?? ''
    if (partner === undefined || !call.follows || !token.startsWith('Bearer ')) {
      return base(input, init)
    }
    if (!isNodes || !internals.ownsOrigin(partner)) return follow(base, internals, call, token)
    const response = await base(input, init)
    if (response.redirected && !isSameOrigin(response.url, call.url)) noteElsewhere(call)
    return response
  }
  const made = confinedToPartner as unknown as StandardFetch
  byFetch.set(fetch, made)
  return made
}

/**
 * Whether a Request that was given to a confined fetch was answered by someone whom its token did
 * not reach, so that a 401 says nothing about the token.
 *
 * @internal
 */
export function endedElsewhere(request: object): boolean {
  return elsewhere.has(request)
}

function follow(
  fetch: AnyFetch,
  { partnerOf }: AuthInternals,
  call: FetchCall,
  token: string,
): Promise<AnyResponse> {
  const hop = firstHop(call)
  hop.headers.delete('authorization')
  return followRoute(hop, token, {
    send: (at, authorization) => fetch(at.target, initOf(at, authorization, 'manual')),
    authorizationFor: (next, from) =>
      partnerOf(next.url) === partnerOf(from.url) ? token : undefined,
    leave: (next) => {
      noteElsewhere(call)
      return fetch(next.target, initOf(next, undefined))
    },
  })
}

function noteElsewhere({ request }: FetchCall): void {
  if (request !== undefined) elsewhere.add(request)
}

function isSameOrigin(one: string, other: string): boolean {
  return parseUrl(one)?.origin === parseUrl(other)?.origin
}
