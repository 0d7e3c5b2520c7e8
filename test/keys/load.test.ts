import { execFileSync, spawnSync } from 'node:child_process'
import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  type JsonWebKey,
  KeyObject,
  verify,
} from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { isOrgidAuthError, type OrgidAuthError } from '../../src/errors.js'
import { loadPrivateKey, type PrivateKey, type PrivateKeyInput } from '../../src/keys/load.js'
import { signerOf } from '../../src/signers/local.js'

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

const base64 = (text: string) => Buffer.from(text).toString('base64')
const lastBlock = (text: string) => text.slice(text.lastIndexOf('-----BEGIN'))
const body = (text: string) => text.replace(/-----[^-]+-----|\s/g, '')

/** The order of secp256k1 (SEC 2, 2.4.1). */
const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const scalarHex = (scalar: bigint) => scalar.toString(16).padStart(64, '0')
/** A SEC1 ECPrivateKey (RFC 5915 3) that names the curve and has no public key. */
const sec1Der = (scalar: bigint) =>
  Buffer.from(`302e0201010420${scalarHex(scalar)}a00706052b8104000a`, 'hex')

/** The number that Node reads from a key, by a path that is not the one under test. */
const scalarOf = (key: string | KeyObject) =>
  (key instanceof KeyObject ? key : createPrivateKey(key)).export({ format: 'jwk' }).d

function expectSigns({ scalar, privateKey, publicKey }: PrivateKey): void {
  const message = Buffer.from('to be signed')
  for (const backend of ['noble', 'openssl'] as const) {
    const signature = signerOf({ scalar, privateKey, publicKey }, { backend }).sign(message, {})
    expect(
      verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature as Buffer),
    ).toBe(true)
  }
}

function expectLoads(input: PrivateKeyInput, d: string | undefined = jwk.d): void {
  const key = loadPrivateKey(input)
  expect(Buffer.from(key.scalar).toString('base64url')).toBe(d)
  expect(key.privateKey.export({ format: 'jwk' }).d).toBe(d)
  expect(createPublicKey(key.privateKey).equals(key.publicKey)).toBe(true)
  expectSigns(key)
}

/** What messages say of themselves: the text they are written in, and the labels they may name. */
const ownWords = [
  ...['keys/load.ts', 'keys/pem.ts', 'keys/public.ts', 'errors.ts'].map((file) =>
    readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8'),
  ),
  ...['EC PRIVATE', 'RSA PRIVATE', 'OPENSSH PRIVATE', 'PUBLIC', 'RSA PUBLIC'].map(
    (kind) => `a PEM block "${kind} KEY"`,
  ),
  'a PEM block "EC PARAMETERS"',
].join('\n')

function expectNoEcho(error: OrgidAuthError, text: string): void {
  const shown = `${error.message}\n${JSON.stringify(error)}\n${inspect(error.cause)}`
  for (let start = 0; start + 8 <= text.length; start += 1) {
    const part = text.slice(start, start + 8)
    if (shown.includes(part) && !ownWords.includes(part))
      throw new Error(`the error repeats ${JSON.stringify(part)} of its input: ${shown}`)
  }
}

function refusal(input: unknown, where?: string): OrgidAuthError {
  let key: PrivateKey
  try {
    key = loadPrivateKey(input as PrivateKeyInput, where)
  } catch (error) {
    if (isOrgidAuthError(error)) return error
    throw error
  }
  throw new Error(`expected a refusal, got the scalar ${Buffer.from(key.scalar).toString('hex')}`)
}

function expectRefused(input: unknown, code: string, message: RegExp): void {
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

/** What happens to a PEM on its way through files, environments and clipboards. */
const mangled: Readonly<Record<string, (pem: string) => string>> = {
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
  'after its public key': (text) => `${publicPem}${text}`,
}

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
          /the passphrase does not open it.*pass \{ key, passphrase \}/,
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

  describe('whatever comes', () => {
    const known = [sec1, pkcs8, encrypted('sec1'), JSON.stringify(jwk), hex, body(pkcs8), publicPem]
    const alphabet = `${'ABab01+/=_-{}":,\\'}\n\r\t \u0000\uFEFF`
    const edit = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      remove: fc.integer({ min: 0, max: 40 }),
      insert: fc.oneof(
        fc.constant(''),
        fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 10 }),
        fc.string({ maxLength: 10 }),
      ),
    })
    const mutated = fc
      .tuple(fc.constantFrom(...known), fc.array(edit, { minLength: 1, maxLength: 4 }))
      .map(([text, edits]) =>
        edits.reduce((now, { at, remove, insert }) => {
          const start = Math.floor(at * now.length)
          return now.slice(0, start) + insert + now.slice(start + remove)
        }, text),
      )
    const wrapped = fc
      .tuple(fc.constantFrom('EC PRIVATE KEY', 'PRIVATE KEY', 'X', ''), fc.string(), fc.boolean())
      .map(([label, text, end]) => {
        const begin = `-----BEGIN ${label}-----\n${text}\n`
        return end ? `${begin}-----END ${label}-----` : begin
      })

    /** Either a key that signs, or a typed error that repeats nothing. */
    function expectKeyOrRefusal(input: unknown): void {
      let key: PrivateKey
      try {
        key = loadPrivateKey(input as PrivateKeyInput)
      } catch (error) {
        if (!isOrgidAuthError(error)) throw error
        for (const text of texts(input)) expectNoEcho(error, text)
        return
      }
      expectSigns(key)
    }

    it('gives a key that signs, or a typed error that repeats nothing: mutated keys', () => {
      expect.hasAssertions()
      fc.assert(fc.property(mutated, expectKeyOrRefusal), { numRuns: 1_500 })
      expectKeyOrRefusal(sec1)
    })

    it('gives a key that signs, or a typed error that repeats nothing: mutated keys with a passphrase', () => {
      expect.hasAssertions()
      fc.assert(
        fc.property(mutated, fc.string(), (key, secret) =>
          expectKeyOrRefusal({ key, passphrase: secret }),
        ),
      )
      expectKeyOrRefusal({ key: sec1, passphrase })
    })

    it('gives a key that signs, or a typed error that repeats nothing: text', () => {
      expect.hasAssertions()
      const text = fc.oneof(fc.string({ maxLength: 200 }), fc.base64String(), wrapped)
      fc.assert(fc.property(text, expectKeyOrRefusal), { numRuns: 1_000 })
      expectKeyOrRefusal(sec1)
    })

    it('gives a key that signs, or a typed error that repeats nothing: JWK-like objects', () => {
      expect.hasAssertions()
      const part = (right: string | undefined) =>
        fc.oneof(fc.constant(right), fc.string(), fc.base64String(), fc.anything())
      const like = fc.record(
        {
          kty: fc.oneof(fc.constant('EC'), part('RSA')),
          crv: fc.oneof(fc.constantFrom('secp256k1', 'P-256K'), part('P-256')),
          d: part(jwk.d),
          x: part(jwk.x),
          y: part(jwk.y),
        },
        { requiredKeys: [] },
      )
      fc.assert(
        fc.property(like, (input) => expectKeyOrRefusal(input as JsonWebKey)),
        { numRuns: 1_000 },
      )
      expectKeyOrRefusal(jwk)
    })
  })
})

function sec1Pem(digits: string): string {
  const der = sec1Der(BigInt(`0x${digits}`)).toString('base64')
  return `-----BEGIN EC PRIVATE KEY-----\n${der}\n-----END EC PRIVATE KEY-----\n`
}

const openssl = spawnSync('openssl', ['version'], { encoding: 'utf8' })
const missing = openssl.status !== 0
if (missing) {
  const reason = 'keys made by OpenSSL are not tested: there is no openssl command'
  if (process.env.CI) throw new Error(reason)
  console.warn(reason)
}

describe.skipIf(missing)('a key made by OpenSSL', () => {
  const generate = 'openssl ecparam -name secp256k1 -genkey'
  const makeCertificate = 'openssl req -x509 -new -key sample.pem -subj /CN=x -days 1'
  let folder: string
  let sample: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'orgid-bearer-keys-'))
    sample = run(`${generate} -noout`, '')
    writeFileSync(join(folder, 'sample.pem'), sample)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /** Runs a command where `sample.pem` is, and on the sample as its standard input. */
  function run(command: string, input = sample): string {
    const [file = '', ...args] = command.split(' ')
    return execFileSync(file, args, { cwd: folder, input, encoding: 'utf8', stdio: 'pipe' })
  }

  it.each<[string, string]>([
    ['ecparam -genkey, with its EC PARAMETERS block', generate],
    ['ecparam -genkey -noout', `${generate} -noout`],
    ['ecparam with explicit parameters', `${generate} -param_enc explicit`],
    ['ecparam with explicit parameters, -noout', `${generate} -noout -param_enc explicit`],
    [
      'genpkey (PKCS#8)',
      'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -pkeyopt ec_param_enc:named_curve',
    ],
    [
      'genpkey with explicit parameters',
      'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -pkeyopt ec_param_enc:explicit',
    ],
  ])('with %s loads, mangled too', (_, command) => {
    const text = run(command)
    const d = scalarOf(lastBlock(text))
    for (const mangle of Object.values(mangled)) expectLoads(mangle(text), d)
  })

  it.each<[string, string]>([
    ['a compressed point', 'openssl ec -conv_form compressed'],
    ['no public key', 'openssl ec -no_public'],
    ['explicit parameters', 'openssl ec -param_enc explicit'],
    ['PKCS#8 around it', 'openssl pkcs8 -topk8 -nocrypt'],
  ])('and converted to one with %s loads, mangled and as a bare body', (_, command) => {
    const text = run(command)
    for (const mangle of Object.values(mangled)) expectLoads(mangle(text), scalarOf(sample))
    expectLoads(body(text), scalarOf(sample))
  })

  it.each<[string, string]>([
    ['openssl ec -aes256', 'openssl ec -aes256 -passout pass:sesame'],
    ['openssl ec -aes-128-cbc', 'openssl ec -aes-128-cbc -passout pass:sesame'],
    ['openssl ec -des3', 'openssl ec -des3 -passout pass:sesame'],
    ['openssl pkcs8 -topk8', 'openssl pkcs8 -topk8 -passout pass:sesame'],
    ['openssl pkcs8 -scrypt', 'openssl pkcs8 -topk8 -scrypt -passout pass:sesame'],
    ['openssl pkcs8 with PBES1', 'openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -passout pass:sesame'],
  ])('and encrypted by %s loads with its passphrase alone', (_, command) => {
    const key = run(command)
    for (const mangle of [
      (text: string) => text,
      base64,
      (text: string) => text.replaceAll('\n', '\\n'),
    ])
      expectLoads({ key: mangle(key), passphrase: 'sesame' }, scalarOf(sample))
    expectRefused(key, 'ERR_ENCRYPTED_KEY', /no passphrase came with it; pass \{ key, pass/)
    expectRefused({ key, passphrase: 'Sesame' }, 'ERR_ENCRYPTED_KEY', /does not open it/)
    expectRefused({ key, passphrase: '' }, 'ERR_ENCRYPTED_KEY', /does not open it/)
  })

  it('and brought back from PKCS#12 loads, with bag attributes and certificate around it', () => {
    writeFileSync(join(folder, 'certificate.pem'), run(makeCertificate))
    run(
      'openssl pkcs12 -export -inkey sample.pem -in certificate.pem -passout pass:x -out bundle.p12',
    )
    const text = run('openssl pkcs12 -in bundle.p12 -nodes -passin pass:x')
    expect(text).toMatch(/Bag Attributes.*BEGIN CERTIFICATE.*BEGIN PRIVATE KEY/s)
    for (const mangle of Object.values(mangled)) expectLoads(mangle(text), scalarOf(sample))
  })

  it.each<[string, string, string, RegExp]>([
    ['is a public key', 'openssl ec -pubout', 'ERR_PUBLIC_KEY', /"PUBLIC KEY".*ORG\.JSON/],
    [
      'is a compressed public key',
      'openssl ec -pubout -conv_form compressed',
      'ERR_PUBLIC_KEY',
      /ORG\.JSON/,
    ],
    ['is a certificate', makeCertificate, 'ERR_PUBLIC_KEY', /"CERTIFICATE".*ORG\.JSON/],
    [
      'is of P-256',
      'openssl ecparam -name prime256v1 -genkey',
      'ERR_KEY_CURVE',
      /prime256v1.*openssl ecparam -name secp256k1/,
    ],
    [
      'is of P-256 with explicit parameters',
      'openssl ecparam -name prime256v1 -genkey -param_enc explicit',
      'ERR_KEY_CURVE',
      /prime256v1.*openssl ecparam -name secp256k1/,
    ],
    [
      'is of secp256r1’s neighbour secp384r1',
      'openssl ecparam -name secp384r1 -genkey',
      'ERR_KEY_CURVE',
      /secp384r1/,
    ],
    [
      'is an RSA key',
      'openssl genpkey -algorithm RSA',
      'ERR_KEY_CURVE',
      /type rsa.*openssl ecparam/,
    ],
    ['is an Ed25519 key', 'openssl genpkey -algorithm ed25519', 'ERR_KEY_CURVE', /ed25519/],
  ])('that %s is refused, mangled too, and so is its body', (_, command, code, message) => {
    const text = run(command)
    for (const [name, mangle] of Object.entries(mangled)) {
      // a public key before a private one is no mistake
      if (name === 'after its public key' && code === 'ERR_PUBLIC_KEY') continue
      expectRefused(mangle(text), code, message)
    }
    expectRefused(body(lastBlock(text)), code, /ORG\.JSON|openssl ecparam -name secp256k1/)
  })
})
