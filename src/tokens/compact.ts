import { claimsSet, type MintRequest } from './claims.js'

// JWS compact serialisation (RFC 7515 7.1). With libsecp256k1 all of it together takes about a
// twentieth of a signature: texts are written into buffers that are there already, since a new buffer
// takes more time than what is done in it.

const scheme = 'Bearer '
// RFC 7515 4.1. No `kid`: the key is named by the fragment of `iss`. `typ` is what older verifiers insist on.
const header = Buffer.from('{"alg":"ES256K","typ":"JWT"}').toString('base64url')
const prefix = `${scheme}${header}.`
/** Characters of a signature and of the dot before it. */
const signatureLength = 87

/** Bytes: several times what a token without claims of its own takes. */
const size = 4_096
const bytes = Buffer.allocUnsafeSlow(size)
const token = Buffer.allocUnsafeSlow(size)
token.write(prefix, 'latin1')

interface Times {
  readonly issuedAt: number
  readonly expiresAt: number
}

/** The second segment of a token. @internal */
export function encodePayload(request: MintRequest, times: Times, jti?: string): string {
  const text = claimsText(request, times, jti)
  // UTF-8 takes at most three bytes for each unit of UTF-16
  if (text.length * 3 > size) return Buffer.from(text).toString('base64url')
  return bytes.toString('base64url', 0, bytes.write(text))
}

function claimsText(request: MintRequest, times: Times, jti: string | undefined): string {
  const { issuer, audience, scope, claims } = request
  if ((scope ?? claims ?? jti) !== undefined) return JSON.stringify(claimsSet(request, times, jti))
  // The same text in a fifth of the time: no character of a DID is one that JSON would escape
  return `{"iss":"${issuer}","aud":"${audience}","iat":${times.issuedAt},"exp":${times.expiresAt}}`
}

/** What is signed: the first two segments of a token and the dot between them. @internal */
export function signingInput(payload: string): string {
  return `${header}.${payload}`
}

/** The bytes that are signed, for a signer that is done with them before the next token. @internal */
export function sharedInput(payload: string): Uint8Array {
  const end = prefix.length + payload.length
  if (end > size) return Buffer.from(signingInput(payload), 'latin1')
  token.write(payload, prefix.length, 'latin1')
  return token.subarray(scheme.length, end)
}

/**
 * The value of an Authorization header (RFC 6750 2.1), in one piece: V8 keeps a concatenation in its
 * pieces until somebody reads it, and that would be a request.
 *
 * @internal
 */
export function authorizationOf(payload: string, signature: string): string {
  const end = prefix.length + payload.length
  if (end + signatureLength > size) {
    return Buffer.from(`${prefix}${payload}.${signature}`, 'latin1').toString('latin1')
  }
  token.write(`${payload}.${signature}`, prefix.length, 'latin1')
  return token.toString('latin1', 0, end + signatureLength)
}

/** The third segment of a token. @internal */
export function encodeSignature(signature: Uint8Array): string {
  bytes.set(signature)
  return bytes.toString('base64url', 0, signature.length)
}
