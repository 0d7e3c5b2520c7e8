import { verify as cryptoVerify, type KeyObject } from 'node:crypto'
import { toLowS } from '../signers/signer.js'
import type { MintRequest } from './claims.js'
import { authorizationOf, encodePayload, signingInput } from './compact.js'
import { freshShare, guard } from './life.js'
import { type PartnerClock, Token } from './token.js'

/** What a stored token must be, to be taken for one of ours. @internal */
export interface ExpectedToken {
  readonly request: MintRequest
  readonly publicKey: KeyObject
  readonly issuedAtBackdate: number
  /** Epoch seconds. */
  readonly now: number
  /** The partner's clock as this process knows it; undefined: like ours. */
  readonly partnerClock: PartnerClock | undefined
  /** Uniform in [0, 1). */
  readonly random: () => number
}

/** Characters. What is longer than all header fields that Node's HTTP server takes is no token. */
const longest = 16_384
/** Seconds by which the clocks of a fleet, and what they know of a partner's, may differ. @internal */
export const clockDifference = 5
/** Seconds by which `iat` may have been moved back, so that a token differs from others of its second. */
const mostSteps = 60

/**
 * Reads what a store gave as if an enemy had written it.
 *
 * The token's times are those of the partner's clock, and are judged by what this process knows of
 * that clock, as if it had minted the token itself. Which clock the process that did knew of is no
 * matter: it is not written down, since it could not be verified.
 *
 * @returns the token; `'poisoned'` if it was not made by the minter for this request with this key;
 *   undefined if there is none, or none that lives now.
 * @internal
 */
export function readStoredToken(
  value: unknown,
  expected: ExpectedToken,
): Token | 'poisoned' | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string' || value.length > longest) return 'poisoned'
  const { request, publicKey, issuedAtBackdate } = expected
  const times = timesOf(value)
  if (times === undefined) return 'poisoned'
  // Word for word what the minter would write: this header, these claims, no more and no less
  const payload = encodePayload(request, times)
  const input = signingInput(payload)
  const signature = value.slice(input.length + 1)
  if (value !== `${input}.${signature}`) return 'poisoned'
  const steps = times.expiresAt - times.issuedAt - request.lifetime - issuedAtBackdate
  if (steps < 0 || steps > mostSteps) return 'poisoned'
  const life = lifeOf(times, expected)
  if (life === undefined) return undefined
  if (!isSignature(signature, input, publicKey)) return 'poisoned'
  return new Token(authorizationOf(payload, signature), { ...request, ...times, ...life })
}

interface Times {
  readonly issuedAt: number
  readonly expiresAt: number
}

function timesOf(jwt: string): Times | undefined {
  try {
    const payload = Buffer.from(jwt.split('.', 2)[1] as string, 'base64url')
    const { iat, exp } = JSON.parse(payload.toString()) as Record<string, unknown>
    if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) return undefined
    return { issuedAt: iat as number, expiresAt: exp as number }
  } catch {
    return undefined
  }
}

function lifeOf(
  { issuedAt, expiresAt }: Times,
  { request: { lifetime }, now, partnerClock, random }: ExpectedToken,
): { readonly freshUntil: number; readonly clock: PartnerClock | undefined } | undefined {
  const { offset, doubt } = partnerClock ?? { offset: 0, doubt: 0 }
  const theirs = now + offset
  const left = expiresAt - theirs
  if (issuedAt > theirs || left > lifetime + clockDifference) return undefined
  if (left - doubt <= guard(lifetime)) return undefined
  // Drawn by each process for itself: they share a token, and not the moment to replace it
  const mintedAt = expiresAt - lifetime - offset
  return { freshUntil: mintedAt + (lifetime - doubt) * freshShare(random), clock: partnerClock }
}

function isSignature(text: string, input: string, key: KeyObject): boolean {
  const signature = Buffer.from(text, 'base64url')
  // One encoding, and the one of a signature's two forms that the minter writes
  if (signature.length !== 64 || signature.toString('base64url') !== text) return false
  if (toLowS(signature) !== signature) return false
  return cryptoVerify('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }, signature)
}
