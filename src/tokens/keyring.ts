import { isFragment, isPortableFragment } from '../did.js'
import { describe, OrgidAuthError } from '../errors.js'
import { publish } from '../events.js'
import { loadPrivateKey, type PrivateKeyInput } from '../keys/load.js'
import { invalidOption, readOptions } from '../options.js'
import { signerOf } from '../signers/local.js'
import { isSigner, type Signer } from '../signers/signer.js'
import { epochSeconds } from './clock.js'
import type { Revision } from './revision.js'

/** One key of several, under the fragment it has in ORG.JSON. */
export interface KeyOptions {
  /** The fragment: `webserver2` for `did:orgid:0x…#webserver2`. */
  readonly id: string
  readonly key: PrivateKeyInput | Signer
  /**
   * When to start signing with it: epoch seconds, a Date, or an ISO 8601 string. Default: always,
   * or with `auth.addKey` at once.
   *
   * From then on no token is signed with the key before. One of that key which is cached is served
   * until its successor is there, which is minted behind traffic, so that no call waits for a key
   * service at that moment, or fails with it. To drop it at once: `auth.invalidate({ keyId })`.
   */
  readonly activeFrom?: number | string | Date
}

/** @internal */
export interface SigningKey {
  readonly id: string
  readonly signer: Signer
  /** Epoch seconds; `-Infinity` for always. */
  readonly activeFrom: number
}

/** The keys an auth signs with, and which of them it uses now. @internal */
export interface Keyring {
  /**
   * The key whose `activeFrom` passed last.
   * @throws OrgidAuthError `ERR_NO_ACTIVE_KEY`
   */
  active(now: number): SigningKey
  /** Between which moments that is so, in epoch seconds, as long as no key is added or retired. */
  span(now: number): { readonly since: number; readonly until: number }
  get(id: string): SigningKey | undefined
  /** The key that this one took over from. */
  before(id: string): SigningKey | undefined
  /** Whether a key of this name is, or ever was, in the ring. */
  isUsed(id: string): boolean
  add(key: SigningKey): void
  /** @throws OrgidAuthError `ERR_INVALID_OPTION` if the ring has no such key or no other. */
  retire(id: string, now: number): void
  list(): readonly SigningKey[]
}

/** @internal */
export function createKeyring(
  initial: readonly SigningKey[],
  revision: Revision = { current: 0 },
): Keyring {
  let keys: readonly SigningKey[] = []
  /** In the order in which they sign. */
  let inTurn: readonly SigningKey[] = []
  const used = new Set<string>()
  let current: SigningKey | undefined
  // `current` is right for moments from `since` up to `until`
  let since = Number.POSITIVE_INFINITY
  let until = Number.NEGATIVE_INFINITY

  const change = (next: readonly SigningKey[]) => {
    keys = next
    // Stable, so that of equals (two that always were active as well) the later added one is later
    inTurn = next.toSorted((a, b) => a.activeFrom - b.activeFrom || 0)
    until = Number.NEGATIVE_INFINITY
    revision.current += 1
  }

  const select = (now: number) => {
    const previous = current
    current = undefined
    until = Number.POSITIVE_INFINITY
    for (const key of keys) {
      if (key.activeFrom > now) until = Math.min(until, key.activeFrom)
      // of equals the later added one: it was added to be used
      else if (current === undefined || key.activeFrom >= current.activeFrom) current = key
    }
    since = current?.activeFrom ?? Number.NEGATIVE_INFINITY
    const keyId = current?.id
    if (keyId === undefined || keyId === previous?.id) return
    publish('orgid-bearer:key-activated', () => ({ keyId, previous: previous?.id }))
  }

  const active = (now: number): SigningKey => {
    if (now >= until || now < since) select(now)
    if (current !== undefined) return current
    throw new OrgidAuthError(
      'ERR_NO_ACTIVE_KEY',
      `keys: expected one whose activeFrom has passed, got ${keys.length} that are all still to come. Give one key without activeFrom`,
    )
  }

  const ring: Keyring = {
    active,
    span: (now) => {
      active(now)
      return { since, until }
    },
    get: (id) => keys.find((key) => key.id === id),
    before: (id) => inTurn[inTurn.findIndex((key) => key.id === id) - 1],
    isUsed: (id) => used.has(id),
    add: (key) => {
      if (used.has(key.id)) {
        throw invalidOption(
          `keys: ${key.id}`,
          'a fragment not used before',
          'one that is or was in use',
          'Partners cache keys by fragment for up to 30 days: publish a new key under a new fragment',
        )
      }
      used.add(key.id)
      change([...keys, key])
    },
    retire: (id, now) => {
      const rest = keys.filter((key) => key.id !== id)
      if (rest.length === keys.length) {
        throw invalidOption('keyId', `one of ${keys.map((key) => key.id).join(', ')}`, describe(id))
      }
      if (!rest.some((key) => key.activeFrom <= now)) {
        throw invalidOption(
          'keyId',
          'a key beside another active one',
          'the last active key',
          'Add its successor with auth.addKey first',
        )
      }
      change(rest)
    },
    list: () => keys,
  }
  for (const key of initial) ring.add(key)
  return ring
}

/** Checks and loads one key option. @internal */
export function readKey(
  input: KeyOptions,
  where: string,
  fallback = Number.NEGATIVE_INFINITY,
): SigningKey {
  const { id, key, activeFrom } = readOptions(input, ['id', 'key', 'activeFrom'], where)
  return {
    id: readFragment(id, `${where}.id`),
    signer: readSigner(key, `${where}.key`),
    activeFrom: activeFrom === undefined ? fallback : readMoment(activeFrom, `${where}.activeFrom`),
  }
}

/** Loads the `key` option. @internal */
export function readSigner(input: unknown, where: string): Signer {
  if (!isSigner(input)) return signerOf(loadPrivateKey(input as PrivateKeyInput, where))
  if (input.alg !== 'ES256K') {
    throw invalidOption(`${where}.alg`, "a signer with alg 'ES256K'", describe(input.alg))
  }
  return input
}

/** A fragment, with a warning when some verifiers cannot use it. @internal */
export function readFragment(input: unknown, where: string): string {
  if (typeof input !== 'string' || !isFragment(input)) {
    throw invalidOption(
      where,
      'the fragment of the key in ORG.JSON, such as "webserver"',
      describe(input),
      typeof input === 'string' && input.includes('#') ? 'Give only what follows the #' : '',
    )
  }
  warnUnportable(input)
  return input
}

const warned = new Set<string>()

/** @internal */
export function warnUnportable(fragment: string): void {
  if (isPortableFragment(fragment) || warned.has(fragment)) return
  warned.add(fragment)
  process.emitWarning(
    `the key fragment "#${fragment}" is refused by some partners' verifiers (older ones take letters, digits and _ only, current ones no _ or .); register the key under letters and digits only`,
    { type: 'OrgidBearerWarning', code: 'ORGID_UNPORTABLE_FRAGMENT' },
  )
}

function readMoment(input: unknown, where: string): number {
  const seconds =
    typeof input === 'string' || input instanceof Date ? new Date(input).getTime() / 1_000 : input
  if (typeof seconds === 'number' && Number.isFinite(seconds)) return epochSeconds(seconds, where)
  throw invalidOption(where, 'epoch seconds, a Date or an ISO 8601 string', describe(input))
}
