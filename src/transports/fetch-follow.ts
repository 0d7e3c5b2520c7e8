import type { AnyResponse } from './fetch-call.js'
import { type Hop, locationOf, nextHop } from './fetch-hop.js'

/** What a transport does with a redirect that is followed by hand. @internal */
export interface Route {
  /** Sends a hop with our token, and leaves its redirect alone. */
  send(hop: Hop, authorization: string): Promise<AnyResponse>
  /** The header of the next hop, if that lies with the same partner. */
  authorizationFor(next: Hop, from: Hop): string | undefined | Promise<string | undefined>
  /** Sends the first hop elsewhere, and all that may follow, without anything of ours. */
  leave(next: Hop): Promise<AnyResponse>
}

/**
 * Follows redirects as far as they stay with one partner. The token is in sight of no fetch that
 * follows by itself: what that takes along, and where to, is its own affair (node-fetch keeps
 * Authorization for subdomains, and all of them for other paths of an origin).
 *
 * @param answer of the first hop: a redirect, or what is handed back as it is.
 * @internal
 */
export async function followRoute(
  answer: AnyResponse,
  first: Hop,
  route: Route,
): Promise<AnyResponse> {
  let hop = first
  let response = answer
  for (;;) {
    const location = locationOf(response)
    if (location === undefined) return hop === first ? response : redirected(response)
    discard(response)
    const next = nextHop(hop, response.status, location)
    const found = route.authorizationFor(next, hop)
    const authorization = found instanceof Promise ? await found : found
    if (authorization === undefined) return redirected(await route.leave(next))
    hop = next
    response = await route.send(next, authorization)
  }
}

/** Frees the socket of a response that nobody will read. @internal */
export function discard({ body }: AnyResponse): void {
  if (body instanceof ReadableStream) body.cancel().catch(() => {})
  // node-fetch's is a stream of Node's
  else (body as { destroy?(): void } | null | undefined)?.destroy?.()
}

function redirected(response: AnyResponse): AnyResponse {
  return Object.defineProperty(response, 'redirected', { value: true, configurable: true })
}
