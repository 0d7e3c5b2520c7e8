import {
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  verify,
} from 'node:crypto'
import { setImmediate as immediate } from 'node:timers/promises'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { type LocalSignerOptions, localSigner } from '../../src/signers/local.js'
import { isNobleWarm } from '../../src/signers/noble.js'
import type { Signer } from '../../src/signers/signer.js'
import { codeOf } from '../support.js'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const pem = privateKey.export({ format: 'pem', type: 'sec1' }) as string
const message = Buffer.from('header.claims')

/** A local signer answers at once. */
const sign = (signer: Signer, input: Uint8Array) => signer.sign(input, {}) as Uint8Array
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const isValid = (input: Uint8Array, signature: Uint8Array, key: KeyObject = publicKey) =>
  verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature)

/** Half the order of secp256k1 (SEC 2, 2.4.1). */
const halfOrder = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n

// First in this file: noble's table is built once a process, by the first signer without a backend
describe('localSigner without a backend', () => {
  it('signs from the first call on: by openssl until noble’s table is built, then by noble', async () => {
    const signer = localSigner(pem)
    const cold = [sign(signer, message), sign(signer, message)] as const
    expect(hexOf(cold[0])).not.toBe(hexOf(cold[1]))

    const deterministic = hexOf(sign(localSigner(pem, { backend: 'noble' }), message))
    expect(cold.map(hexOf)).not.toContain(deterministic)

    while (!isNobleWarm()) await immediate()
    const warm = [sign(signer, message), sign(signer, message)] as const
    expect(warm.map(hexOf)).toEqual([deterministic, deterministic])

    // a signer made later starts warm, and one that exists stays so
    expect(hexOf(sign(localSigner(pem, {}), message))).toBe(deterministic)
    for (const signature of [...cold, ...warm]) {
      expect(signature).toHaveLength(64)
      expect(isValid(message, signature)).toBe(true)
    }
  })
})

describe('localSigner with noble', () => {
  // RFC 6979 for secp256k1 and SHA-256, low-S: https://bitcointalk.org/index.php?topic=285142
  it.each([
    [
      '0000000000000000000000000000000000000000000000000000000000000001',
      'Satoshi Nakamoto',
      '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8',
      '2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
    ],
    [
      '0000000000000000000000000000000000000000000000000000000000000001',
      'All those moments will be lost in time, like tears in rain. Time to die...',
      '8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b',
      '547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21',
    ],
    [
      '0000000000000000000000000000000000000000000000000000000000000001',
      'Everything should be made as simple as possible, but not simpler.',
      '33a69cd2065432a30f3d1ce4eb0d59b8ab58c74f27c41a7fdb5696ad4e6108c9',
      '6f807982866f785d3f6418d24163ddae117b7db4d5fdf0071de069fa54342262',
    ],
    [
      'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140',
      'Satoshi Nakamoto',
      'fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0',
      '6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5',
    ],
    [
      'f8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181',
      'Alan Turing',
      '7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c',
      '58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea',
    ],
    [
      'e91671c46231f833a6406ccbea0e3e392c76c167bac1cb013f6f1013980455c2',
      "There is a computer disease that anybody who works with computers knows about. It's a very serious disease and it interferes completely with the work. The trouble with computers is that you 'play' with them!",
      'b552edd27580141f3b2a5463048cb7cd3e047b97c9f98076c32dbdf85a68718b',
      '279fa72dd19bfae05577e06c7c0c1900c371fcd5893f7e1d56a37d30174671f6',
    ],
  ])('signs as published: key %s, "%s"', (key, text, r, s) => {
    const signer = localSigner(key, { backend: 'noble' })
    const signature = sign(signer, Buffer.from(text))
    expect(hexOf(signature)).toBe(r + s)
    expect(isValid(Buffer.from(text), signature, signer.publicKey as KeyObject)).toBe(true)
  })

  it('gives the same signature each time', () => {
    const signer = localSigner(pem, { backend: 'noble' })
    expect(hexOf(sign(signer, message))).toBe(hexOf(sign(signer, message)))
  })
})

describe.each(['noble', 'openssl', 'native'] as const)('localSigner with %s', (backend) => {
  it('gives 64 bytes that node:crypto verifies, with low s, over and over', () => {
    const signer = localSigner(pem, { backend })
    for (let round = 0; round < 300; round += 1) {
      const input = randomBytes(round)
      const signature = sign(signer, input)
      expect(signature).toHaveLength(64)
      expect(signature).toBeInstanceOf(Uint8Array)
      expect(BigInt(`0x${hexOf(signature).slice(64)}`) <= halfOrder).toBe(true)
      expect(isValid(input, signature)).toBe(true)
    }
  })

  it('answers at once, and with the public half of its key', () => {
    const signer = localSigner(pem, { backend })
    expect(signer.alg).toBe('ES256K')
    expect((signer.publicKey as KeyObject).equals(publicKey)).toBe(true)
    expect(signer.sign(message, {})).not.toHaveProperty('then')
  })

  it('signs with a key in any form', () => {
    const jwk = privateKey.export({ format: 'jwk' })
    const hex = Buffer.from(jwk.d as string, 'base64url').toString('hex')
    for (const key of [pem, jwk, hex, privateKey, { key: pem, passphrase: '' }])
      expect(isValid(message, sign(localSigner(key, { backend }), message))).toBe(true)
  })

  it('does not change what it signs', () => {
    const input = Uint8Array.from(message)
    sign(localSigner(pem, { backend }), input)
    expect(Buffer.from(input)).toEqual(message)
  })

  it('shows its secret nowhere, and cannot be changed', () => {
    const signer = localSigner(pem, { backend })
    const d = privateKey.export({ format: 'jwk' }).d as string
    const scalar = Buffer.from(d, 'base64url')
    const shown = [
      inspect(signer, { showHidden: true, depth: Number.POSITIVE_INFINITY, getters: true }),
      JSON.stringify(signer),
      Object.keys(signer).join(),
      String(signer.sign),
    ].join('\n')
    const bytesAsInspected = [...scalar.subarray(0, 6)].join(', ')
    for (const secret of [d, scalar.toString('hex'), scalar.toString('base64'), bytesAsInspected])
      expect(shown).not.toContain(secret)
    expect(Object.keys(signer)).toEqual(['alg', 'publicKey', 'sign'])
    expect(Object.isFrozen(signer)).toBe(true)
    expect((signer.publicKey as KeyObject).type).toBe('public')
  })
})

describe('localSigner', () => {
  afterEach(() => {
    delete (Object.prototype as Record<string, unknown>).backend
  })

  it.each<[string, unknown, string]>([
    ['a backend there is not', { backend: 'webcrypto' }, 'ERR_INVALID_OPTION'],
    ['a backend that is no text', { backend: 1 }, 'ERR_INVALID_OPTION'],
    ['a misspelt option', { backEnd: 'noble' }, 'ERR_INVALID_OPTION'],
    ['options that are none', 'noble', 'ERR_INVALID_OPTION'],
  ])('refuses %s', (_, options, code) => {
    expect(codeOf(() => localSigner(pem, options as LocalSignerOptions))).toBe(code)
  })

  it('takes no backend from Object.prototype', () => {
    ;(Object.prototype as Record<string, unknown>).backend = 'webcrypto'
    expect(() => localSigner(pem)).not.toThrow()
    expect(() => localSigner(pem, {})).not.toThrow()
  })

  it('refuses a key that cannot sign ES256K', () => {
    const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    expect(codeOf(() => localSigner(p256))).toBe('ERR_KEY_CURVE')
    expect(codeOf(() => localSigner(publicKey))).toBe('ERR_PUBLIC_KEY')
    expect(codeOf(() => localSigner('00'.repeat(32)))).toBe('ERR_KEY_RANGE')
    const zero = `302e0201010420${'00'.repeat(32)}a00706052b8104000a`
    const key = createPrivateKey({ key: Buffer.from(zero, 'hex'), format: 'der', type: 'sec1' })
    expect(codeOf(() => localSigner(key))).toBe('ERR_KEY_RANGE')
  })
})
