import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { hmacSha256 } from '../../src/signers/hmac.js'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('hmacSha256', () => {
  // RFC 4231 4.2, 4.3 and 4.7
  it.each([
    [
      '0b'.repeat(20),
      Buffer.from('Hi There').toString('hex'),
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    ],
    [
      Buffer.from('Jefe').toString('hex'),
      Buffer.from('what do ya want for nothing?').toString('hex'),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    [
      'aa'.repeat(131),
      Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First').toString('hex'),
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
  ])('gives what RFC 4231 publishes (key %s)', (key, message, digest) => {
    expect(hmacSha256(Buffer.from(key, 'hex'), Buffer.from(message, 'hex')).toString('hex')).toBe(
      digest,
    )
  })

  it('gives what node:crypto gives, for keys and messages of any length', () => {
    const bytes = (maxLength: number) => fc.uint8Array({ maxLength })
    fc.assert(
      fc.property(bytes(80), bytes(400), (key, message) => {
        const expected = createHmac('sha256', key).update(message).digest()
        expect(hmacSha256(key, message).equals(expected)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('leaves nothing of the key in memory of its own', () => {
    const fill = vi.spyOn(Buffer.prototype, 'fill')
    const set = vi.spyOn(Buffer.prototype, 'set')
    hmacSha256(new Uint8Array(32).fill(7), new Uint8Array(32).fill(9))
    const written = new Set(set.mock.contexts as Buffer[])
    expect(written.size).toBe(2)
    expect(new Set(fill.mock.contexts)).toEqual(written)
    for (const buffer of written) expect(buffer.every((byte) => byte === 0)).toBe(true)
  })
})
