import type { MintRequest } from './claims.js'
import type { Moment } from './clock.js'
import { guard } from './life.js'
import type { Refreshable } from './refresher.js'
import { Token } from './token.js'

/** One key's token and what has become of it. @internal */
export interface CacheEntry extends Refreshable {
  readonly token: Token
  /** What its successor differs from: the token, or one in whose place it is served. */
  readonly previous: Token
  /** What the token was minted for: another key's request, where its token was taken over. */
  readonly mintedFor: MintRequest
  /** Epoch seconds: `iat` by our own clock. */
  readonly startsAt: number
  /** Epoch seconds: `exp` by our own clock. */
  readonly endsAt: number
  /** Epoch seconds: not served from here on. */
  readonly usableUntil: number
  /** The same moment on the monotonic clock, which wall time set back does not move. */
  readonly deadline: number
  /** Invalidated: never served, and kept so that its successor differs from it. */
  revoked: boolean
}

/** @param started when its mint began. @internal */
export function entryOf(request: MintRequest, token: Token, started: Moment): CacheEntry {
  const { offset, doubt } = Token.clock(token)
  // By their clock it may end earlier than we think, as far as we may be wrong about that
  const life = token.expiresAt - offset - doubt - started.now
  const usable = life - guard(request.lifetime)
  return {
    request,
    mintedFor: request,
    token,
    previous: token,
    startsAt: token.issuedAt - offset,
    endsAt: token.expiresAt - offset,
    usableUntil: started.now + usable,
    deadline: started.monotonic + usable,
    revoked: false,
    refreshing: false,
    failures: 0,
    retryAt: 0,
  }
}

/**
 * The entry of another key's request, in the place of one's own.
 *
 * @param own what stood there, and was invalidated or has ended.
 * @internal
 */
export function takenOver(
  entry: CacheEntry,
  request: MintRequest,
  own: CacheEntry | undefined,
): CacheEntry {
  const previous = own?.previous ?? entry.token
  return { ...entry, request, previous, refreshing: false, failures: 0, retryAt: 0 }
}
