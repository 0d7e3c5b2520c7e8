import type { AuthInternals } from '../interface.js'
import { parseUrl } from '../partners/origin.js'
import { type AnyFetch, type AnyResponse, type FetchCall, readCall } from './fetch-call.js'
import { followRoute } from './fetch-follow.js'
import { firstHop, initOf, mayResend } from './fetch-hop.js'

type StandardFetch = typeof globalThis.fetch

const confined = new WeakMap<AuthInternals, WeakMap<StandardFetch, StandardFetch>>()
/** Of requests that were redirected: whether their token came to the one who answered. */
const redirected = new WeakMap<object, 'within reach' | 'out of reach'>()

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
    if (!isNodes || !internals.ownsOrigin(partner) || mayResend(firstHop(call))) {
      return follow(base, internals, call, token)
    }
    const response = await base(input, init)
    if (response.redirected) {
      note(call, isSameOrigin(response.url, call.url) ? 'within reach' : 'out of reach')
    }
    return response
  }
  const made = confinedToPartner as unknown as StandardFetch
  byFetch.set(fetch, made)
  return made
}

/**
 * Whether a Request that was given to a confined fetch was redirected, and if so, whether its token
 * came to the one who answered: if not, a 401 says nothing about the token.
 *
 * @internal
 */
export function redirectOf(request: object): 'within reach' | 'out of reach' | undefined {
  return redirected.get(request)
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
    authorizationFor: (next, from) => {
      const isOwn = partnerOf(next.url) === partnerOf(from.url)
      note(call, isOwn ? 'within reach' : 'out of reach')
      return isOwn ? token : undefined
    },
    leave: (next) => {
      return fetch(next.target, initOf(next, undefined))
    },
  })
}

function note({ request }: FetchCall, reach: 'within reach' | 'out of reach'): void {
  if (request !== undefined) redirected.set(request, reach)
}

function isSameOrigin(one: string, other: string): boolean {
  return parseUrl(one)?.origin === parseUrl(other)?.origin
}
