import { createHash, type KeyObject } from 'node:crypto'
import type { StoreFailedEvent } from '../events.js'
import { loadPublicKey, type PublicKeyInput, publicJwk } from '../keys/public.js'
import { boundStore, type Release } from './bounded-store.js'
import type { MintRequest } from './claims.js'
import type { Clock } from './clock.js'
import { createInvalidations, type Invalidated } from './invalidations.js'
import type { Keyring } from './keyring.js'
import type { TokenSource } from './minter.js'
import type { ClockOffsets } from './offsets.js'
import type { TokenStore } from './store.js'
import { readStoredToken } from './stored-token.js'
import { Token } from './token.js'

/** @internal */
export interface SharedSource extends TokenSource {
  /**
   * Takes none of these out of the store again.
   *
   * @param requests those whose tokens are deleted there as well.
   */
  invalidate(what: Invalidated, requests: readonly MintRequest[]): void
}

/** @internal */
export interface SharedSourceOptions {
  readonly store: TokenStore
  readonly keyring: Pick<Keyring, 'get'>
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly offsets: Pick<ClockOffsets, 'of'>
  readonly issuedAtBackdate: number
  /** Seconds a signer may take. */
  readonly signTimeout: number
  readonly onFailure?: (failure: StoreFailedEvent) => void
}

/** A signing key's public half, and where it came from. */
interface VerifyingKey {
  readonly input: PublicKeyInput
  readonly key: KeyObject
  readonly point: string
}

/** Seconds that a call waits at most for the token of another process. */
const longestWait = 2
/** Seconds between two looks at the store, at first and at most; drawn from half to one and a half of it. */
const firstPause = 0.025
const longestPause = 0.4

/**
 * A source around the minter that takes the token which another process has minted, and else mints
 * one for all of them. It costs a call at most the wait for another process and three deadlines of
 * the store; a store that fails costs one deadline, and soon nothing.
 *
 * @internal
 */
export function createSharedSource(
  minter: TokenSource,
  options: SharedSourceOptions,
): SharedSource {
  const { keyring, clock, random, offsets, issuedAtBackdate, signTimeout, onFailure } = options
  const store = boundStore(options.store, options)
  const invalidations = createInvalidations(clock)
  const keys = new Map<string, VerifyingKey>()
  const wait = Math.min(longestWait, signTimeout)
  // Outlives the mint it is for, and the question asked before it
  const lockMs = Math.ceil((signTimeout + 1) * 1_000)

  const verifyingKey = (keyId: string): VerifyingKey | undefined => {
    const input = keyring.get(keyId)?.signer.publicKey
    if (input === undefined) return undefined
    const known = keys.get(keyId)
    if (known?.input === input) return known
    const key = loadPublicKey(input)
    const { x, y } = publicJwk(key)
    const loaded = { input, key, point: `${x}.${y}` }
    keys.set(keyId, loaded)
    return loaded
  }

  /** Where a request's token is kept; undefined where it is to be kept nowhere. */
  const placeOf = (request: MintRequest) => {
    if (request.singleUse) return undefined
    try {
      const verifying = verifyingKey(request.keyId)
      return verifying && { name: nameOf(request, verifying), publicKey: verifying.key }
    } catch {
      // What a signer says of its public key is no key: its tokens could not be verified
      return undefined
    }
  }

  // A hash: who reads the store learns no names. With the key, so that of two processes with
  // another key under one name neither takes the other's token for poison
  const nameOf = (request: MintRequest, { point }: VerifyingKey): string => {
    const text = JSON.stringify([request.key, issuedAtBackdate, point])
    return `orgid-bearer:v1:${createHash('sha256').update(text).digest('base64url')}`
  }

  const get: TokenSource['get'] = (request, previous) => {
    const place = placeOf(request)
    if (place === undefined) return minter.get(request, previous)
    const read = async (): Promise<Token | undefined> => {
      const token = readStoredToken(await store.get(place.name), {
        request,
        publicKey: place.publicKey,
        issuedAtBackdate,
        now: clock.now(),
        partnerClock: offsets.of(request.partner),
        random,
      })
      if (token === 'poisoned') onFailure?.({ operation: 'get', reason: 'poisoned' })
      if (!(token instanceof Token) || invalidations.cover(request, token)) return undefined
      return previous === undefined || isNewer(token, previous) ? token : undefined
    }
    return obtain(place.name, read, () => minter.get(request, previous))
  }

  const obtain = async (
    name: string,
    read: () => Promise<Token | undefined>,
    mint: () => Token | Promise<Token>,
  ): Promise<Token> => {
    // Whatever goes wrong with a store: the call goes on without it
    const found = await seek(name, read).catch(() => undefined)
    if (found instanceof Token) return found
    try {
      const token = await mint()
      // In this order: who gets the lock next finds the token. A clock given by the user may fail
      void keep(name, token)
        .catch(() => {})
        .then(found)
      return token
    } catch (error) {
      found?.()
      throw error
    }
  }

  /** @returns the token; or the lock, for the one who is to mint; or nothing. */
  const seek = async (
    name: string,
    read: () => Promise<Token | undefined>,
  ): Promise<Token | Release | undefined> => {
    const until = clock.monotonic() + wait
    for (let pause = firstPause; ; pause = Math.min(longestPause, 2 * pause)) {
      const token = await read()
      if (token !== undefined || !store.hasLocks) return token
      const release = await store.lock(name, lockMs)
      if (release !== undefined) return again(read, release)
      const rest = pause * (0.5 + random())
      if (clock.monotonic() + rest >= until) return undefined
      await new Promise((resolve) => setTimeout(resolve, rest * 1_000))
    }
  }

  /** The token may have been written, and the lock let go, since the store was read. */
  const again = async (read: () => Promise<Token | undefined>, release: Release) => {
    const token = await read().catch(() => undefined)
    if (token === undefined) return release
    release()
    return token
  }

  const keep = async (name: string, token: Token): Promise<void> => {
    const left = token.expiresAt - Token.clock(token).offset - clock.now()
    if (left > 0) await store.set(name, token.value, Math.ceil(left * 1_000))
  }

  const invalidate: SharedSource['invalidate'] = (what, requests) => {
    invalidations.add(what)
    for (const request of requests) {
      const place = placeOf(request)
      if (place !== undefined) void store.delete(place.name)
    }
  }

  return { get, invalidate }
}

/** Whether a token may take another's place: each by the partner's clock as it was known for it. */
function isNewer(token: Token, previous: Token): boolean {
  // Another key's, after a rotation
  if (token.issuer !== previous.issuer) return true
  if (Token.authorization(token) === Token.authorization(previous)) return false
  const endsAt = (one: Token) => one.expiresAt - Token.clock(one).offset
  if (endsAt(token) !== endsAt(previous)) return endsAt(token) > endsAt(previous)
  // Of one second: minted by another clock of the partner's than was known for the previous one, or
  // with an `iat` that each later one has moved back
  return token.expiresAt !== previous.expiresAt || token.issuedAt < previous.issuedAt
}
