import type { TokenCache } from '../tokens/cache.js'
import type { SystemClock } from '../tokens/clock.js'
import { startsAtOf, usableUntilOf } from '../tokens/entry.js'
import type { Fallbacks } from '../tokens/fallback.js'
import type { Keyring } from '../tokens/keyring.js'
import type { Revision } from '../tokens/revision.js'
import { Token } from '../tokens/token.js'
import type { Requests } from './requests.js'
import type { Route } from './route.js'

/** @internal */
export interface StandingsOptions {
  readonly clock: SystemClock
  readonly keyring: Pick<Keyring, 'active' | 'span'>
  readonly fallbacks: Pick<Fallbacks, 'isAny' | 'of'>
  readonly cache: Pick<TokenCache, 'lasting'>
  readonly requests: Requests
  readonly revision: Revision
}

/** Remembers headers for as long as the cache would give the same. @internal */
export function createStandings(options: StandingsOptions) {
  const { clock, keyring, fallbacks, cache, requests, revision } = options

  return {
    /** The header, while it is what the cache would give. */
    header(route: Route): string | undefined {
      const holds = route.revision === revision.current && clock.isWithin(route)
      return holds ? route.authorization : undefined
    },

    /** Notes what the cache gives now. */
    renew(route: Route): void {
      const { partner } = route
      route.authorization = undefined
      // The token of an older key, which a partner still knows, may be another at the next call. One
      // that stood before went with the token that was refused
      const isOlderKeyUsed = fallbacks.isAny() && fallbacks.of(partner.name) !== undefined
      if (partner.singleUse || isOlderKeyUsed) return
      const now = clock.now()
      const key = keyring.active(now)
      const entry = cache.lasting(requests(partner, key.id, undefined), now)
      if (entry === undefined) return
      const { token, request, deadline } = entry
      const { since, until } = keyring.span(now)
      route.authorization = Token.authorization(token)
      route.revision = revision.current
      route.from = Math.ceil(Math.max(since, startsAtOf(token)))
      route.until = Math.floor(Math.min(until, token.freshUntil, usableUntilOf(token, request)))
      route.deadline = Math.floor(deadline)
    },
  }
}
