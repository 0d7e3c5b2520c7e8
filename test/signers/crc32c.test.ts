import { describe, expect, it } from 'vitest'
import { crc32c } from '../../src/signers/crc32c.js'

const numbers = Array.from({ length: 32 }, (_, at) => at)

describe('crc32c', () => {
  // RFC 3720 B.4, there in the order of bytes on the wire
  it.each([
    ['32 bytes of zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 increasing bytes', Uint8Array.from(numbers), 0x46dd794e],
    ['32 decreasing bytes', Uint8Array.from(numbers.toReversed()), 0x113fdb5c],
    [
      'an iSCSI read command',
      Buffer.from(
        '01c00000000000000000000000000000140000000000040000000014000000182800000000000000 0200000000000000'.replace(
          ' ',
          '',
        ),
        'hex',
      ),
      0xd9963a56,
    ],
    // the check value of the catalogue of CRCs
    ['"123456789"', Buffer.from('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(), 0],
  ])('of %s is as published', (_, bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc)
  })
})
