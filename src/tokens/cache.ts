import { LRUCache } from 'lru-cache'
import { unlessAborted } from '../abort.js'
import type { MintRequest } from './claims.js'
import type { Clock } from './clock.js'
import type { TokenSource } from './minter.js'
import { createRefresher, type Moment, type Refreshable } from './refresher.js'
import { Token } from './token.js'

/** @internal */
export interface CacheOptions {
  readonly clock: Clock
  /** The most tokens kept; the least recently used go first. */
  readonly max: number
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Called for each mint that was tried; `at` is when, in epoch seconds. */
  readonly onMint?: (request: MintRequest, error: unknown, at: number) => void
}

/** What one call asks of the cache. @internal */
interface CacheCall {
  /** Detaches this caller from the mint it waits for. */
  readonly signal?: AbortSignal | undefined
  /** Mints a token that differs from the cached one. */
  readonly forceRefresh?: boolean | undefined
}

/** One key's token and what has become of it. @internal */
interface CacheEntry extends Refreshable {
  readonly token: Token
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

/** @internal */
export interface TokenCache {
  get(request: MintRequest, call?: CacheCall): Token | Promise<Token>
  /**
   * Another token in place of one that was refused: the one that has taken its place already, or
   * else, if `mayMint`, a new one. `undefined` when none is to be had.
   *
   * @param refused the Authorization header that was refused.
   */
  replace(
    request: MintRequest,
    refused: string,
    mayMint: () => boolean,
  ): Token | Promise<Token> | undefined
  /** Drops the tokens of matching requests; calls that already wait for one keep it. */
  invalidate(matches: (request: MintRequest, token: Token | undefined) => boolean): void
  /** The entries whose tokens would be served now. */
  usable(): readonly CacheEntry[]
}

interface Flight {
  readonly request: MintRequest
  readonly promise: Promise<Token>
  discarded: boolean
}

/**
 * Keeps one token a request, fresh. A token is served until 70 to 85 % of its life are over, then
 * served while one successor is minted behind it, and no longer once a guard before its end is
 * reached. All of that is decided when asked, from the clock: there are no timers to drift, to
 * overflow, or to keep a process alive.
 *
 * @internal
 */
export function createTokenCache(source: TokenSource, options: CacheOptions): TokenCache {
  const { clock, random, onMint } = options
  const entries = new LRUCache<string, CacheEntry>({ max: options.max })
  // Apart from the entries, so that an evicted key that is in flight is not minted twice
  const flights = new Map<string, Flight>()

  const refresher = createRefresher<CacheEntry>({
    clock,
    random,
    // Replaced, dropped, evicted or in flight by now: there is nothing left to do
    isDue: (entry) =>
      !entry.revoked &&
      entries.peek(entry.request.key) === entry &&
      !flights.has(entry.request.key),
    refresh: ({ request, token }) => start(request, token),
  })

  const get = (request: MintRequest, call?: CacheCall): Token | Promise<Token> => {
    if (request.singleUse) return mintOnce(request, call)
    const entry = entries.get(request.key)
    if (entry === undefined || entry.revoked || call?.forceRefresh)
      return mint(request, entry, call)
    const { token } = entry
    const now = clock.now()
    if (!isUsable(entry, now)) return mint(request, entry, call)
    if (now >= token.freshUntil) refresher.refreshBehind(entry, now)
    return token
  }

  // A clock set back behind the token's iat was wrong when the token was minted
  const isUsable = (entry: CacheEntry, now: number): boolean =>
    now >= entry.startsAt && now < entry.usableUntil && clock.monotonic() < entry.deadline

  /** Mints in the foreground, or joins the mint of this key that is under way. */
  const mint = (
    request: MintRequest,
    entry: CacheEntry | undefined,
    call: CacheCall | undefined,
  ): Token | Promise<Token> => {
    const flight = flights.get(request.key)
    if (flight !== undefined) return unlessAborted(flight.promise, call?.signal)
    const result = start(request, entry?.token)
    return result instanceof Promise ? unlessAborted(result, call?.signal) : result
  }

  const start = (request: MintRequest, previous: Token | undefined): Token | Promise<Token> => {
    const started: Moment = { now: clock.now(), monotonic: clock.monotonic() }
    const result = attempt(request, previous, started.now)
    if (!(result instanceof Promise)) {
      keep(request, result, started)
      return result
    }
    const land = () => {
      if (flights.get(request.key) === flight) flights.delete(request.key)
    }
    const promise = result.then(
      (token) => {
        land()
        if (!flight.discarded) keep(request, token, started)
        return token
      },
      (error: unknown) => {
        land()
        throw error
      },
    )
    const flight: Flight = { request, promise, discarded: false }
    flights.set(request.key, flight)
    // Everyone who waits may have been aborted: the rejection is handled all the same
    promise.catch(() => {})
    return promise
  }

  const attempt = (
    request: MintRequest,
    previous: Token | undefined,
    at: number,
  ): Token | Promise<Token> => {
    let result: Token | Promise<Token>
    try {
      result = source.get(request, previous)
    } catch (error) {
      onMint?.(request, error, at)
      throw error
    }
    if (result instanceof Promise) {
      result.then(
        () => onMint?.(request, undefined, at),
        (error: unknown) => onMint?.(request, error, at),
      )
    } else {
      onMint?.(request, undefined, at)
    }
    return result
  }

  const mintOnce = (request: MintRequest, call: CacheCall | undefined): Token | Promise<Token> => {
    const result = attempt(request, undefined, clock.now())
    return result instanceof Promise ? unlessAborted(result, call?.signal) : result
  }

  const replace: TokenCache['replace'] = (request, refused, mayMint) => {
    if (request.singleUse) return mayMint() ? mintOnce(request, undefined) : undefined
    const flight = flights.get(request.key)
    if (flight !== undefined) return flight.promise
    const entry = entries.get(request.key)
    const isOther = entry !== undefined && Token.authorization(entry.token) !== refused
    if (isOther && !entry.revoked && isUsable(entry, clock.now())) return entry.token
    if (!mayMint()) return undefined
    const result = start(request, entry?.token)
    // Without an entry to differ from, one of the same second may be the same again
    const other = (token: Token) =>
      Token.authorization(token) === refused ? start(request, token) : token
    return result instanceof Promise ? result.then(other) : other(result)
  }

  const keep = (request: MintRequest, token: Token, started: Moment) => {
    const { offset, doubt } = Token.clock(token)
    // By their clock it may end earlier than we think, as far as we may be wrong about that
    const life = token.expiresAt - offset - doubt - started.now
    const usable = life - guard(life)
    entries.set(request.key, {
      request,
      token,
      startsAt: token.issuedAt - offset,
      endsAt: token.expiresAt - offset,
      usableUntil: started.now + usable,
      deadline: started.monotonic + usable,
      revoked: false,
      refreshing: false,
      failures: 0,
      retryAt: 0,
    })
  }

  const invalidate: TokenCache['invalidate'] = (matches) => {
    for (const entry of entries.values()) {
      if (matches(entry.request, entry.token)) entry.revoked = true
    }
    for (const flight of flights.values()) {
      if (!matches(flight.request, undefined)) continue
      flight.discarded = true
      flights.delete(flight.request.key)
    }
  }

  const usable = () => {
    const now = clock.now()
    return [...entries.values()].filter((entry) => !entry.revoked && isUsable(entry, now))
  }

  return { get, replace, invalidate, usable }
}

/** Seconds before `exp` in which a token might expire on its way: 30, or a tenth of a short life. */
function guard(life: number): number {
  return Math.min(30, life / 10)
}
