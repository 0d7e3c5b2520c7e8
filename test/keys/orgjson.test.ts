import { createPublicKey, ECDH, generateKeyPairSync, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { orgJsonEntries } from '../../src/keys/orgjson.js'
import type { PublicKeyInput } from '../../src/keys/public.js'
import { codeOf, did } from '../support.js'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const issuer = `${did('a')}#webserver`
const jwk = publicKey.export({ format: 'jwk' }) as { x: string; y: string }
const point = Buffer.concat([
  Buffer.from([4]),
  Buffer.from(jwk.x, 'base64url'),
  Buffer.from(jwk.y, 'base64url'),
])
const compressed = ECDH.convertKey(point, 'secp256k1', undefined, undefined, 'compressed') as Buffer
/** The SPKI of a compressed point: what `openssl ec -pubout -conv_form compressed` gives. */
const compressedSpki = Buffer.concat([
  Buffer.from('3036301006072a8648ce3d020106052b8104000a032200', 'hex'),
  compressed,
])
/** The SPKI with the curve's parameters written out: `openssl ec -pubout -param_enc explicit`. */
const explicitSpki = Buffer.concat([
  Buffer.from(
    '308201333081ec06072a8648ce3d02013081e0020101302c06072a8648ce3d0101022100fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f304404200000000000000000000000000000000000000000000000000000000000000000042000000000000000000000000000000000000000000000000000000000000000070441' +
      '0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8' +
      '022100fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141020101034200',
    'hex',
  ),
  point,
])

/** Uncompressed, named curve: 88 bytes of SPKI, of which the last 64 are x and y. */
const publicKeyPem = /^MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE[a-zA-Z0-9+/]{86}==$/

/** How the older verifiers read an entry: header lines put around the bare base64. */
const fromPublicKeyPem = (text: string): KeyObject =>
  createPublicKey(`-----BEGIN PUBLIC KEY-----\n${text}\n-----END PUBLIC KEY-----`)

describe('orgJsonEntries', () => {
  it('writes the entry of an older ORG.JSON', () => {
    expect(orgJsonEntries(issuer, publicKey).publicKey).toEqual([
      {
        id: issuer,
        type: 'secp256k1',
        controller: did('a'),
        publicKeyPem: expect.stringMatching(publicKeyPem),
      },
    ])
  })

  it('writes the entry of a current ORG.JSON', () => {
    expect(orgJsonEntries(issuer, publicKey).verificationMethod).toEqual([
      {
        id: issuer,
        controller: did('a'),
        type: 'EcdsaSecp256k1VerificationKey2019',
        publicKeyJwk: { kty: 'EC', crv: 'secp256k1', x: jwk.x, y: jwk.y },
      },
    ])
  })

  it('keeps the chain of the DID and its hex case, in id and controller alike', () => {
    const own = `did:orgid:137:0x${'aB'.repeat(32)}`
    const entries = orgJsonEntries(`${own}#key2`, publicKey)
    for (const [entry] of [entries.publicKey, entries.verificationMethod])
      expect(entry).toMatchObject({ id: `${own}#key2`, controller: own })
  })

  it('refuses a DID without the fragment that names the key', () => {
    expect(() => orgJsonEntries(did('a'), publicKey)).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_DID',
        message: expect.stringContaining('#webserver'),
      }),
    )
  })

  it('describes the same key in both forms, for any key', () => {
    for (let round = 0; round < 50; round += 1) {
      const key = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey
      const { publicKey: older, verificationMethod: current } = orgJsonEntries(issuer, key)
      expect(older[0].publicKeyPem).toMatch(publicKeyPem)
      expect(fromPublicKeyPem(older[0].publicKeyPem).equals(key)).toBe(true)
      const { publicKeyJwk } = current[0]
      expect(createPublicKey({ format: 'jwk', key: { ...publicKeyJwk } }).equals(key)).toBe(true)
    }
  })

  it.each<[string, PublicKeyInput]>([
    ['a public KeyObject', publicKey],
    ['a private KeyObject', privateKey],
    ['an SPKI PEM', publicKey.export({ format: 'pem', type: 'spki' })],
    ['the base64 of an SPKI', publicKey.export({ format: 'der', type: 'spki' }).toString('base64')],
    ['a private PEM', privateKey.export({ format: 'pem', type: 'sec1' })],
    ['a public JWK', publicKey.export({ format: 'jwk' })],
    ['a private JWK', privateKey.export({ format: 'jwk' })],
    ['a JWK of curve P-256K', { ...jwk, kty: 'EC', crv: 'P-256K' }],
    ['a SEC1 point', point],
    ['a compressed SEC1 point', compressed],
    ['an SPKI of a compressed point', compressedSpki.toString('base64')],
    [
      'a KeyObject of a compressed point',
      createPublicKey({ key: compressedSpki, format: 'der', type: 'spki' }),
    ],
    ['an SPKI with explicit parameters', explicitSpki.toString('base64')],
    [
      'a KeyObject with explicit parameters',
      createPublicKey({ key: explicitSpki, format: 'der', type: 'spki' }),
    ],
  ])('writes the same entries for %s', (_, key) => {
    expect(orgJsonEntries(issuer, key)).toEqual(orgJsonEntries(issuer, publicKey))
  })

  it('writes nothing of a private key', () => {
    const d = privateKey.export({ format: 'jwk' }).d as string
    for (const key of [privateKey, privateKey.export({ format: 'jwk' })]) {
      const text = JSON.stringify(orgJsonEntries(issuer, key))
      expect(text).not.toContain(d)
      expect(text).not.toContain('"d"')
    }
  })

  it.each<[string, string, unknown, string]>([
    [
      'an Ethereum address for a DID',
      `did:orgid:0x${'a'.repeat(40)}`,
      publicKey,
      'ERR_INVALID_DID',
    ],
    [
      'a P-256 key',
      issuer,
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey,
      'ERR_KEY_CURVE',
    ],
    ['an Ed25519 key', issuer, generateKeyPairSync('ed25519').publicKey, 'ERR_KEY_CURVE'],
    ['a text that is no key', issuer, 'no key', 'ERR_INVALID_KEY'],
    ['no key', issuer, undefined, 'ERR_INVALID_KEY'],
    ['a point that is not on the curve', issuer, Buffer.alloc(65, 4), 'ERR_INVALID_KEY'],
    [
      'a JWK whose y is another',
      issuer,
      { ...jwk, kty: 'EC', crv: 'secp256k1', y: jwk.x },
      'ERR_INVALID_KEY',
    ],
  ])('refuses %s', (_, owner, key, code) => {
    expect(codeOf(() => orgJsonEntries(owner, key as PublicKeyInput))).toBe(code)
  })

  it('gives entries or a typed error, whatever comes', () => {
    const inputs = fc.oneof(fc.anything(), fc.string(), fc.base64String(), fc.uint8Array())
    fc.assert(
      fc.property(inputs, (key) => {
        expect(codeOf(() => orgJsonEntries(issuer, key as PublicKeyInput))).toMatch(
          /^ERR_INVALID_KEY$/,
        )
      }),
    )
  })
})
