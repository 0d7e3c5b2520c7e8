import { verify as cryptoVerify, type KeyObject } from 'node:crypto'
import { type ParsedDid, parseDid } from './did.js'
import { describe, OrgidAuthError, type OrgidErrorCode } from './errors.js'
import type { JsonObject } from './jws.js'

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

/** Who says to have signed. @internal */
export interface Issuer {
  /** `iss` as it came. */
  readonly issuer: string
  readonly did: string
  readonly fragment: string
}

/** @internal */
export function checkHeader(header: JsonObject): void {
  const own = ownMembers(header)
  const { alg, typ } = own
  // RFC 8725 3.1: the algorithm is ours to choose, and the key's (3.2)
  if (alg !== 'ES256K') {
    throw reject('ERR_TOKEN_ALGORITHM', `expected alg "ES256K", got ${word(alg)}`)
  }
  // RFC 8725 3.11; how a media type is compared: RFC 7515 4.1.9
  if (typeof typ !== 'string' || !/^(?:application\/)?jwt$/i.test(typ)) {
    throw reject(
      'ERR_TOKEN_TYPE',
      `expected typ "JWT", got ${word(typ)}; the sender must set it in the header`,
    )
  }
  // RFC 7515 4.1.11: an extension that is not understood makes the JWS invalid. RFC 7797 7: no b64
  for (const name of ['crit', 'b64']) {
    if (!(name in own)) continue
    throw reject('ERR_TOKEN_HEADER', `expected a header without "${name}", got one with it`)
  }
}

/** @internal */
export function checkClaims(claims: JsonObject): Issuer {
  const own = ownMembers(claims)
  const { iss, aud, exp } = own
  if (typeof iss !== 'string') throw badClaim('iss', 'a string', iss)
  const audienceIsWell = Array.isArray(aud)
    ? aud.length > 0 && aud.every((one) => typeof one === 'string')
    : typeof aud === 'string'
  if (!audienceIsWell) throw badClaim('aud', 'a string, or an array of one or more', aud)
  // RFC 7519 2, NumericDate: a number, with a fraction perhaps. 1e999 is JSON and parses to Infinity
  if (!Number.isFinite(exp)) throw badClaim('exp', 'a number of seconds', exp)
  for (const name of ['iat', 'nbf']) {
    if (own[name] === undefined || Number.isFinite(own[name])) continue
    throw badClaim(name, 'a number of seconds, or no such claim', own[name])
  }
  return parseIssuer(iss)
}

/** A copy without prototype, so that a polluted `Object.prototype` adds nothing to a token. */
function ownMembers(object: JsonObject): JsonObject {
  return Object.assign(Object.create(null), object)
}

function parseIssuer(iss: string): Issuer {
  let parsed: ParsedDid
  try {
    parsed = parseDid(iss, 'iss')
  } catch (error) {
    throw reject('ERR_TOKEN_ISSUER', (error as OrgidAuthError).message)
  }
  const { did, fragment } = parsed
  if (fragment !== undefined) return { issuer: iss, did, fragment }
  throw reject(
    'ERR_TOKEN_ISSUER',
    'expected iss with the #fragment of the key that signed, got an ORGiD without; the sender must add it',
  )
}

/** @internal */
export function checkSignature(signature: Buffer, signingInput: Buffer, key: KeyObject): void {
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

/** @internal */
export function checkTimes(
  { exp, nbf }: VerifiedClaims,
  time: number,
  clockTolerance: number,
): void {
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

/** @internal */
export function checkAudience({ aud }: VerifiedClaims, audiences: readonly string[]): void {
  // RFC 7519 4.1.3, RFC 8725 3.9
  const addressed = typeof aud === 'string' ? [aud] : aud
  if (addressed.some((one) => audiences.includes(one))) return
  throw reject(
    'ERR_TOKEN_AUDIENCE',
    "expected aud to be one of the audience option's, got another; the sender must address this organisation's ORGiD, in the same form and hex case, without fragment",
  )
}

/** @internal */
export function checkIssuer({ issuer, did }: Issuer, issuers: readonly string[]): void {
  // RFC 8725 3.8
  if (issuers.includes(issuer) || issuers.includes(did)) return
  throw reject('ERR_TOKEN_ISSUER', "expected iss to be one of the issuer option's, got another")
}

function badClaim(name: string, expected: string, got: unknown): OrgidAuthError {
  return reject('ERR_TOKEN_CLAIM', `expected ${name} to be ${expected}, got ${describe(got)}`)
}

/** Names of algorithms and types are safe to repeat; whatever else stands there is not. */
function word(value: unknown): string {
  const isWord = typeof value === 'string' && /^[A-Za-z0-9+/-]{1,16}$/.test(value)
  return isWord ? `"${value}"` : describe(value)
}

/** @internal */
export function reject(code: OrgidErrorCode, why: string): OrgidAuthError {
  return new OrgidAuthError(code, `token: ${why}`)
}
