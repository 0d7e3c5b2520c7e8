import { createECDH, createPrivateKey, KeyObject } from 'node:crypto'
import { describe, OrgidAuthError } from '../errors.js'
import type { Jwk } from './jwk.js'
import { describeBlock, type PemBlock, pemBlock, readPem } from './pem.js'
import { assertSecp256k1, fromPoint, isPublicDer, publicJwk } from './public.js'
import {
  invalid,
  noPassphrase,
  outOfRange,
  publicGiven,
  retiredCipher,
  wrongPassphrase,
} from './refusals.js'

/**
 * A secp256k1 private key in any form in which people hold one: PEM (SEC1 with or without its
 * `EC PARAMETERS` block, PKCS#8, either of them encrypted), a JWK, 64 hex digits, a `KeyObject`,
 * or one of these with its passphrase.
 *
 * What an environment variable does to a PEM is undone: `\n` as two characters, all on one line,
 * indented, or the whole of it in base64.
 */
export type PrivateKeyInput =
  | string
  | Jwk
  | KeyObject
  | { readonly key: string; readonly passphrase: string }

/** A private key, checked: on secp256k1, in range, and its public half derived from it. */
export interface PrivateKey {
  /** 32 bytes, big-endian. */
  readonly scalar: Uint8Array
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/**
 * Loads a private key and checks that it can sign ES256K (RFC 8812 3.2).
 *
 * @param input the key.
 * @param where the option's name, for the error message.
 * @throws OrgidAuthError `ERR_INVALID_KEY` (no key can be read from it), `ERR_PUBLIC_KEY` (a public
 *   key or certificate), `ERR_ENCRYPTED_KEY` (no or a wrong passphrase), `ERR_KEY_CURVE` (not
 *   secp256k1), `ERR_KEY_RANGE` (the scalar is 0, or not below the curve's order),
 *   `ERR_KEY_MISMATCH` (the public key that came with it belongs to another).
 */
export function loadPrivateKey(input: PrivateKeyInput, where = 'key'): PrivateKey {
  if (input instanceof KeyObject) return fromKeyObject(input, where)
  if (typeof input === 'string') return fromText(input, undefined, where)
  if (typeof input === 'object' && input !== null) {
    if (Object.hasOwn(input, 'kty')) return fromJwk(input as Jwk, where)
    if (Object.hasOwn(input, 'key')) return fromProtected(input, where)
  }
  throw invalid(where, describe(input), "A file's content is read as text, with 'utf8'")
}

function fromProtected(input: object, where: string): PrivateKey {
  const { key, passphrase } = ownProperties<{ key?: unknown; passphrase?: unknown }>(input)
  if (typeof key !== 'string') {
    throw invalid(`${where}.key`, describe(key), 'Is the environment variable set?')
  }
  if (passphrase === undefined || typeof passphrase === 'string')
    return fromText(key, passphrase, where)
  throw invalid(where, `a passphrase that is ${describe(passphrase)}`)
}

/** On no prototype, so that a polluted one adds no part to a key. */
function ownProperties<T extends object>(input: T): T {
  return Object.assign(Object.create(null), input)
}

function fromText(input: string, passphrase: string | undefined, where: string): PrivateKey {
  // trim also takes a byte order mark
  const text = input.replace(/\\r|\\n/g, '\n').trim()
  const hex = /^(?:0x)?([0-9a-fA-F]+)$/.exec(text)?.[1]
  if (hex?.length === 64) return fromScalar(Buffer.from(hex, 'hex'), where)
  if (hex) throw invalid(where, `${hex.length} hex digits`, 'A private key has 64, an address 40')
  if (text.includes('-----BEGIN ')) return fromPem(readPem(text), passphrase, where)
  if (text.startsWith('{')) return fromJwk(parseJwk(text, where), where)
  const bytes = decodeBase64(text)
  if (bytes?.includes('-----BEGIN '))
    return fromPem(readPem(bytes.toString('latin1')), passphrase, where)
  if (bytes?.[0] === derSequence) return fromDer(bytes, passphrase, where)
  throw invalid(where, describe(input), remedyFor(text))
}

function remedyFor(text: string): string {
  if (text === '') return 'Is the environment variable set?'
  return /^[^\s]{1,200}\.\w{2,4}$|^\.{0,2}\/[^\s]{1,200}$/.test(text)
    ? "Is it the name of a file? Give the file's content, or the name in ORGID_PRIVATE_KEY_FILE"
    : ''
}

/** What every key in DER begins with (X.690 8.9). */
const derSequence = 0x30

function parseJwk(text: string, where: string): Jwk {
  try {
    return JSON.parse(text) as Jwk
  } catch {
    // JSON.parse quotes its input in the message, and the input is a secret: no cause.
    throw invalid(where, 'text that begins like a JWK and is not JSON')
  }
}

function decodeBase64(text: string): Buffer | undefined {
  const compact = text.replace(/\s+/g, '')
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(compact) ? Buffer.from(compact, 'base64') : undefined
}

function fromPem(
  blocks: readonly PemBlock[],
  passphrase: string | undefined,
  where: string,
): PrivateKey {
  const block = blocks.find(({ label }) => label.endsWith('PRIVATE KEY'))
  if (!block) throw notPrivate(blocks, where)
  if (block.encrypted && passphrase === undefined) throw noPassphrase(where)
  let key: KeyObject
  try {
    key = createPrivateKey({ key: block.text, ...(passphrase !== undefined && { passphrase }) })
  } catch (error) {
    if (block.encrypted && isRetiredCipher(error)) throw retiredCipher(where)
    if (block.encrypted) throw wrongPassphrase(where)
    throw invalid(
      where,
      `${describeBlock(block)} that cannot be read`,
      'It may be truncated or mis-pasted',
    )
  }
  return fromKeyObject(key, where)
}

function notPrivate(blocks: readonly PemBlock[], where: string): OrgidAuthError {
  const [first] = blocks
  if (!first) return invalid(where, 'a PEM block without its end', 'It may be truncated')
  const found = blocks.find(({ label }) => /PUBLIC KEY|CERTIFICATE/.test(label))
  if (found) return publicGiven(where, describeBlock(found))
  return invalid(where, `only ${describeBlock(first)}`, 'Add the block that ends in "PRIVATE KEY"')
}

/** Before 1.1, `openssl pkcs8` encrypted with DES, which OpenSSL 3 has only by request. */
function isRetiredCipher(error: unknown): boolean {
  const { code } = error as { code?: string }
  return code === 'ERR_OSSL_EVP_UNSUPPORTED' || code === 'ERR_OSSL_PEM_UNSUPPORTED_ENCRYPTION'
}

function fromDer(der: Buffer, passphrase: string | undefined, where: string): PrivateKey {
  for (const type of ['pkcs8', 'sec1'] as const) {
    let key: KeyObject
    try {
      key = createPrivateKey({ key: der, format: 'der', type })
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_MISSING_PASSPHRASE') continue
      const block = pemBlock('ENCRYPTED PRIVATE KEY', der.toString('base64'))
      return fromPem([block], passphrase, where)
    }
    return fromKeyObject(key, where)
  }
  throw isPublicDer(der)
    ? publicGiven(where, 'the base64 of a public key or certificate')
    : invalid(where, 'base64 that holds no key', 'It may be truncated or mis-pasted')
}

function fromKeyObject(key: KeyObject, where: string): PrivateKey {
  if (key.type === 'public') throw publicGiven(where, 'a public KeyObject')
  if (key.type !== 'private') throw invalid(where, `a ${key.type} KeyObject`)
  if (key.asymmetricKeyType === 'ec') assertWritable(key, where)
  assertSecp256k1(key, where)
  let jwk: Jwk
  try {
    jwk = key.export({ format: 'jwk' })
  } catch {
    // 0 and n have the point at infinity for their public key, which has no x and y
    throw outOfRange(where)
  }
  return fromJwk(jwk, where)
}

/**
 * A number of more bytes than the order has is read by OpenSSL and cannot be written again: asking
 * Node for such a key's curve or JWK then fails an assertion of its own, which ends the process.
 */
function assertWritable(key: KeyObject, where: string): void {
  try {
    key.export({ format: 'der', type: 'sec1' })
  } catch {
    throw outOfRange(where)
  }
}

function fromJwk(input: Jwk, where: string): PrivateKey {
  const jwk = ownProperties(input)
  if (jwk.kty !== 'EC' || (jwk.crv !== 'secp256k1' && jwk.crv !== 'P-256K')) {
    const got =
      jwk.kty === 'EC' ? `an EC JWK with crv ${quote(jwk.crv)}` : `a JWK with kty ${quote(jwk.kty)}`
    throw new OrgidAuthError(
      'ERR_KEY_CURVE',
      `${where}: expected an EC JWK with crv "secp256k1", got ${got}`,
    )
  }
  if (jwk.d === undefined) throw publicGiven(where, 'a JWK without "d", which is a public key')
  if (typeof jwk.d !== 'string' || !/^[A-Za-z0-9_-]{43}$/.test(jwk.d)) {
    throw invalid(
      where,
      'a JWK whose "d" is not 43 base64url characters (32 bytes, RFC 7518 6.2.2.1)',
    )
  }
  const key = fromScalar(Buffer.from(jwk.d, 'base64url'), where)
  const { x, y } = publicJwk(key.publicKey)
  if ((jwk.x !== undefined && jwk.x !== x) || (jwk.y !== undefined && jwk.y !== y)) {
    throw new OrgidAuthError(
      'ERR_KEY_MISMATCH',
      `${where}: the public key in it (x and y of a JWK) is not that of the private key. Export it again from the private key`,
    )
  }
  return key
}

const knownName =
  /^(?:EC|RSA|OKP|oct|P-(?:256|384|521)|secp(?:256|384|521)r1|(?:Ed|X)(?:25519|448))$/

/** Key types and curves (RFC 7518 6.1, RFC 8037 2); anything else may be a secret. */
function quote(value: unknown): string {
  return typeof value === 'string' && knownName.test(value) ? `"${value}"` : describe(value)
}

function fromScalar(scalar: Buffer, where: string): PrivateKey {
  const ecdh = createECDH('secp256k1')
  try {
    ecdh.setPrivateKey(scalar)
  } catch {
    throw outOfRange(where)
  }
  const publicKey = fromPoint(ecdh.getPublicKey())
  const jwk = { ...publicJwk(publicKey), d: scalar.toString('base64url') }
  return {
    scalar: new Uint8Array(scalar),
    publicKey,
    privateKey: createPrivateKey({ format: 'jwk', key: jwk }),
  }
}
