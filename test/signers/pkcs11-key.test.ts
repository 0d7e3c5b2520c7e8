import { ECDH, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromPoint } from '../../src/keys/public.js'
import { publicKeyOf } from '../../src/signers/pkcs11-key.js'
import { codeOf, refusal } from '../support.js'

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const { x, y } = publicKey.export({ format: 'jwk' })
const uncompressed = Buffer.from(
  `04${Buffer.from(x as string, 'base64url').toString('hex')}${Buffer.from(y as string, 'base64url').toString('hex')}`,
  'hex',
)
const compressed = ECDH.convertKey(
  uncompressed,
  'secp256k1',
  undefined,
  undefined,
  'compressed',
) as Buffer
const hybrid = ECDH.convertKey(uncompressed, 'secp256k1', undefined, undefined, 'hybrid') as Buffer

const bytes = (hex: string) => Buffer.from(hex, 'hex')
const octets = (content: Buffer) => Buffer.concat([Buffer.from([4, content.length]), content])
const changed = (of: Buffer, index: number, to: number) => {
  const copy = Buffer.from(of)
  copy[index] = to
  return copy
}
const secp256k1 = bytes('06052b8104000a')

describe('publicKeyOf', () => {
  it.each([
    ['an OCTET STRING', octets(uncompressed)],
    ['a bare point', uncompressed],
    ['an OCTET STRING with a compressed point', octets(compressed)],
    ['a bare compressed point', compressed],
  ])('reads CKA_EC_POINT as %s', (_, point) => {
    expect(publicKeyOf(secp256k1, point).equals(publicKey)).toBe(true)
    expect(publicKeyOf(secp256k1, new Uint8Array(point)).equals(publicKey)).toBe(true)
  })

  it('reads the point of any key, also one whose x looks like the head of an OCTET STRING', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), (isWrapped, isCompressed) => {
        const key = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey
        const jwk = key.export({ format: 'jwk' })
        const [kx, ky] = [jwk.x, jwk.y].map((part) => Buffer.from(part as string, 'base64url'))
        const whole = Buffer.concat([Buffer.from([4]), kx as Buffer, ky as Buffer])
        const short = Buffer.concat([
          Buffer.from([((ky as Buffer)[31] as number) % 2 ? 3 : 2]),
          kx as Buffer,
        ])
        const point = isCompressed ? short : whole
        expect(publicKeyOf(secp256k1, isWrapped ? octets(point) : point).equals(key)).toBe(true)
      }),
      { numRuns: 100 },
    )
    // 04 41 …: a bare point of 65 bytes is told from an OCTET STRING by its length
    const lookalike = pointWithX(0x41)
    expect(lookalike.subarray(0, 2)).toEqual(bytes('0441'))
    expect(publicKeyOf(secp256k1, lookalike).equals(fromPoint(lookalike))).toBe(true)
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['an empty OCTET STRING', bytes('0400')],
    ['the point at infinity', bytes('00')],
    ['the point at infinity in an OCTET STRING', bytes('040100')],
    ['a point that is short of a byte', uncompressed.subarray(0, 64)],
    ['a point with a byte behind it', Buffer.concat([uncompressed, bytes('00')])],
    ['an OCTET STRING with a byte behind it', Buffer.concat([octets(uncompressed), bytes('00')])],
    ['an OCTET STRING that is short of a byte', octets(uncompressed).subarray(0, 66)],
    ['an OCTET STRING of another length than it says', changed(octets(uncompressed), 1, 0x40)],
    [
      'an OCTET STRING with its length in the long form',
      Buffer.concat([bytes('048141'), uncompressed]),
    ],
    ['an OCTET STRING in an OCTET STRING', octets(octets(uncompressed))],
    ['a BIT STRING', Buffer.concat([bytes('034200'), uncompressed])],
    ['the bytes of a BIT STRING', Buffer.concat([bytes('0341'), uncompressed])],
    ['the form of the other half of a point', changed(compressed, 0, 0x04)],
    ['a hybrid point', hybrid],
    ['a hybrid point in an OCTET STRING', octets(hybrid)],
    ['x and y alone', uncompressed.subarray(1)],
    ['an SPKI', publicKey.export({ format: 'der', type: 'spki' })],
    [
      'a point that is not on the curve',
      changed(uncompressed, 64, (uncompressed[64] as number) ^ 1),
    ],
    ['an x of more than the field', Buffer.concat([bytes('04'), Buffer.alloc(64, 0xff)])],
    ['an x that no point has', Buffer.concat([bytes('02'), bytes('00'.repeat(31)), bytes('05')])],
    ['a megabyte', Buffer.alloc(1 << 20, 4)],
  ])('refuses %s in place of a point', (_, point) => {
    expect(codeOf(() => publicKeyOf(secp256k1, point))).toBe('ERR_INVALID_KEY')
  })

  it('takes bytes for a point or refuses them, and never with an error that is not its own', () => {
    const anything = fc.uint8Array({ maxLength: 80 })
    const likeOnes = fc
      .tuple(
        fc.constantFrom('', '0421'),
        fc.constantFrom('02', '03'),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
      )
      .map(([head, form, x]) => Buffer.concat([bytes(head), bytes(form), x]))
    fc.assert(
      fc.property(fc.oneof(anything, likeOnes), (point) => {
        try {
          const key = publicKeyOf(secp256k1, point)
          expect(key.asymmetricKeyDetails?.namedCurve).toBe('secp256k1')
        } catch (error) {
          expect(error).toHaveProperty('code', 'ERR_INVALID_KEY')
        }
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['P-256', bytes('06082a8648ce3d030107'), 'got P-256'],
    ['P-384', bytes('06052b81040022'), 'got P-384'],
    ['P-521', bytes('06052b81040023'), 'got P-521'],
    ['a neighbour of secp256k1', bytes('06052b81040009'), 'got 7 other bytes'],
    ['explicit parameters', bytes('3081e0020101'), 'got 6 other bytes'],
    ['secp256k1 with a byte behind it', bytes('06052b8104000a00'), 'got 8 other bytes'],
    ['nothing', Buffer.alloc(0), 'got 0 other bytes'],
  ])('refuses %s in place of the curve', (_, params, message) => {
    const error = refusal(() => publicKeyOf(params, octets(uncompressed)))
    expect(error.code).toBe('ERR_KEY_CURVE')
    expect(error.message).toContain(message)
  })
})

/** An uncompressed point whose x begins with that byte: every other x is one. */
function pointWithX(first: number): Buffer {
  for (let last = 0; ; last += 1) {
    const x = Buffer.alloc(32)
    x[0] = first
    x[31] = last
    try {
      const point = Buffer.concat([Buffer.from([2]), x])
      return ECDH.convertKey(point, 'secp256k1', undefined, undefined, 'uncompressed') as Buffer
    } catch {
      // no point has this x
    }
  }
}
