import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  KeyObject,
} from 'node:crypto'
import { describe, OrgidAuthError } from '../errors.js'
import { assertSecp256k1, fromPoint, publicJwk } from './public.js'

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
  | JsonWebKey
  | KeyObject
  | { readonly key: string; readonly passphrase: string }

/** A private key, checked: on secp256k1, in range, and its public half derived from it. @internal */
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
 *   `ERR_KEY_MISMATCH` (a JWK whose x and y belong to another key).
 */
export function loadPrivateKey(input: PrivateKeyInput, where = 'key'): PrivateKey {
  if (input instanceof KeyObject) return fromKeyObject(input, where)
  if (typeof input === 'string') return fromText(input, undefined, where)
  if (typeof input === 'object' && input !== null) {
    if (Object.hasOwn(input, 'kty')) return fromJwk(input as JsonWebKey, where)
    const { key, passphrase } = input as { key?: unknown; passphrase?: unknown }
    if (typeof key === 'string' && typeof passphrase === 'string') {
      return fromText(key, passphrase, where)
    }
  }
  throw invalid(where, describe(input))
}

const forms =
  'expected a secp256k1 private key (PEM, JWK, 64 hex digits, KeyObject, or { key, passphrase })'

function invalid(where: string, got: string, remedy = ''): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_INVALID_KEY',
    `${where}: ${forms}, got ${got}${remedy && `. ${remedy}`}`,
  )
}

function fromText(input: string, passphrase: string | undefined, where: string): PrivateKey {
  const text = input
    .replace(/^\uFEFF/, '')
    .replace(/\\r|\\n/g, '\n')
    .trim()
  if (/^(0x)?[0-9a-fA-F]{64}$/.test(text))
    return fromScalar(Buffer.from(text.slice(-64), 'hex'), where)
  if (text.includes('-----BEGIN ')) return fromPem(text, passphrase, where)
  if (text.startsWith('{')) return fromJwk(parseJwk(text, where), where)
  const bytes = decodeBase64(text)
  if (bytes?.includes('-----BEGIN ')) return fromPem(bytes.toString('latin1'), passphrase, where)
  if (bytes && bytes.length > 64) return fromDer(bytes, passphrase, where)
  const hex = /^(?:0x)?([0-9a-fA-F]+)$/.exec(text)?.[1]
  if (hex)
    throw invalid(
      where,
      `${hex.length} hex digits`,
      'A key has 64; an ORGiD or an address is no key',
    )
  throw invalid(where, describe(input), text === '' ? 'Is the environment variable set?' : '')
}

function parseJwk(text: string, where: string): JsonWebKey {
  try {
    return JSON.parse(text) as JsonWebKey
  } catch {
    // JSON.parse quotes its input in the message, and the input is a secret: no cause.
    throw invalid(where, 'text that begins like a JWK and is not JSON')
  }
}

function decodeBase64(text: string): Buffer | undefined {
  const compact = text.replace(/\s+/g, '')
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(compact) ? Buffer.from(compact, 'base64') : undefined
}

const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*(?:-[^-]+)*?)-----END \1-----/g

function fromPem(text: string, passphrase: string | undefined, where: string): PrivateKey {
  const blocks = [...text.matchAll(pemBlock)].map(([, label, body]) => ({
    label: label as string,
    body: body as string,
  }))
  const block = blocks.find(({ label }) => label.endsWith('PRIVATE KEY'))
  if (!block)
    throw notPrivate(
      blocks.map(({ label }) => label),
      where,
    )
  const pem = canonicalPem(block.label, block.body)
  if (pem.encrypted && passphrase === undefined)
    throw encrypted(where, 'and no passphrase came with it')
  let key: KeyObject
  try {
    key = createPrivateKey({ key: pem.text, ...(passphrase !== undefined && { passphrase }) })
  } catch (error) {
    if (pem.encrypted && (error as { code?: string }).code !== 'ERR_OSSL_UNSUPPORTED') {
      throw encrypted(where, 'and the passphrase does not open it')
    }
    throw invalid(
      where,
      `a PEM block "${block.label}" that cannot be read`,
      'It may be truncated or mis-pasted',
    )
  }
  return fromKeyObject(key, where)
}

/** Rebuilds a PEM that lost its line breaks or got indented on the way through an environment. */
function canonicalPem(label: string, body: string): { text: string; encrypted: boolean } {
  // RFC 1421 headers of a legacy encrypted SEC1 key; base64 has no colon, so they end at the last
  const legacy = /Proc-Type:\s*4,\s*ENCRYPTED\s+DEK-Info:\s*([A-Za-z0-9-]+,[0-9A-Fa-f]+)\s/.exec(
    body,
  )
  const base64 = (legacy ? body.slice(legacy.index + legacy[0].length) : body).replace(/\s+/g, '')
  const headers = legacy ? `Proc-Type: 4,ENCRYPTED\nDEK-Info: ${legacy[1]}\n\n` : ''
  const lines = (base64.match(/.{1,64}/g) ?? []).join('\n')
  return {
    text: `-----BEGIN ${label}-----\n${headers}${lines}\n-----END ${label}-----\n`,
    encrypted: legacy !== null || label === 'ENCRYPTED PRIVATE KEY',
  }
}

function notPrivate(labels: string[], where: string): OrgidAuthError {
  const label = labels.find((name) => name.includes('PUBLIC KEY') || name.includes('CERTIFICATE'))
  if (label) return publicGiven(where, `a PEM block "${label}"`)
  if (labels.length === 0)
    return invalid(where, 'a PEM block without its end', 'It may be truncated')
  return invalid(where, `only PEM block "${labels[0]}"`, 'Add the block that ends in "PRIVATE KEY"')
}

function publicGiven(where: string, got: string): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_PUBLIC_KEY',
    `${where}: expected the private key, got ${got}. Tokens are signed with the private key; the public one belongs in ORG.JSON`,
  )
}

function encrypted(where: string, why: string): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_ENCRYPTED_KEY',
    `${where}: the private key is encrypted ${why}; pass { key, passphrase }`,
  )
}

function fromDer(der: Buffer, passphrase: string | undefined, where: string): PrivateKey {
  for (const type of ['pkcs8', 'sec1'] as const) {
    try {
      return fromKeyObject(
        createPrivateKey({
          key: der,
          format: 'der',
          type,
          ...(passphrase !== undefined && { passphrase }),
        }),
        where,
      )
    } catch (error) {
      if (error instanceof OrgidAuthError) throw error
    }
  }
  let isPublic = true
  try {
    createPublicKey({ key: der, format: 'der', type: 'spki' })
  } catch {
    isPublic = false
  }
  throw isPublic
    ? publicGiven(where, 'the base64 of a public key')
    : invalid(where, 'base64 that holds no key')
}

function fromKeyObject(key: KeyObject, where: string): PrivateKey {
  if (key.type === 'public') throw publicGiven(where, 'a public KeyObject')
  if (key.type !== 'private') throw invalid(where, `a ${key.type} KeyObject`)
  assertSecp256k1(key, where)
  return fromJwk(key.export({ format: 'jwk' }), where)
}

function fromJwk(jwk: JsonWebKey, where: string): PrivateKey {
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
      `${where}: the JWK's x and y are not the public key of its d. Export the JWK again from the private key`,
    )
  }
  return key
}

/** Curve names are public words; anything longer may be a secret in the wrong field. */
function quote(value: unknown): string {
  return typeof value === 'string' && /^[A-Za-z0-9-]{1,16}$/.test(value)
    ? `"${value}"`
    : describe(value)
}

function fromScalar(scalar: Buffer, where: string): PrivateKey {
  const ecdh = createECDH('secp256k1')
  try {
    ecdh.setPrivateKey(scalar)
  } catch {
    throw new OrgidAuthError(
      'ERR_KEY_RANGE',
      `${where}: the private key's number is 0 or not below the order of secp256k1 (SEC 2, 2.4.1), so it can sign nothing. Generate a new key`,
    )
  }
  const publicKey = fromPoint(ecdh.getPublicKey())
  const jwk = { ...publicJwk(publicKey), d: scalar.toString('base64url') }
  return {
    scalar: new Uint8Array(scalar),
    publicKey,
    privateKey: createPrivateKey({ format: 'jwk', key: jwk }),
  }
}
