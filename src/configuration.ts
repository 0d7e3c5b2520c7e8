import { parseDuration } from './duration.js'
import { describe } from './errors.js'
import type { PrivateKeyInput } from './keys/load.js'
import { invalidOption, readBoolean, readNumber, readOptions } from './options.js'
import {
  type Partner,
  type PartnerDefaults,
  type PartnerOptions,
  readIssuer,
  readPartner,
} from './partners/partner.js'
import type { Signer } from './signers/signer.js'
import { type KeyOptions, readKey, readSigner, type SigningKey } from './tokens/keyring.js'
import { readStore, type TokenStore } from './tokens/store.js'

/** What {@link createOrgidAuth} takes. Durations and times are seconds. */
export interface OrgidAuthOptions {
  /**
   * Your ORGiD. With `key`, including the `#fragment` under which the key is registered; with
   * `keys`, without.
   */
  readonly issuer: string
  /** The private key, in any form, or a {@link Signer}. */
  readonly key?: PrivateKeyInput | Signer | undefined
  /** Several keys, for rotation; instead of `key`. */
  readonly keys?: readonly KeyOptions[]
  /** Whom you call; none is allowed, for partners that come later by `auth.setPartners`. */
  readonly partners: readonly PartnerOptions[]
  /** How long a token lives, in seconds or as a duration such as `'12hr'`. Default: `'1 hour'`. */
  readonly lifetime?: number | string
  /** Seconds by which `iat` lies before now; one verifier wants it strictly in the past. Default: 30. */
  readonly issuedAtBackdate?: number
  /** Refuses a URL that is no partner's with `ERR_UNKNOWN_PARTNER`. Default: false. */
  readonly strict?: boolean
  /** `max`: the most tokens kept. Default: 10 000. */
  readonly cache?: { readonly max?: number }
  /** Shares tokens among the processes of a fleet; worth it with remote signers alone. Default: none. */
  readonly store?: TokenStore | undefined
  /** Seconds a signer may take. Default: 5. */
  readonly signTimeout?: number
  /** Epoch seconds, for tests. Default: the system's clock. */
  readonly now?: () => number
}

const known = [
  'issuer',
  'key',
  'keys',
  'partners',
  'lifetime',
  'issuedAtBackdate',
  'strict',
  'cache',
  'store',
  'signTimeout',
  'now',
] as const satisfies readonly (keyof OrgidAuthOptions)[]

/** The options of an auth, checked. @internal */
export interface Configuration {
  readonly keys: readonly SigningKey[]
  /** The id of a single `key`: the fragment of `issuer`. */
  readonly initialKeyId: string | undefined
  readonly partners: readonly Partner[]
  readonly defaults: PartnerDefaults
  readonly issuedAtBackdate: number
  readonly strict: boolean
  readonly max: number
  readonly store: TokenStore | undefined
  readonly signTimeout: number
  readonly now: (() => number) | undefined
}

/** Checks everything `createOrgidAuth` takes. @internal */
export function readConfiguration(input: OrgidAuthOptions): Configuration {
  const options = readOptions<OrgidAuthOptions>(input, known, 'options')
  if ((options.key === undefined) === (options.keys === undefined)) {
    const got = options.key === undefined ? 'neither' : 'both'
    throw invalidOption(
      'key',
      'either key or keys',
      got,
      'Is the environment variable of the key set?',
    )
  }
  const issuer = readIssuer(options.issuer, 'issuer', options.keys !== undefined)
  const defaults: PartnerDefaults = {
    issuer,
    lifetime: options.lifetime === undefined ? 3_600 : parseDuration(options.lifetime),
    fragmentFromKeys: options.keys !== undefined,
  }
  const { max } = readOptions(options.cache ?? {}, ['max'], 'cache')
  if (options.now !== undefined && typeof options.now !== 'function') {
    throw invalidOption('now', 'a function that returns epoch seconds', describe(options.now))
  }
  return {
    keys:
      options.keys === undefined
        ? [onlyKey(options.key, issuer.fragment as string)]
        : readKeys(options.keys),
    initialKeyId: issuer.fragment,
    partners: readPartners(options.partners, defaults),
    defaults,
    issuedAtBackdate: readWhole(
      options.issuedAtBackdate,
      'issuedAtBackdate',
      { min: 0, max: 3_600, fallback: 30 },
      'seconds',
    ),
    strict: readBoolean(options.strict, 'strict', false),
    max: readWhole(max, 'cache.max', { min: 1, max: 10_000_000, fallback: 10_000 }, 'tokens'),
    store: options.store === undefined ? undefined : readStore(options.store, 'store'),
    signTimeout: readNumber(options.signTimeout, 'signTimeout', {
      min: 0.001,
      max: 600,
      fallback: 5,
      unit: 'seconds',
    }),
    now: options.now,
  }
}

/** @internal */
export function readPartners(
  input: readonly PartnerOptions[] | undefined,
  defaults: PartnerDefaults,
): readonly Partner[] {
  if (!Array.isArray(input))
    throw invalidOption('partners', 'an array of partners', describe(input))
  return input.map((partner: PartnerOptions, index) =>
    readPartner(partner, `partners[${index}]`, defaults),
  )
}

function onlyKey(input: unknown, id: string): SigningKey {
  return { id, signer: readSigner(input, 'key'), activeFrom: Number.NEGATIVE_INFINITY }
}

function readKeys(input: readonly KeyOptions[]): readonly SigningKey[] {
  if (!Array.isArray(input) || input.length === 0) {
    throw invalidOption('keys', 'an array of at least one { id, key }', describe(input))
  }
  return input.map((key: KeyOptions, index) => readKey(key, `keys[${index}]`))
}

function readWhole(
  value: unknown,
  where: string,
  bounds: { min: number; max: number; fallback: number },
  unit: string,
): number {
  const number = readNumber(value, where, { ...bounds, unit: `whole ${unit}` })
  if (Number.isInteger(number)) return number
  throw invalidOption(where, `a whole number of ${unit}`, String(number))
}
