import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
} from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { PrivateKeyInput } from '../../src/keys/load.js'
import { loadPublicKey } from '../../src/keys/public.js'
import {
  body,
  expectLoads as expectLoadsAs,
  expectRefused,
  mangled,
  refusal,
} from './expectations.js'

const pair = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const other = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const passphrase = 'correct horse battery staple'

const pem = (type: 'sec1' | 'pkcs8') => pair.privateKey.export({ format: 'pem', type }) as string
const sec1 = pem('sec1')
const pkcs8 = pem('pkcs8')
const encrypted = (type: 'sec1' | 'pkcs8') =>
  pair.privateKey.export({ format: 'pem', type, cipher: 'aes-256-cbc', passphrase }) as string
const publicPem = pair.publicKey.export({ format: 'pem', type: 'spki' }) as string

const jwk = pair.privateKey.export({ format: 'jwk' })
const { x: _x, y: _y, ...bareJwk } = jwk
const { d: _d, ...publicJwk } = jwk
const hex = Buffer.from(jwk.d as string, 'base64url').toString('hex')

/** The order of secp256k1 (SEC 2, 2.4.1). */
const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const scalarHex = (scalar: bigint) => scalar.toString(16).padStart(64, '0')
/** A SEC1 ECPrivateKey (RFC 5915 3) that names the curve and has no public key. */
const sec1Der = (scalar: bigint) =>
  Buffer.from(`302e0201010420${scalarHex(scalar)}a00706052b8104000a`, 'hex')

const expectLoads = (input: PrivateKeyInput, d = jwk.d) => expectLoadsAs(input, d)

describe('loadPrivateKey', () => {
  describe.each(Object.entries(mangled))('of a PEM %s', (_, mangle) => {
    it('loads SEC1, with and without an EC PARAMETERS block', () => {
      expectLoads(mangle(sec1))
      expectLoads(
        mangle(`-----BEGIN EC PARAMETERS-----\nBgUrgQQACg==\n-----END EC PARAMETERS-----\n${sec1}`),
      )
    })

    it('loads PKCS#8', () => expectLoads(mangle(pkcs8)))

    it('loads either of them encrypted, with the passphrase', () => {
      expectLoads({ key: mangle(encrypted('sec1')), passphrase })
      expectLoads({ key: mangle(encrypted('pkcs8')), passphrase })
    })

    it('refuses either of them encrypted without or with a wrong passphrase', () => {
      for (const key of [mangle(encrypted('sec1')), mangle(encrypted('pkcs8'))]) {
        expectRefused(key, 'ERR_ENCRYPTED_KEY', /no passphrase came with it; pass \{ key, pass/)
        expectRefused({ key }, 'ERR_ENCRYPTED_KEY', /no passphrase came with it; pass/)
        expectRefused(
          { key, passphrase: 'incorrect horse' },
          'ERR_ENCRYPTED_KEY',
          /the passphrase does not open it: that is wrong, or the key is damaged; check the passph/,
        )
      }
    })

    it('refuses the public key, and says where that belongs', () => {
      expectRefused(mangle(publicPem), 'ERR_PUBLIC_KEY', /public one belongs in ORG\.JSON/)
    })
  })

  it('loads the bare base64 body, in one line or several, of every kind of PEM', () => {
    for (const text of [sec1, pkcs8, sec1Pem(hex)]) {
      expectLoads(body(text))
      expectLoads(body(text).replace(/.{64}/g, '$&\n'))
      expectLoads(body(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''))
    }
    expectLoads({ key: body(encrypted('pkcs8')), passphrase })
  })

  it('refuses the bare base64 body of an encrypted key without or with a wrong passphrase', () => {
    const key = body(encrypted('pkcs8'))
    expectRefused(key, 'ERR_ENCRYPTED_KEY', /no passphrase came with it/)
    expectRefused({ key, passphrase: 'wrong' }, 'ERR_ENCRYPTED_KEY', /does not open it/)
  })

  it('tells a wrong passphrase as such even where it decrypts to something', () => {
    // A wrong passphrase leaves valid padding once in 256 times: Node's error is another one then
    const key = encrypted('sec1')
    const refused = Array.from({ length: 500 }, (_, index) =>
      refusal({ key, passphrase: `wrong ${index}` }),
    )
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['ERR_ENCRYPTED_KEY']))
  })

  it('loads 64 hex digits, with and without 0x, in either case', () => {
    for (const text of [hex, `0x${hex}`, hex.toUpperCase(), ` ${hex}\n`, `\uFEFF${hex}\r\n`])
      expectLoads(text)
  })

  it('loads a JWK, as an object or as text, with its public half or without', () => {
    for (const key of [jwk, bareJwk, { ...jwk, kid: 'webserver', use: 'sig', key_ops: ['sign'] }]) {
      expectLoads(key)
      expectLoads(JSON.stringify(key))
      expectLoads(`\uFEFF${JSON.stringify(key, null, 2)}\n`)
      expectLoads({ ...key, crv: 'P-256K' })
    }
  })

  it('loads a KeyObject', () => expectLoads(pair.privateKey))

  it('takes a passphrase that is not needed', () => {
    for (const key of [sec1, pkcs8, hex, JSON.stringify(jwk), body(sec1)])
      expectLoads({ key, passphrase: 'not needed' })
  })

  it('keeps the zeros at the front of a number', () => {
    for (const scalar of [1n, 255n, 2n ** 240n]) {
      const d = Buffer.from(scalarHex(scalar), 'hex').toString('base64url')
      expectLoads(scalarHex(scalar), d)
      expectLoads({ kty: 'EC', crv: 'secp256k1', d }, d)
      expectLoads(sec1Pem(scalarHex(scalar)), d)
    }
  })

  it('changes nothing that it was given', () => {
    const input = Object.freeze({ ...jwk })
    expectLoads(input)
    expect(input).toEqual(jwk)
  })

  describe('of a number at the edge of the range', () => {
    it.each([
      ['1', 1n],
      ['n - 1', n - 1n],
    ])('loads %s', (_, scalar) => {
      const d = Buffer.from(scalarHex(scalar), 'hex').toString('base64url')
      expectLoads(scalarHex(scalar), d)
      expectLoads({ kty: 'EC', crv: 'secp256k1', d }, d)
      expectLoads(sec1Der(scalar).toString('base64'), d)
    })

    it.each([
      ['0', 0n],
      ['n', n],
      ['n + 1', n + 1n],
      ['2^256 - 1', 2n ** 256n - 1n],
    ])('refuses %s in every form', (_, scalar) => {
      const digits = scalarHex(scalar)
      const d = Buffer.from(digits, 'hex').toString('base64url')
      const der = sec1Der(scalar)
      const forms: unknown[] = [
        digits,
        `0x${digits}`,
        { kty: 'EC', crv: 'secp256k1', d },
        { ...jwk, d },
        der.toString('base64'),
        sec1Pem(digits),
      ]
      // Node takes such a number with a public key beside it, and then signs to nothing
      const beside = pair.privateKey.export({ format: 'der', type: 'sec1' })
      Buffer.from(digits, 'hex').copy(beside, 7)
      forms.push(
        beside.toString('base64'),
        createPrivateKey({ key: beside, format: 'der', type: 'sec1' }),
      )
      for (const form of forms) expectRefused(form, 'ERR_KEY_RANGE', /Generate a new key/)
    })
  })

  describe('of a number with more bytes than the order', () => {
    // Node ends the process on such a key, when asked for its curve
    const tooLong = Buffer.from(`302f020101042101${hex}a00706052b8104000a`, 'hex')

    it('refuses it in every form', () => {
      const text = tooLong.toString('base64')
      const forms = [
        text,
        `-----BEGIN EC PRIVATE KEY-----\n${text}\n-----END EC PRIVATE KEY-----\n`,
        createPrivateKey({ key: tooLong, format: 'der', type: 'sec1' }),
        `01${hex}`,
        { ...bareJwk, d: Buffer.from(`01${hex}`, 'hex').toString('base64url') },
      ]
      expect(forms.map((form) => refusal(form).code)).toEqual([
        ...['ERR_KEY_RANGE', 'ERR_KEY_RANGE', 'ERR_KEY_RANGE'],
        ...['ERR_INVALID_KEY', 'ERR_INVALID_KEY'],
      ])
    })

    it('is read for its public half, where a public key is wanted', () => {
      const key = createPrivateKey({ key: tooLong, format: 'der', type: 'sec1' })
      const pem = `-----BEGIN EC PRIVATE KEY-----\n${tooLong.toString('base64')}\n-----END EC PRIVATE KEY-----\n`
      for (const input of [key, createPublicKey(key), pem]) {
        const { x } = loadPublicKey(input).export({ format: 'jwk' })
        expect(x).toMatch(/^[A-Za-z0-9_-]{43}$/)
      }
    })
  })

  it('loads a number that is written with fewer or more zeros in front', () => {
    const d = Buffer.from(`00${hex.slice(2)}`, 'hex').toString('base64url')
    expectLoads(
      Buffer.from(`302d020101041f${hex.slice(2)}a00706052b8104000a`, 'hex').toString('base64'),
      d,
    )
    expectLoads(Buffer.from(`302f020101042100${hex}a00706052b8104000a`, 'hex').toString('base64'))
  })

  describe('refuses', () => {
    const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const ed25519 = generateKeyPairSync('ed25519').privateKey
    const otherJwk = other.publicKey.export({ format: 'jwk' })
    const mixed = pair.privateKey.export({ format: 'der', type: 'sec1' })
    other.privateKey.export({ format: 'der', type: 'sec1' }).copy(mixed, 7, 7, 39)

    it.each<[string, unknown, string, RegExp]>([
      ['undefined', undefined, 'ERR_INVALID_KEY', /got undefined/],
      ['null', null, 'ERR_INVALID_KEY', /got null/],
      ['a number', 7, 'ERR_INVALID_KEY', /got 7/],
      ['an empty text', '', 'ERR_INVALID_KEY', /environment variable set\?/],
      ['white space', ' \n', 'ERR_INVALID_KEY', /environment variable set\?/],
      ['a text that is no key', 'swordfish!', 'ERR_INVALID_KEY', /PEM, JWK, 64 hex digits/],
      ['an empty object', {}, 'ERR_INVALID_KEY', /PEM, JWK, 64 hex digits/],
      ['an array', [sec1], 'ERR_INVALID_KEY', /got an array of 1/],
      ['the bytes of a file', Buffer.from(sec1), 'ERR_INVALID_KEY', /as text, with 'utf8'/],
      ['{ key } that is not set', { key: undefined }, 'ERR_INVALID_KEY', /environment variable/],
      ['{ key } that is bytes', { key: Buffer.from(sec1) }, 'ERR_INVALID_KEY', /\.key: expected/],
      [
        'a passphrase that is no text',
        { key: sec1, passphrase: 5 },
        'ERR_INVALID_KEY',
        /a passphrase that is 5/,
      ],
      ['63 hex digits', hex.slice(1), 'ERR_INVALID_KEY', /63 hex digits\. A private key has 64/],
      ['a 20-byte address', `0x${'c0'.repeat(20)}`, 'ERR_INVALID_KEY', /40 hex.*an address 40/],
      ['a public point in hex', `04${hex}${hex}`, 'ERR_INVALID_KEY', /130 hex digits/],
      ['the public JWK', publicJwk, 'ERR_PUBLIC_KEY', /ORG\.JSON/],
      ['the public JWK as text', JSON.stringify(publicJwk), 'ERR_PUBLIC_KEY', /ORG\.JSON/],
      ['the public KeyObject', pair.publicKey, 'ERR_PUBLIC_KEY', /ORG\.JSON/],
      ['the base64 of the public key', body(publicPem), 'ERR_PUBLIC_KEY', /ORG\.JSON/],
      [
        'an RSA public key',
        rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }),
        'ERR_PUBLIC_KEY',
        /"RSA PUBLIC KEY"/,
      ],
      ['a secret KeyObject', createSecretKey(Buffer.alloc(32, 7)), 'ERR_INVALID_KEY', /a secret/],
      [
        'a P-256 key',
        p256.export({ format: 'pem', type: 'sec1' }),
        'ERR_KEY_CURVE',
        /prime256v1.*openssl ecparam -name secp256k1/,
      ],
      ['a P-256 KeyObject', p256, 'ERR_KEY_CURVE', /openssl ecparam -name secp256k1/],
      ['a P-256 JWK', p256.export({ format: 'jwk' }), 'ERR_KEY_CURVE', /crv "P-256"/],
      [
        'an RSA key',
        rsa.privateKey.export({ format: 'pem', type: 'pkcs1' }),
        'ERR_KEY_CURVE',
        /type rsa.*openssl ecparam -name secp256k1/,
      ],
      ['an RSA JWK', rsa.privateKey.export({ format: 'jwk' }), 'ERR_KEY_CURVE', /kty "RSA"/],
      [
        'an Ed25519 key',
        ed25519.export({ format: 'pem', type: 'pkcs8' }),
        'ERR_KEY_CURVE',
        /type ed25519/,
      ],
      ['a JWK with another x', { ...jwk, x: otherJwk.x }, 'ERR_KEY_MISMATCH', /Export it again/],
      ['a JWK with another y', { ...jwk, y: otherJwk.y }, 'ERR_KEY_MISMATCH', /Export it again/],
      ['a JWK with another d', { ...otherJwk, d: jwk.d }, 'ERR_KEY_MISMATCH', /Export it again/],
      [
        'a DER whose public key is another',
        mixed.toString('base64'),
        'ERR_KEY_MISMATCH',
        /Export it again/,
      ],
      ['a JWK with a short d', { ...jwk, d: jwk.d?.slice(1) }, 'ERR_INVALID_KEY', /43 base64url/],
      ['a JWK with a d of base64', { ...jwk, d: `${jwk.d}=` }, 'ERR_INVALID_KEY', /43 base64url/],
      ['a JWK with a d that is no text', { ...jwk, d: 5 }, 'ERR_INVALID_KEY', /43 base64url/],
      ['a JWK without kty', JSON.stringify({ d: jwk.d }), 'ERR_KEY_CURVE', /kty undefined/],
      ['a JWK with the key as its crv', { ...jwk, crv: jwk.d }, 'ERR_KEY_CURVE', /43 characters/],
      ['a JWK with a part as its kty', { kty: jwk.d?.slice(0, 12) }, 'ERR_KEY_CURVE', /12 charac/],
      ['half a JWK', JSON.stringify(jwk).slice(0, -9), 'ERR_INVALID_KEY', /is not JSON/],
      ['a PEM without its end', sec1.slice(0, 150), 'ERR_INVALID_KEY', /may be truncated/],
      ['a PEM without its begin', sec1.slice(20), 'ERR_INVALID_KEY', /PEM, JWK/],
      [
        'the EC PARAMETERS block alone',
        '-----BEGIN EC PARAMETERS-----\nBgUrgQQACg==\n-----END EC PARAMETERS-----',
        'ERR_INVALID_KEY',
        /Add the block that ends in "PRIVATE KEY"/,
      ],
      [
        'an OpenSSH key',
        '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----',
        'ERR_INVALID_KEY',
        /cannot be read/,
      ],
      [
        'a PEM whose label is the secret',
        `-----BEGIN ${hex.toUpperCase()} KEY-----\nAAAA\n-----END ${hex.toUpperCase()} KEY-----`,
        'ERR_INVALID_KEY',
        /of another kind/,
      ],
    ])('%s', (_, input, code, message) => expectRefused(input, code, message))

    it('a key cut anywhere', () => {
      const raw = body(sec1).replace(/=+$/, '')
      for (let length = 1; length < raw.length; length += 1) {
        const cut = raw.slice(0, length)
        const end = length % 2 ? '\n-----END EC PRIVATE KEY-----\n' : ''
        expectRefused(
          `-----BEGIN EC PRIVATE KEY-----\n${cut}${end}`,
          'ERR_INVALID_KEY',
          /may be truncated/,
        )
        expectRefused(cut, 'ERR_INVALID_KEY', /expected a secp256k1 private key/)
      }
      for (let length = 1; length < 64; length += 1)
        expectRefused(hex.slice(0, length), 'ERR_INVALID_KEY', /hex digits/)
    })
  })

  describe('with a polluted Object.prototype', () => {
    const polluted = Object.prototype as Record<string, unknown>
    const pollution = { d: other.privateKey.export({ format: 'jwk' }).d, key: pkcs8, kty: 'EC' }
    afterEach(() => {
      for (const name of ['kty', 'crv', 'd', 'x', 'y', 'key', 'passphrase']) delete polluted[name]
    })

    it('takes no part of a key from there', () => {
      Object.assign(polluted, pollution, { crv: 'secp256k1', x: jwk.x, y: jwk.y, passphrase })
      const found = [{}, publicJwk, { kty: 'EC' }, { key: encrypted('sec1') }].map(
        (input) => refusal(input).code,
      )
      expect(found).toEqual([
        'ERR_INVALID_KEY',
        'ERR_PUBLIC_KEY',
        'ERR_KEY_CURVE',
        'ERR_ENCRYPTED_KEY',
      ])
    })
  })
})

function sec1Pem(digits: string): string {
  const der = sec1Der(BigInt(`0x${digits}`)).toString('base64')
  return `-----BEGIN EC PRIVATE KEY-----\n${der}\n-----END EC PRIVATE KEY-----\n`
}
