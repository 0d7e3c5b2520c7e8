import { LRUCache } from 'lru-cache'
import { unlessAborted } from '../abort.js'
import type { MintRequest } from './claims.js'
import type { Clock, Moment } from './clock.js'
import { type CacheEntry, entryOf, isUsableAt, mintedForOf, previousOf, takeOver } from './entry.js'
import type { TokenSource } from './minter.js'
import { createRefresher } from './refresher.js'
import type { Revision } from './revision.js'
import { Token } from './token.js'
import { tellMiss, tellRefresh } from './traced.js'

/** @internal */
export interface CacheOptions {
  readonly clock: Clock
  /** The most tokens kept; the least recently used go first. */
  readonly max: number
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** The same request of the key before: its token is served until there is one of this key. */
  readonly before?: (request: MintRequest) => MintRequest | undefined
  /** Called for each mint that was tried; `at` is when, in epoch seconds. */
  readonly onMint?: (request: MintRequest, error: unknown, at: number) => void
  /** Called before a token is replaced. */
  readonly onRefresh?: () => void
  /** Moved on once what was {@link TokenCache.lasting} may not last any more. */
  readonly revision?: Revision
}

/** What one call asks of the cache. @internal */
interface CacheCall {
  /** Detaches this caller from the mint it waits for. */
  readonly signal?: AbortSignal | undefined
  /** Mints a token that differs from the cached one. */
  readonly forceRefresh?: boolean | undefined
}

/** @internal */
export interface TokenCache {
  /** @param now epoch seconds, where they have been read for this call already. */
  get(request: MintRequest, call?: CacheCall, now?: number): Token | Promise<Token>
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
  /**
   * Drops the tokens of matching requests; calls that already wait for one keep it.
   *
   * @returns the requests whose tokens were dropped.
   */
  invalidate(
    matches: (request: MintRequest, token: Token | undefined) => boolean,
  ): readonly MintRequest[]
  /** The entries whose tokens would be served now. */
  usable(): readonly CacheEntry[]
  /** What {@link get} would serve at `now` as it is, with nothing to be minted behind it. */
  lasting(request: MintRequest, now: number): CacheEntry | undefined
}

interface Flight {
  readonly request: MintRequest
  readonly promise: Promise<Token>
  discarded: boolean
}

/**
 * Keeps one token a request, fresh. A token is served until 70 to 85 % of its life are over, then
 * served while one successor is minted behind it, and no longer once a guard before its end is
 * reached. When another key has begun to sign, the successor is due at once. All of that is decided
 * when asked, from the clock: there are no timers to drift, to overflow, or to keep a process alive.
 *
 * @internal
 */
export function createTokenCache(source: TokenSource, options: CacheOptions): TokenCache {
  const { clock, random, onMint, onRefresh } = options
  const { revision = { current: 0 } } = options
  const entries = new LRUCache<string, CacheEntry>({
    max: options.max,
    // Whatever takes an entry's place, or none: what was remembered of it holds no more
    dispose: () => {
      revision.current += 1
    },
  })
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
    refresh: (entry) => {
      onRefresh?.()
      tellRefresh(entry.request, 'stale', entry, clock.now())
      return start(entry.request, previousOf(entry))
    },
  })

  const get: TokenCache['get'] = (request, call, now = clock.now()) => {
    if (request.singleUse) return mintOnce(request, call)
    const entry = entries.get(request.key)
    if (call?.forceRefresh) return mint(request, entry, call)
    const served = isUsable(entry, now) ? entry : takenOver(request, entry, now)
    if (served === undefined) return mint(request, entry, call)
    const { token } = served
    if (now >= token.freshUntil || served.takenOver !== undefined) {
      refresher.refreshBehind(served, now)
    }
    return token
  }

  const isUsable = (entry: CacheEntry | undefined, now: number): entry is CacheEntry =>
    entry !== undefined && isUsableAt(entry, now) && clock.monotonic() < entry.deadline

  /** Puts the token of the key before in the place of one that is still to be minted. */
  const takenOver = (request: MintRequest, own: CacheEntry | undefined, now: number) => {
    const before = options.before?.(request)
    const entry = before && entries.get(before.key)
    if (!isUsable(entry, now)) return undefined
    const taken = takeOver(entry, request, own)
    entries.set(request.key, taken)
    return taken
  }

  /** Mints in the foreground, or joins the mint of this key that is under way. */
  const mint = (
    request: MintRequest,
    entry: CacheEntry | undefined,
    call: CacheCall | undefined,
  ): Token | Promise<Token> => {
    const flight = flights.get(request.key)
    if (flight !== undefined) return unlessAborted(flight.promise, call?.signal)
    if (entry !== undefined && call?.forceRefresh) {
      onRefresh?.()
      tellRefresh(request, 'forced', entry, clock.now())
    } else tellMiss(request)
    const result = start(request, entry && previousOf(entry))
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
    if (isOther && isUsable(entry, clock.now())) return entry.token
    if (!mayMint()) return undefined
    onRefresh?.()
    tellRefresh(request, 'unauthorized', entry, clock.now())
    const result = start(request, entry && previousOf(entry))
    // Without an entry to differ from, one of the same second may be the same again
    const other = (token: Token) =>
      Token.authorization(token) === refused ? start(request, token) : token
    return result instanceof Promise ? result.then(other) : other(result)
  }

  const keep = (request: MintRequest, token: Token, started: Moment) => {
    entries.set(request.key, entryOf(request, token, started))
  }

  const invalidate: TokenCache['invalidate'] = (matches) => {
    revision.current += 1
    const dropped: MintRequest[] = []
    for (const entry of entries.values()) {
      const request = mintedForOf(entry)
      if (!matches(request, entry.token)) continue
      entry.revoked = true
      dropped.push(request)
    }
    for (const flight of flights.values()) {
      if (!matches(flight.request, undefined)) continue
      flight.discarded = true
      flights.delete(flight.request.key)
    }
    return dropped
  }

  const usable = () => {
    const now = clock.now()
    return [...entries.values()].filter((entry) => isUsable(entry, now))
  }

  const lasting: TokenCache['lasting'] = (request, now) => {
    const entry = entries.peek(request.key)
    if (!isUsable(entry, now) || now >= entry.token.freshUntil) return undefined
    return entry.takenOver === undefined ? entry : undefined
  }

  return { get, replace, invalidate, usable, lasting }
}
