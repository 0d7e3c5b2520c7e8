import type { KeyObject } from 'node:crypto'
import { parseDid } from './did.js'
import { describe, OrgidAuthError } from './errors.js'
import { decodeJws, type JsonObject } from './jws.js'
import {
  checkAudience,
  checkClaims,
  checkHeader,
  checkIssuer,
  checkSignature,
  checkTimes,
  type Issuer,
  reject,
  type VerifiedClaims,
  type VerifiedHeader,
} from './jwt.js'
import { loadPublicKey, type PublicKeyInput } from './keys/public.js'
import { invalidOption, readOptions } from './options.js'

export { isOrgidAuthError, OrgidAuthError, type OrgidErrorCode } from './errors.js'
export type { VerifiedClaims, VerifiedHeader } from './jwt.js'
export type { PublicKeyInput } from './keys/public.js'

/** A token that was found good. */
export interface VerifiedToken {
  /** Its JOSE header (RFC 7515 4). */
  readonly header: VerifiedHeader
  /** Its claims (RFC 7519 4). */
  readonly claims: VerifiedClaims
}

/** Whose key is wanted. Nothing in it is verified yet. */
export interface KeyRequest {
  /** The token's `iss`, with fragment. */
  readonly issuer: string
  /** The issuer's DID, without fragment. */
  readonly did: string
  /** The name of the key in the issuer's ORG.JSON. */
  readonly fragment: string
  /**
   * The token's header. Do not take a key from it, nor an address of one (`jwk`, `jku`, `x5u`,
   * `x5c`): the sender may write there what they like (RFC 8725 3.10).
   */
  readonly header: Readonly<Record<string, unknown>>
}

/** Finds the key that an issuer has registered; undefined if there is none. */
export type ResolveKey = (
  request: KeyRequest,
) => PublicKeyInput | undefined | Promise<PublicKeyInput | undefined>

/** What {@link verifyToken} asks of a token, beside a good signature. */
export interface VerifyTokenRules {
  /**
   * Your own ORGiD, without fragment, or several where one API answers to several. Compared as
   * strings, hex case included, as every known verifier does.
   */
  readonly audience: string | readonly string[]
  /**
   * Who may call: an ORGiD, which stands for all keys of that organisation, or with `#fragment`,
   * for one; or several. Default: whoever's key is found.
   */
  readonly issuer?: string | readonly string[]
  /** Seconds by which `exp` and `nbf` may be missed, for clocks that differ. Default: 0. */
  readonly clockTolerance?: number
  /** The clock, in epoch seconds. Default: the system's. */
  readonly now?: () => number
}

/** How {@link verifyToken} judges: with one `key`, or with a `resolveKey` that finds it. */
export type VerifyTokenOptions = VerifyTokenRules &
  (
    | { readonly key: PublicKeyInput; readonly resolveKey?: never }
    | { readonly resolveKey: ResolveKey; readonly key?: never }
  )

/**
 * Verifies an ORGiD token, the receiving side of what this library sends, by the rules of RFC 8725:
 * ES256K and nothing else, `typ` JWT, no key taken from the token, no `crit`, no ambiguous encoding,
 * and `iss`, `aud` and `exp` always present.
 *
 * It checks in this order: form, header, types of the claims, issuer, key, signature, and only then
 * times and audience, so that who cannot sign learns nothing of the verdict. A signature with a
 * high S is good: senders of ES256K need not normalise (RFC 8812 3.2).
 *
 * @param jwt the token alone, without `Bearer`. At most 16384 characters.
 * @throws OrgidAuthError `ERR_TOKEN_MALFORMED` (not three strict base64url segments, or not JSON
 *   objects with unique names), `ERR_TOKEN_ALGORITHM`, `ERR_TOKEN_TYPE`, `ERR_TOKEN_HEADER` (`crit`
 *   or `b64`), `ERR_TOKEN_CLAIM` (missing or of another type), `ERR_TOKEN_ISSUER` (no ORGiD with
 *   fragment, or not one of `issuer`), `ERR_TOKEN_KEY` (none found; with a `cause` if `resolveKey`
 *   failed or found no usable one), `ERR_TOKEN_SIGNATURE`, `ERR_TOKEN_EXPIRED`,
 *   `ERR_TOKEN_NOT_YET_VALID`, `ERR_TOKEN_AUDIENCE`; and for bad options `ERR_INVALID_OPTION`,
 *   `ERR_INVALID_DID`, `ERR_INVALID_KEY` and `ERR_KEY_CURVE`. No message quotes the token.
 *
 * @example
 * ```ts
 * const { claims } = await verifyToken(jwt, {
 *   audience: 'did:orgid:0x…',
 *   resolveKey: ({ did, fragment }) => registry.publicKey(did, fragment),
 * })
 * ```
 */
export async function verifyToken(
  jwt: string,
  options: VerifyTokenOptions,
): Promise<VerifiedToken> {
  const rules = checkOptions(options)
  const { header, claims, signingInput, signature } = decodeJws(jwt)
  checkHeader(header)
  const verified = { header, claims } as { header: VerifiedHeader; claims: VerifiedClaims }
  const issuer = checkClaims(claims)
  // Before the lookup: who may not call at all makes nobody fetch a document
  if (rules.issuers) checkIssuer(issuer, rules.issuers)
  const key = rules.key ?? (await resolve(rules.resolveKey, issuer, header))
  checkSignature(signature, signingInput, key)
  checkTimes(verified.claims, rules.now(), rules.clockTolerance)
  checkAudience(verified.claims, rules.audiences)
  return verified
}

interface Rules {
  readonly audiences: readonly string[]
  readonly issuers: readonly string[] | undefined
  readonly clockTolerance: number
  readonly now: () => number
  readonly key: KeyObject | undefined
  readonly resolveKey: ResolveKey | undefined
}

const optionNames = ['audience', 'issuer', 'clockTolerance', 'now', 'key', 'resolveKey'] as const

function checkOptions(options: VerifyTokenOptions): Rules {
  const own = readOptions<VerifyTokenOptions>(options, optionNames, 'options')
  const { audience, issuer, clockTolerance = 0, now = systemClock, key, resolveKey } = own
  const audiences = list(audience, 'audience')
  for (const did of audiences) {
    if (parseDid(did, 'audience').fragment === undefined) continue
    throw new OrgidAuthError(
      'ERR_INVALID_DID',
      'audience: expected an ORGiD without fragment, got one with; remove "#" and what follows it',
    )
  }
  const issuers = issuer === undefined ? undefined : list(issuer, 'issuer')
  for (const did of issuers ?? []) parseDid(did, 'issuer')
  if (typeof clockTolerance !== 'number' || !(clockTolerance >= 0 && clockTolerance < Infinity)) {
    throw invalidOption('clockTolerance', 'seconds, 0 or more', describe(clockTolerance))
  }
  if (typeof now !== 'function') throw invalidOption('now', 'a function', describe(now))
  if ((key === undefined) === (resolveKey === undefined)) {
    const got = key === undefined ? 'neither' : 'both'
    throw invalidOption('key', 'key or resolveKey', got)
  }
  if (resolveKey !== undefined && typeof resolveKey !== 'function') {
    throw invalidOption('resolveKey', 'a function', describe(resolveKey))
  }
  return {
    audiences,
    issuers,
    clockTolerance,
    now: () => readClock(now),
    key: key === undefined ? undefined : loadPublicKey(key),
    resolveKey,
  }
}

function list(value: string | readonly string[] | undefined, where: string): readonly string[] {
  const values: readonly string[] = Array.isArray(value) ? [...value] : [value]
  if (values.length > 0) return values
  throw invalidOption(where, 'an ORGiD, or an array of one or more', 'an empty array')
}

function readClock(now: () => number): number {
  const time: unknown = now()
  if (typeof time === 'number' && Number.isFinite(time)) return time
  throw invalidOption('now', 'a function that returns epoch seconds', describe(time))
}

const systemClock = (): number => Date.now() / 1000

async function resolve(
  resolveKey: ResolveKey | undefined,
  issuer: Issuer,
  header: JsonObject,
): Promise<KeyObject> {
  try {
    const key = await resolveKey?.({ ...issuer, header })
    // a lookup in JavaScript may well say null
    if (key !== undefined && key !== null) return loadPublicKey(key, 'resolveKey')
  } catch (cause) {
    throw new OrgidAuthError(
      'ERR_TOKEN_KEY',
      'token: expected resolveKey to give a secp256k1 public key of the issuer, got an error; see its cause',
      { cause },
    )
  }
  throw reject(
    'ERR_TOKEN_KEY',
    "expected the issuer's key to be registered under the fragment of iss, got none; the sender must publish it in ORG.JSON",
  )
}
