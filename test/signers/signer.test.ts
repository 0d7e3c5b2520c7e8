import { generateKeyPairSync, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSigner, toLowS } from '../../src/signers/signer.js'

/** The order of secp256k1 (SEC 2, 2.4.1). */
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
/** `s` is low up to this one (BIP 62). */
const halfOrder = (order - 1n) / 2n

const bytes = (number: bigint) => Buffer.from(number.toString(16).padStart(64, '0'), 'hex')
const signature = (r: bigint, s: bigint) => new Uint8Array(Buffer.concat([bytes(r), bytes(s)]))
const partsOf = (of: Uint8Array) => {
  const hex = Buffer.from(of).toString('hex')
  return { r: BigInt(`0x${hex.slice(0, 64)}`), s: BigInt(`0x${hex.slice(64)}`) }
}

const inRange = fc.bigInt({ min: 1n, max: order - 1n })
/** Also the numbers around the boundary, and those that share its first bytes. */
const interesting = fc.oneof(
  inRange,
  fc.bigInt({ min: halfOrder - 3n, max: halfOrder + 3n }),
  fc.bigInt({ min: 0x7fn << 248n, max: 0x81n << 248n }),
  fc.constantFrom(1n, order - 1n),
)

describe('toLowS', () => {
  it('gives the lower of s and n - s, 64 bytes, and the same r', () => {
    fc.assert(
      fc.property(inRange, interesting, (r, s) => {
        const low = toLowS(signature(r, s))
        expect(low).toHaveLength(64)
        expect(partsOf(low)).toEqual({ r, s: s <= halfOrder ? s : order - s })
      }),
      { numRuns: 1_000 },
    )
  })

  it('gives the same for both twins, and what is low comes back as it went in', () => {
    fc.assert(
      fc.property(inRange, interesting, (r, s) => {
        const low = toLowS(signature(r, s))
        expect(toLowS(low)).toBe(low)
        expect(Buffer.from(toLowS(signature(r, order - s)))).toEqual(Buffer.from(low))
      }),
    )
  })

  it.each([
    ['1', 1n, 1n],
    ['half the order', halfOrder, halfOrder],
    ['one more than half the order', halfOrder + 1n, halfOrder],
    ['the order less 1', order - 1n, 1n],
  ])('of s = %s is exact', (_, s, low) => {
    expect(partsOf(toLowS(signature(5n, s))).s).toBe(low)
  })

  it('does not change the bytes that it was given, nor those around them', () => {
    fc.assert(
      fc.property(inRange, interesting, fc.nat(20), (r, s, offset) => {
        const around = new Uint8Array(offset + 64 + 9).fill(0xee)
        around.set(signature(r, s), offset)
        const before = Buffer.from(around)
        const low = toLowS(around.subarray(offset, offset + 64))
        expect(partsOf(low)).toEqual({ r, s: s <= halfOrder ? s : order - s })
        expect(Buffer.from(around)).toEqual(before)
      }),
    )
  })

  it('keeps a signature valid', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
    const encoding = { dsaEncoding: 'ieee-p1363' } as const
    let high = 0
    for (let round = 0; round < 100; round += 1) {
      const message = Buffer.from(`message ${round}`)
      const raw = sign('sha256', message, { key: privateKey, ...encoding })
      if (partsOf(raw).s > halfOrder) high += 1
      expect(verify('sha256', message, { key: publicKey, ...encoding }, toLowS(raw))).toBe(true)
    }
    // OpenSSL makes every other s a high one: none in a hundred would mean nothing was tested
    expect(high).toBeGreaterThan(0)
  })
})

describe('isSigner', () => {
  it('takes what has a sign function, and nothing else', () => {
    expect(isSigner({ alg: 'ES256K', publicKey: '', sign: () => new Uint8Array(64) })).toBe(true)
    for (const other of [undefined, null, 'key', 5, {}, { sign: 'yes' }, { kty: 'EC' }, () => 1])
      expect(isSigner(other)).toBe(false)
  })
})
