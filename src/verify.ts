import { verify as cryptoVerify, type KeyObject } from 'node:crypto'
import { type ParsedDid, parseDid } from './did.js'
import { describe, OrgidAuthError, type OrgidErrorCode } from './errors.js'
import { decodeJws, type JsonObject } from './jws.js'
import { loadPublicKey, type PublicKeyInput } from './keys/public.js'

export { isOrgidAuthError, OrgidAuthError, type OrgidErrorCode } from './errors.js'
export type { PublicKeyInput } from './keys/public.js'

/** The JOSE header of a verified token. Members other than these two are as the sender wrote them. */
export interface VerifiedHeader {
  readonly alg: 'ES256K'
  readonly typ: string
  readonly [parameter: string]: unknown
}

/** The claims of a verified token. Claims other than these are as the sender wrote them. */
export interface VerifiedClaims {
  /** The caller: an ORGiD with the `#fragment` of the key that signed. */
  readonly iss: string
  readonly aud: string | readonly string[]
  /** Epoch seconds, as are `iat` and `nbf`. */
  readonly exp: number
  readonly iat?: number
  readonly nbf?: number
  readonly [claim: string]: unknown
}

/** A token that was found good. */
export interface VerifiedToken {
  readonly header: VerifiedHeader
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

interface VerifyTokenRules {
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
 * It checks in this order: form, header, types of the claims, key, signature, and only then times,
 * audience and issuer, so that who cannot sign learns nothing of the verdict. A signature with a
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
  const key = rules.key ?? (await resolve(rules.resolveKey, issuer, header))
  checkSignature(signature, signingInput, key)
  checkTimes(verified.claims, rules)
  checkParties(verified.claims, issuer, rules)
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

interface Issuer extends ParsedDid {
  readonly fragment: string
}

function checkOptions(options: VerifyTokenOptions): Rules {
  if (typeof options !== 'object' || options === null) {
    throw invalidOption('options', '{ audience, key } or { audience, resolveKey }', options)
  }
  const { audience, issuer, clockTolerance = 0, now = systemClock, key, resolveKey } = options
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
    throw invalidOption('clockTolerance', 'seconds, 0 or more', clockTolerance)
  }
  if (typeof now !== 'function') throw invalidOption('now', 'a function', now)
  if ((key === undefined) === (resolveKey === undefined)) {
    const got = key === undefined ? 'neither' : 'both'
    throw new OrgidAuthError('ERR_INVALID_OPTION', `key: expected key or resolveKey, got ${got}`)
  }
  if (resolveKey !== undefined && typeof resolveKey !== 'function') {
    throw invalidOption('resolveKey', 'a function', resolveKey)
  }
  return {
    audiences,
    issuers,
    clockTolerance,
    now,
    key: key === undefined ? undefined : loadPublicKey(key),
    resolveKey,
  }
}

function list(value: string | readonly string[], where: string): readonly string[] {
  const values: readonly string[] = Array.isArray(value) ? value : [value as string]
  if (values.length > 0) return values
  throw invalidOption(where, 'an ORGiD, or an array of one or more', value)
}

const systemClock = (): number => Date.now() / 1000

function checkHeader(header: JsonObject): void {
  // RFC 8725 3.1: the algorithm is ours to choose, and the key's (3.2)
  if (header.alg !== 'ES256K') {
    throw reject('ERR_TOKEN_ALGORITHM', `expected alg "ES256K", got ${word(header.alg)}`)
  }
  // RFC 8725 3.11; how a media type is compared: RFC 7515 4.1.9
  const { typ } = header
  if (typeof typ !== 'string' || !/^(?:application\/)?jwt$/i.test(typ)) {
    throw reject(
      'ERR_TOKEN_TYPE',
      `expected typ "JWT", got ${word(typ)}; the sender must set it in the header`,
    )
  }
  // RFC 7515 4.1.11: an extension that is not understood makes the JWS invalid. RFC 7797 7: no b64
  for (const name of ['crit', 'b64']) {
    if (!Object.hasOwn(header, name)) continue
    throw reject('ERR_TOKEN_HEADER', `expected a header without "${name}", got one with it`)
  }
}

function checkClaims(claims: JsonObject): Issuer {
  const { iss, aud, exp } = claims
  if (typeof iss !== 'string') throw badClaim('iss', 'a string', iss)
  const audienceIsWell = Array.isArray(aud)
    ? aud.length > 0 && aud.every((one) => typeof one === 'string')
    : typeof aud === 'string'
  if (!audienceIsWell) throw badClaim('aud', 'a string, or an array of one or more', aud)
  // RFC 7519 2, NumericDate: a number, with a fraction perhaps. 1e999 is JSON and parses to Infinity
  if (!Number.isFinite(exp)) throw badClaim('exp', 'a number of seconds', exp)
  for (const name of ['iat', 'nbf']) {
    if (!Object.hasOwn(claims, name) || Number.isFinite(claims[name])) continue
    throw badClaim(name, 'a number of seconds, or no such claim', claims[name])
  }
  return parseIssuer(iss)
}

function parseIssuer(iss: string): Issuer {
  let issuer: ParsedDid
  try {
    issuer = parseDid(iss, 'iss')
  } catch (error) {
    throw reject('ERR_TOKEN_ISSUER', (error as OrgidAuthError).message)
  }
  if (issuer.fragment !== undefined) return issuer as Issuer
  throw reject(
    'ERR_TOKEN_ISSUER',
    'expected iss with the #fragment of the key that signed, got an ORGiD without; the sender must add it',
  )
}

async function resolve(
  resolveKey: ResolveKey | undefined,
  issuer: Issuer,
  header: JsonObject,
): Promise<KeyObject> {
  const { did, fragment } = issuer
  let key: PublicKeyInput | undefined
  try {
    key = await resolveKey?.({ issuer: `${did}#${fragment}`, did, fragment, header })
    if (key !== undefined) return loadPublicKey(key, 'resolveKey')
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

function checkSignature(signature: Buffer, signingInput: Buffer, key: KeyObject): void {
  // RFC 7518 3.4, RFC 8812 3.2
  if (signature.length !== 64) {
    const hint = signature[0] === 0x30 ? '; it looks like DER, which JWS does not use' : ''
    throw reject(
      'ERR_TOKEN_SIGNATURE',
      `expected a signature of 64 bytes, r || s, got ${signature.length}${hint}`,
    )
  }
  if (cryptoVerify('sha256', signingInput, { key, dsaEncoding: 'ieee-p1363' }, signature)) return
  throw reject(
    'ERR_TOKEN_SIGNATURE',
    "expected the signature of the issuer's key, got another; the token was altered, or its key is not the one registered under the fragment of iss",
  )
}

function checkTimes({ exp, nbf }: VerifiedClaims, { now, clockTolerance }: Rules): void {
  const time: unknown = now()
  if (typeof time !== 'number' || !Number.isFinite(time)) {
    throw invalidOption('now', 'a function that returns epoch seconds', time)
  }
  // RFC 7519 4.1.4: not on or after; 4.1.5: not before
  if (exp <= time - clockTolerance) {
    throw reject(
      'ERR_TOKEN_EXPIRED',
      `expected exp after ${time}, got ${exp} (epoch seconds); send a new token, or check the clocks`,
    )
  }
  if (nbf !== undefined && nbf > time + clockTolerance) {
    throw reject(
      'ERR_TOKEN_NOT_YET_VALID',
      `expected nbf not after ${time}, got ${nbf} (epoch seconds); check the clocks`,
    )
  }
}

function checkParties({ iss, aud }: VerifiedClaims, issuer: Issuer, rules: Rules): void {
  // RFC 7519 4.1.3, RFC 8725 3.9
  const addressed = typeof aud === 'string' ? [aud] : aud
  if (!addressed.some((one) => rules.audiences.includes(one))) {
    throw reject(
      'ERR_TOKEN_AUDIENCE',
      "expected aud to be one of the audience option's, got another; the sender must address this organisation's ORGiD, in the same form and hex case, without fragment",
    )
  }
  // RFC 8725 3.8
  if (rules.issuers && !rules.issuers.includes(iss) && !rules.issuers.includes(issuer.did)) {
    throw reject('ERR_TOKEN_ISSUER', "expected iss to be one of the issuer option's, got another")
  }
}

function badClaim(name: string, expected: string, got: unknown): OrgidAuthError {
  return reject('ERR_TOKEN_CLAIM', `expected ${name} to be ${expected}, got ${describe(got)}`)
}

/** Names of algorithms and types are safe to repeat; whatever else stands there is not. */
function word(value: unknown): string {
  const isWord = typeof value === 'string' && /^[A-Za-z0-9+/-]{1,16}$/.test(value)
  return isWord ? `"${value}"` : describe(value)
}

function reject(code: OrgidErrorCode, why: string): OrgidAuthError {
  return new OrgidAuthError(code, `token: ${why}`)
}

function invalidOption(name: string, expected: string, got: unknown): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_INVALID_OPTION',
    `${name}: expected ${expected}, got ${describe(got)}`,
  )
}
