import type { MintRequest } from './claims.js'
import type { Moment } from './clock.js'
import { guard } from './life.js'
import { Token } from './token.js'

/**
 * One key's token and what has become of it. There is one for each token, and little in it: what can
 * be told from the token is not written down again.
 *
 * @internal
 */
export interface CacheEntry {
  readonly request: MintRequest
  readonly token: Token
  /** Monotonic seconds: not served from here on, whatever wall time says, which may be set back. */
  readonly deadline: number
  /** Where it came from, if it is the token of another key's request. */
  readonly takenOver: TakenOver | undefined
  /** Invalidated: never served, and kept so that its successor differs from it. */
  revoked: boolean
}

interface TakenOver {
  readonly mintedFor: MintRequest
  /** The token in whose place it is served. */
  readonly previous: Token
}

/** @param started when its mint began. @internal */
export function entryOf(request: MintRequest, token: Token, started: Moment): CacheEntry {
  const usable = usableUntilOf(token, request) - started.now
  return {
    request,
    token,
    deadline: started.monotonic + usable,
    takenOver: undefined,
    revoked: false,
  }
}

/**
 * The entry of another key's request, in the place of one's own.
 *
 * @param own what stood there, and was invalidated or has ended.
 * @internal
 */
export function takeOver(
  entry: CacheEntry,
  request: MintRequest,
  own: CacheEntry | undefined,
): CacheEntry {
  const previous = own === undefined ? entry.token : previousOf(own)
  return { ...entry, request, takenOver: { mintedFor: mintedForOf(entry), previous } }
}

/** What the token was minted for. @internal */
export function mintedForOf({ takenOver, request }: CacheEntry): MintRequest {
  return takenOver === undefined ? request : takenOver.mintedFor
}

/** What the token's successor differs from. @internal */
export function previousOf({ takenOver, token }: CacheEntry): Token {
  return takenOver === undefined ? token : takenOver.previous
}

/** Epoch seconds: `iat` by our own clock. @internal */
export function startsAtOf(token: Token): number {
  return token.issuedAt - Token.clock(token).offset
}

/** Epoch seconds: `exp` by our own clock. @internal */
export function endsAtOf(token: Token): number {
  return token.expiresAt - Token.clock(token).offset
}

/** Epoch seconds: not served from here on. @internal */
export function usableUntilOf(token: Token, { lifetime }: MintRequest): number {
  // By their clock it may end earlier than we think, as far as we may be wrong about that
  return endsAtOf(token) - Token.clock(token).doubt - guard(lifetime)
}

/** Whether the token may be served at a moment, as far as wall time tells: epoch seconds. @internal */
export function isUsableAt(entry: CacheEntry, now: number): boolean {
  const { token } = entry
  // A clock set back behind the token's iat was wrong when the token was minted
  const hasBegun = now >= startsAtOf(token)
  return !entry.revoked && hasBegun && now < usableUntilOf(token, mintedForOf(entry))
}
