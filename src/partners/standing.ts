import type { TokenCache } from '../tokens/cache.js'
import type { SystemClock } from '../tokens/clock.js'
import { startsAtOf, usableUntilOf } from '../tokens/entry.js'
import type { Fallbacks } from '../tokens/fallback.js'
import type { Keyring } from '../tokens/keyring.js'
import { Token } from '../tokens/token.js'
import type { Requests } from './requests.js'
import type { Route } from './route.js'

/** @internal */
export interface StandingsOptions {
  readonly clock: SystemClock
  readonly keyring: Pick<Keyring, 'active'>
  readonly fallbacks: Pick<Fallbacks, 'isAny' | 'of'>
  readonly cache: Pick<TokenCache, 'lasting' | 'generation'>
  readonly requests: Requests
}

/** Remembers headers for as long as the cache would give the same. @internal */
export function createStandings(options: StandingsOptions) {
  const { clock, keyring, fallbacks, cache, requests } = options

  return {
    /** The header, while it is what the cache would give. */
    header(route: Route): string | undefined {
      const { standing } = route
      if (standing === undefined) return undefined
      const { now, monotonic } = clock.moment()
      const holds =
        now >= standing.from &&
        now < standing.until &&
        monotonic < standing.deadline &&
        standing.generation === cache.generation() &&
        standing.key === keyring.active(now)
      return holds ? standing.authorization : undefined
    },

    /** Notes what the cache gives now. */
    renew(route: Route): void {
      const { partner } = route
      route.standing = undefined
      // The token of an older key, which a partner still knows, may be another at the next call. One
      // that stood before went with the token that was refused
      const isOlderKeyUsed = fallbacks.isAny() && fallbacks.of(partner.name) !== undefined
      if (partner.singleUse || isOlderKeyUsed) return
      const now = clock.now()
      const key = keyring.active(now)
      const entry = cache.lasting(requests(partner, key.id, undefined), now)
      if (entry === undefined) return
      const { token, request, deadline } = entry
      route.standing = {
        authorization: Token.authorization(token),
        generation: cache.generation(),
        key,
        from: Math.ceil(startsAtOf(token)),
        until: Math.floor(Math.min(token.freshUntil, usableUntilOf(token, request))),
        deadline: Math.floor(deadline),
      }
    },
  }
}
