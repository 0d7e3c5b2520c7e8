import { createPublicKey, ECDH, type JsonWebKey, KeyObject, X509Certificate } from 'node:crypto'
import { describe, OrgidAuthError } from '../errors.js'
import type { Jwk } from './jwk.js'

/**
 * A secp256k1 public key in any form in which people hold one: a `KeyObject`, a JWK, an SPKI as
 * PEM or as the bare base64 that ORG.JSON's `publicKeyPem` carries, or a SEC1 point (33 or 65
 * bytes).
 */
export type PublicKeyInput = KeyObject | Jwk | string | Uint8Array

const remedy =
  'expected a secp256k1 public key (KeyObject, JWK, SPKI PEM or its base64, or SEC1 point)'

/**
 * Loads a secp256k1 public key.
 *
 * @param input the key.
 * @param where the option's name, for the error message.
 * @throws OrgidAuthError `ERR_INVALID_KEY` if it is not a public key, `ERR_KEY_CURVE` if it is of
 *   another curve or algorithm.
 */
export function loadPublicKey(input: PublicKeyInput, where = 'key'): KeyObject {
  const key = toKeyObject(input, where)
  assertSecp256k1(key, where)
  return key
}

/** Refuses a key that is not on secp256k1 (RFC 8812 3.1). @internal */
export function assertSecp256k1(key: KeyObject, where: string): void {
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (key.asymmetricKeyType === 'ec' && curve === 'secp256k1') return
  const got =
    key.asymmetricKeyType === 'ec'
      ? `an EC key on ${curve === undefined || curve === 'UNDEF' ? 'parameters of its own' : curve}`
      : `a key of type ${key.asymmetricKeyType ?? key.type}`
  throw new OrgidAuthError(
    'ERR_KEY_CURVE',
    `${where}: expected an EC key on secp256k1, got ${got}. Generate one with: openssl ecparam -name secp256k1 -genkey -noout -out secp256k1.pem`,
  )
}

/** x and y, 32 bytes each and base64url, of a public key on secp256k1. @internal */
export function publicJwk(key: KeyObject): { kty: 'EC'; crv: 'secp256k1'; x: string; y: string } {
  const { x, y } = key.export({ format: 'jwk' })
  return { kty: 'EC', crv: 'secp256k1', x: x as string, y: y as string }
}

function toKeyObject(input: PublicKeyInput, where: string): KeyObject {
  if (input instanceof KeyObject && input.type === 'secret')
    throw new OrgidAuthError('ERR_INVALID_KEY', `${where}: ${remedy}, got a secret KeyObject`)
  try {
    if (input instanceof KeyObject) return publicHalf(input)
    if (typeof input === 'string') return fromText(input)
    if (input instanceof Uint8Array) return fromPoint(input)
    if (typeof input === 'object' && input !== null) {
      const { kty, x, y } = input
      const crv = input.crv === 'P-256K' ? 'secp256k1' : input.crv
      return createPublicKey({ format: 'jwk', key: { kty, crv, x, y } as JsonWebKey })
    }
  } catch {
    // Node's own words for this ("DECODER routines::unsupported") help nobody.
  }
  throw new OrgidAuthError(
    'ERR_INVALID_KEY',
    `${where}: ${remedy}, got ${describe(input)} that is none`,
  )
}

function fromText(text: string): KeyObject {
  const trimmed = text.trim()
  if (trimmed.startsWith('-----')) return publicHalf(trimmed)
  return fromSpki(Buffer.from(trimmed, 'base64'))
}

/**
 * A copy, since what Node makes from a private key keeps the private number with it: where that has
 * more bytes than the order of the curve, asking for the curve ends the process.
 */
function publicHalf(key: KeyObject | string): KeyObject {
  const half = key instanceof KeyObject && key.type === 'public' ? key : createPublicKey(key)
  return fromSpki(half.export({ format: 'der', type: 'spki' }))
}

function fromSpki(der: Buffer): KeyObject {
  return createPublicKey({ format: 'der', type: 'spki', key: der })
}

/** A SEC1 point, compressed (33 bytes) or not (65), as a KeyObject. @internal */
export function fromPoint(point: Uint8Array): KeyObject {
  const bytes = ECDH.convertKey(point, 'secp256k1', undefined, undefined, 'uncompressed') as Buffer
  const x = bytes.subarray(1, 33).toString('base64url')
  const y = bytes.subarray(33).toString('base64url')
  return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'secp256k1', x, y } })
}

/** Whether this is the DER of a public key (SPKI) or of a certificate. @internal */
export function isPublicDer(der: Buffer): boolean {
  const readers = [
    () => createPublicKey({ key: der, format: 'der', type: 'spki' }),
    () => new X509Certificate(der),
  ]
  return readers.some((read) => {
    try {
      return read() !== undefined
    } catch {
      return false
    }
  })
}
