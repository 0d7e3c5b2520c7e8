import { LRUCache } from 'lru-cache'
import type { MintRequest } from './claims.js'
import type { Clock } from './clock.js'
import type { TokenSource } from './minter.js'
import type { Token } from './token.js'

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
interface CacheEntry {
  readonly request: MintRequest
  readonly token: Token
  /** Epoch seconds: not served from here on. */
  readonly usableUntil: number
  /** The same moment on the monotonic clock, which wall time set back does not move. */
  readonly deadline: number
  /** Invalidated: never served, and kept so that its successor differs from it. */
  revoked: boolean
  /** A successor is being minted, or about to be. */
  refreshing: boolean
  failures: number
  /** Epoch seconds: no refresh behind traffic before. */
  retryAt: number
}

/** @internal */
export interface TokenCache {
  get(request: MintRequest, call?: CacheCall): Token | Promise<Token>
  /** Drops the tokens of matching requests; calls that already wait for one keep it. */
  invalidate(matches: (request: MintRequest, token: Token | undefined) => boolean): void
  entries(): Iterable<CacheEntry>
}

/** Seconds of signing at a stretch, when there is more than one token to refresh. */
const slice = 0.002

/** One moment, on both clocks. */
interface Moment {
  readonly now: number
  readonly monotonic: number
}

/** A refresh to be made, and the moment that called for it. */
interface Due extends Moment {
  readonly entry: CacheEntry
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
  const due: Due[] = []

  const get = (request: MintRequest, call?: CacheCall): Token | Promise<Token> => {
    if (request.singleUse) return mintOnce(request, call)
    const entry = entries.get(request.key)
    if (entry === undefined || entry.revoked || call?.forceRefresh)
      return mint(request, entry, call)
    const { token } = entry
    const now = clock.now()
    // A clock set back behind the token's iat was wrong when the token was minted
    if (now < token.issuedAt || now >= entry.usableUntil || clock.monotonic() >= entry.deadline) {
      return mint(request, entry, call)
    }
    if (now >= token.freshUntil) refreshBehind(entry, now)
    return token
  }

  /** Mints in the foreground, or joins the mint of this key that is under way. */
  const mint = (
    request: MintRequest,
    entry: CacheEntry | undefined,
    call: CacheCall | undefined,
  ): Token | Promise<Token> => {
    const flight = flights.get(request.key)
    if (flight !== undefined) return detachable(flight.promise, call?.signal)
    const result = start(request, entry)
    return result instanceof Promise ? detachable(result, call?.signal) : result
  }

  const start = (request: MintRequest, entry: CacheEntry | undefined): Token | Promise<Token> => {
    const started: Moment = { now: clock.now(), monotonic: clock.monotonic() }
    const result = attempt(request, entry?.token, started.now)
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
    return result instanceof Promise ? detachable(result, call?.signal) : result
  }

  const keep = (request: MintRequest, token: Token, started: Moment) => {
    const life = token.expiresAt - started.now
    const usable = life - guard(life)
    entries.set(request.key, {
      request,
      token,
      usableUntil: started.now + usable,
      deadline: started.monotonic + usable,
      revoked: false,
      refreshing: false,
      failures: 0,
      retryAt: 0,
    })
  }

  /** Mints a successor once the present call has returned; this call and others keep the token. */
  const refreshBehind = (entry: CacheEntry, now: number) => {
    if (entry.refreshing || now < entry.retryAt) return
    entry.refreshing = true
    if (due.push({ entry, now, monotonic: clock.monotonic() }) === 1) setImmediate(refreshDue)
  }

  /** Refreshes in slices, so that many tokens due at once do not hold up the event loop. */
  const refreshDue = () => {
    const sliceEnd = clock.monotonic() + slice
    while (due.length > 0 && clock.monotonic() < sliceEnd) refresh(due.shift() as Due)
    if (due.length > 0) setImmediate(refreshDue)
  }

  const refresh = (task: Due) => {
    const { entry } = task
    const { request } = entry
    // Replaced, dropped, evicted or in flight by now: there is nothing left to do
    if (entry.revoked || entries.peek(request.key) !== entry || flights.has(request.key)) {
      entry.refreshing = false
      return
    }
    try {
      const result = start(request, entry)
      if (result instanceof Promise) result.catch(() => backOff(task))
    } catch {
      backOff(task)
    }
  }

  const backOff = ({ entry, now, monotonic }: Due) => {
    // Exponential with jitter, and short beside the token's life, or it would outlast the token
    const life = entry.request.lifetime
    const wait = Math.min(60, life / 20, Math.min(1, life / 100) * 2 ** entry.failures)
    const waited = clock.monotonic() - monotonic
    entry.failures += 1
    entry.retryAt = now + waited + wait * (0.5 + random() / 2)
    entry.refreshing = false
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

  return { get, invalidate, entries: () => entries.values() }
}

/** Seconds before `exp` in which a token might expire on its way: 30, or a tenth of a short life. */
function guard(life: number): number {
  return Math.min(30, life / 10)
}

/** The same promise for one caller, who may leave without disturbing the others. */
function detachable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  if (signal.aborted) return Promise.reject(signal.reason)
  return new Promise<T>((resolve, reject) => {
    const leave = () => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
