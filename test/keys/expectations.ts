import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  KeyObject,
  verify,
} from 'node:crypto'
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { expect } from 'vitest'
import { isOrgidAuthError, type OrgidAuthError } from '../../src/errors.js'
import { loadPrivateKey, type PrivateKey, type PrivateKeyInput } from '../../src/keys/load.js'
import { localSigner, signerOf } from '../../src/signers/local.js'
import { verifyToken } from '../../src/verify.js'
import { did } from '../support.js'

export const base64 = (text: string) => Buffer.from(text).toString('base64')
/** The base64 of a PEM, without its lines of dashes. */
export const body = (text: string) => text.replace(/-----[^-]+-----|\s/g, '')
export const lastBlock = (text: string) => text.slice(text.lastIndexOf('-----BEGIN'))

const somePublicPem = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({
  format: 'pem',
  type: 'spki',
}) as string

/** What happens to a PEM on its way through files, environments and clipboards. */
export const mangled: Readonly<Record<string, (pem: string) => string>> = {
  'as it is': (text) => text,
  'with CRLF': (text) => text.replaceAll('\n', '\r\n'),
  'with CR alone': (text) => text.replaceAll('\n', '\r'),
  'after a byte order mark': (text) => `\uFEFF${text}`,
  'without its last line break': (text) => text.trimEnd(),
  'under bag attributes': (text) =>
    `Bag Attributes\n    friendlyName: my key\n    localKeyID: 54 69 6D 65\nKey Attributes: <No Attributes>\n${text}`,
  'with \\n as two characters': (text) => text.replaceAll('\n', '\\n'),
  'with \\r\\n as four characters': (text) => text.replaceAll('\n', '\\r\\n'),
  'on one line, spaces for breaks': (text) => text.replaceAll('\n', ' '),
  'on one line, nothing for breaks': (text) =>
    text.includes('DEK-Info') ? text : text.replaceAll('\n', ''),
  indented: (text) => text.replaceAll(/^/gm, '      '),
  'with blank lines between': (text) =>
    text.includes('DEK-Info') ? text : text.replaceAll('\n', '\n\n'),
  'in quotes': (text) => `"${text}"`,
  'as base64 of the whole': base64,
  'as base64 of the whole, in lines': (text) => base64(text).replace(/.{76}/g, '$&\n'),
  'as base64 of the whole with CRLF and BOM': (text) =>
    base64(`\uFEFF${text.replaceAll('\n', '\r\n')}`),
  'after its public key': (text) => `${somePublicPem}${text}`,
}

/** The number that Node reads from a key, by a path that is not the one under test. */
export const scalarOf = (key: string | KeyObject) =>
  (key instanceof KeyObject ? key : createPrivateKey(key)).export({ format: 'jwk' }).d

function expectSigns(key: PrivateKey): void {
  const message = Buffer.from('to be signed')
  const verifier = { key: key.publicKey, dsaEncoding: 'ieee-p1363' } as const
  for (const backend of ['noble', 'openssl'] as const) {
    const signature = signerOf(key, { backend }).sign(message, {}) as Uint8Array
    expect(verify('sha256', message, verifier, signature)).toBe(true)
  }
}

/** @param d what the key's number has to be, base64url. */
export function expectLoads(input: PrivateKeyInput, d: string | undefined): void {
  const key = loadPrivateKey(input)
  expect(Buffer.from(key.scalar).toString('base64url')).toBe(d)
  expect(key.privateKey.export({ format: 'jwk' }).d).toBe(d)
  expect(createPublicKey(key.privateKey).equals(key.publicKey)).toBe(true)
  expectSigns(key)
}

const encode = (part: object) => base64url(JSON.stringify(part))
const base64url = (part: string | Uint8Array) => Buffer.from(part).toString('base64url')
const claims = {
  iss: `${did('a')}#webserver`,
  aud: did('b'),
  iat: 1_700_000_000,
  exp: 1_700_003_600,
}
const signingInput = `${encode({ alg: 'ES256K', typ: 'JWT' })}.${encode(claims)}`

/** A token signed with the key is one that the receiving side accepts, whichever way it is signed. */
async function expectCarriesTokens(input: PrivateKeyInput): Promise<void> {
  for (const backend of ['noble', 'openssl'] as const) {
    const signer = localSigner(input, { backend })
    const signature = await signer.sign(Buffer.from(signingInput), {})
    const token = `${signingInput}.${base64url(signature)}`
    const rules = { audience: claims.aud, key: signer.publicKey, now: () => claims.iat + 60 }
    expect((await verifyToken(token, rules)).claims).toEqual(claims)
  }
}

/** Either a key whose tokens are accepted (then true), or a typed error that repeats nothing. */
export async function expectKeyOrRefusal(input: unknown): Promise<boolean> {
  try {
    loadPrivateKey(input as PrivateKeyInput)
  } catch (error) {
    if (!isOrgidAuthError(error)) throw error
    for (const text of texts(input)) expectNoEcho(error, text)
    return false
  }
  await expectCarriesTokens(input as PrivateKeyInput)
  return true
}

/** What messages say of themselves: the text they are written in, and the labels they may name. */
const ownWords = [
  ...['keys/load.ts', 'keys/pem.ts', 'keys/public.ts', 'keys/refusals.ts', 'errors.ts'].map(
    (file) => readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8'),
  ),
  ...['EC PRIVATE', 'RSA PRIVATE', 'OPENSSH PRIVATE', 'PUBLIC', 'RSA PUBLIC'].map(
    (kind) => `a PEM block "${kind} KEY"`,
  ),
  'a PEM block "EC PARAMETERS"',
  'a PEM block "CERTIFICATE REQUEST"',
  ...['secp256r1', 'secp384r1', 'secp521r1'],
].join('\n')

function expectNoEcho(error: OrgidAuthError, text: string): void {
  const shown = `${error.message}\n${JSON.stringify(error)}\n${inspect(error.cause)}`
  for (let start = 0; start + 8 <= text.length; start += 1) {
    const part = text.slice(start, start + 8)
    if (shown.includes(part) && !ownWords.includes(part))
      throw new Error(`the error repeats ${JSON.stringify(part)} of its input: ${shown}`)
  }
}

export function refusal(input: unknown, where?: string): OrgidAuthError {
  let key: PrivateKey
  try {
    key = loadPrivateKey(input as PrivateKeyInput, where)
  } catch (error) {
    if (isOrgidAuthError(error)) return error
    throw error
  }
  throw new Error(`expected a refusal, got the scalar ${Buffer.from(key.scalar).toString('hex')}`)
}

export function expectRefused(input: unknown, code: string, message: RegExp): void {
  const error = refusal(input, 'keys[2].key')
  expect(error.code).toBe(code)
  expect(error.message).toMatch(/^keys\[2\]\.key/)
  expect(error.message).toMatch(message)
  for (const text of texts(input)) expectNoEcho(error, text)
}

/** All text inside of an input. */
function texts(input: unknown): string[] {
  if (typeof input === 'string') return [input]
  if (Buffer.isBuffer(input)) return [input.toString('latin1'), input.toString('hex')]
  if (typeof input !== 'object' || input === null || input instanceof KeyObject) return []
  return Object.values(input).flatMap(texts)
}
