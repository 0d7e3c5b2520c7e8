import { generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromDer } from '../../src/signers/der.js'
import { toDer } from './key-service.js'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const word = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
  // short numbers, and those at the edge of a sign byte
  fc.nat(32).map((zeros) => new Uint8Array(32).fill(0x80, zeros)),
)
const nonZero = word.filter((bytes) => bytes.some((byte) => byte !== 0))

describe('fromDer', () => {
  it('gives r || s of what OpenSSL signs', () => {
    for (let round = 0; round < 200; round += 1) {
      const der = sign('sha256', Buffer.from(`message ${round}`), privateKey)
      const raw = fromDer(der)
      expect(raw).toHaveLength(64)
      expect(toDer(raw as Uint8Array)).toEqual(der)
    }
  })

  it('gives back any two numbers of up to 32 bytes', () => {
    fc.assert(
      fc.property(nonZero, nonZero, (r, s) => {
        const raw = Buffer.concat([r, s])
        expect(fromDer(toDer(raw))).toEqual(new Uint8Array(raw))
      }),
    )
  })

  it('takes no second spelling of a signature: what it reads is what DER writes', () => {
    fc.assert(
      fc.property(fc.nat(80), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const der = sign('sha256', Buffer.from('message'), privateKey)
        const changed = Buffer.from(der)
        changed[at % der.length] = byte
        const raw = fromDer(changed)
        if (raw !== undefined) expect(toDer(raw)).toEqual(changed)
      }),
      { numRuns: 2_000 },
    )
  })

  it('reads no part of a signature, and nothing behind one', () => {
    const der = sign('sha256', Buffer.from('message'), privateKey)
    for (let length = 0; length < der.length; length += 1)
      expect(fromDer(der.subarray(0, length))).toBeUndefined()
    expect(fromDer(Buffer.concat([der, Buffer.of(0)]))).toBeUndefined()
  })

  it('reads the smallest signature there is', () => {
    expect(fromDer(hex('3006 020101 020102'))?.[31]).toBe(1)
    expect(fromDer(hex('3006 020101 020102'))?.[63]).toBe(2)
  })

  const long = `00${'ff'.repeat(32)}`
  it.each([
    ['no bytes', ''],
    ['another type around', '3106 020101 020102'],
    ['another type within', '3006 030101 020102'],
    ['a length in long form', '308106 020101 020102'],
    ['a length that is indefinite', '3080 020101 020102 0000'],
    ['a number in long form', '3007 02810101 020102'],
    ['an empty number', '3005 0200 020102'],
    ['a negative r', '3006 020180 020102'],
    ['a negative s', '3006 020101 020180'],
    ['a needless sign byte', '3007 02020001 020102'],
    ['a zero', '3006 020100 020102'],
    ['a zero of two bytes', '3007 02020000 020102'],
    ['a number of 33 bytes', `3026 022101${'ff'.repeat(32)} 020101`],
    ['a number whose length leaves the sequence', '3006 020501 020102'],
    ['a third number', '3009 020101 020102 020103'],
    ['one number', '3003 020101'],
    ['bytes behind it', '3006 020101 020102 00'],
    ['bytes behind, within', '3007 020101 020102 00'],
  ])('reads nothing of %s', (_, bytes) => {
    expect(fromDer(hex(bytes))).toBeUndefined()
  })

  it('reads numbers with their sign byte', () => {
    const der = hex(`3046 0221${long} 0221${long}`)
    expect(fromDer(der)).toEqual(new Uint8Array(64).fill(0xff))
  })
})
