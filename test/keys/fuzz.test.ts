import { generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadPrivateKey } from '../../src/keys/load.js'
import { codeOf } from '../support.js'
import { body, expectKeyOrRefusal } from './expectations.js'

const pair = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const der = (type: 'sec1' | 'pkcs8') => pair.privateKey.export({ format: 'der', type })
const pem = (type: 'sec1' | 'pkcs8') => pair.privateKey.export({ format: 'pem', type }) as string
const passphrase = 'correct horse battery staple'
const protection = { cipher: 'aes-256-cbc', passphrase }
const encrypted = (type: 'sec1' | 'pkcs8') =>
  pair.privateKey.export({ format: 'pem', type, ...protection }) as string
const encryptedDer = pair.privateKey.export({ format: 'der', type: 'pkcs8', ...protection })
const jwk = pair.privateKey.export({ format: 'jwk' })
const hex = Buffer.from(jwk.d as string, 'base64url').toString('hex')
const publicKey = pair.publicKey.export({ format: 'pem', type: 'spki' }) as string
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

/** The same key with its curve written out, as `openssl -param_enc explicit` does. */
const explicit = (() => {
  const curve = `302c06072a8648ce3d0101022100${'f'.repeat(55)}efffffc2f`
  const coefficients = `30440420${'0'.repeat(64)}0420${'0'.repeat(63)}7`
  const generator =
    '0441' +
    '0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798' +
    '483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8'
  const order = '022100fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'
  const parameters = `3081e0020101${curve}${coefficients}${generator}${order}020101`
  return Buffer.from(`3082010b0201010420${hex}a081e3${parameters}`, 'hex')
})()

const pemOf = (label: string, bytes: Buffer) =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`

/** As what a key's bytes come: each is a form of the wire format's list. */
const forms: ((bytes: Buffer) => string)[] = [
  (bytes) => pemOf('EC PRIVATE KEY', bytes),
  (bytes) => pemOf('PRIVATE KEY', bytes),
  (bytes) => pemOf('EC PRIVATE KEY', bytes).replaceAll('\n', '\\n'),
  (bytes) => Buffer.from(pemOf('PRIVATE KEY', bytes)).toString('base64'),
  (bytes) => bytes.toString('base64'),
  (bytes) => bytes.toString('base64url'),
]

interface Change {
  /** Where, as a part of the whole. */
  readonly at: number
  readonly remove: number
  readonly insert: readonly number[]
  /** Whether the lengths around it (X.690 8.1.3) are made to agree, so that a parser reads on. */
  readonly mend: boolean
}

const change: fc.Arbitrary<Change> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  remove: fc.integer({ min: 0, max: 2 }),
  insert: fc.array(fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)), {
    maxLength: 2,
  }),
  mend: fc.boolean(),
})

function apply(bytes: Buffer, { at, remove, insert, mend }: Change): Buffer {
  const place = Math.floor(at * bytes.length)
  const before = Buffer.from(bytes.subarray(0, place))
  const rest = bytes.subarray(place + remove)
  const grown = insert.length - Math.min(remove, bytes.length - place)
  if (mend) mendLengths(before, bytes.length, grown)
  return Buffer.concat([before, Buffer.from(insert), rest])
}

/** Adds to the length of each value that is still open where `before` ends. */
function mendLengths(before: Buffer, end: number, grown: number): void {
  let offset = 0
  while (offset + 2 <= before.length) {
    const short = before[offset + 1] as number
    const octets = short < 0x80 ? 0 : short - 0x80
    const start = offset + 2 + octets
    if (start > before.length || octets > 2) return
    const length = octets === 0 ? short : before.readUIntBE(offset + 2, octets)
    const closes = start + length
    if (closes > end) return
    if (closes <= before.length) {
      offset = closes
      continue
    }
    const longer = length + grown
    if (octets === 0 && longer >= 0 && longer < 0x80) before[offset + 1] = longer
    if (octets > 0 && longer >= 0) before.writeUIntBE(longer, offset + 2, octets)
    const constructed = ((before[offset] as number) & 0x20) !== 0
    // the OCTET STRING of a PKCS#8 has a SEC1 key inside
    const nested = before[offset] === 0x04 && before[start] === 0x30
    if (!constructed && !nested) return
    offset = start
  }
}

const changes = fc.array(change, { minLength: 1, maxLength: 3 })
const mutatedBytes = fc
  .tuple(
    fc.constantFrom<Buffer>(
      der('sec1'),
      der('pkcs8'),
      explicit,
      encryptedDer,
      pair.publicKey.export({ format: 'der', type: 'spki' }),
      p256.export({ format: 'der', type: 'pkcs8' }),
    ),
    changes,
  )
  .map(([bytes, list]) => list.reduce(apply, bytes))

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
const mutatedText = fc
  .tuple(
    fc.constantFrom<string>(
      ...[pem('sec1'), pem('pkcs8'), encrypted('sec1'), encrypted('pkcs8')],
      ...[JSON.stringify(jwk), hex, `0x${hex}`, body(pem('pkcs8')), publicKey],
    ),
    fc.array(edit, { minLength: 1, maxLength: 4 }),
  )
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

const part = (right: string | undefined) =>
  fc.oneof(fc.constant(right), fc.string(), fc.base64String(), fc.anything())
const likeJwk = fc.record(
  {
    kty: fc.oneof(fc.constant('EC'), part('RSA')),
    crv: fc.oneof(fc.constantFrom('secp256k1', 'P-256K'), part('P-256')),
    d: part(jwk.d),
    x: part(jwk.x),
    y: part(jwk.y),
  },
  { requiredKeys: [] },
)
/** A JWK of which one letter is another. */
const misspelt = fc
  .tuple(fc.constantFrom('d', 'x', 'y', 'crv', 'kty'), fc.nat(42), fc.string({ maxLength: 1 }))
  .map(([name, at, letter]) => {
    const text = jwk[name] as string
    return { ...jwk, [name]: text.slice(0, at) + letter + text.slice(at + 1) } as JsonWebKey
  })

/** Checks a property on many inputs, and that both outcomes were among them. */
async function expectKeysAndRefusals(inputs: fc.Arbitrary<unknown>, numRuns: number) {
  const seen = { loaded: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(inputs, async (input) => {
      const loaded = await expectKeyOrRefusal(input)
      seen[loaded ? 'loaded' : 'refused'] += 1
    }),
    { numRuns },
  )
  expect(seen.loaded).toBeGreaterThan(0)
  expect(seen.refused).toBeGreaterThan(0)
}

describe('whatever comes, the result is a key whose tokens verify or a typed error that repeats nothing', () => {
  it('for each sample before it is changed', async () => {
    for (const bytes of [der('sec1'), der('pkcs8'), explicit])
      expect(await expectKeyOrRefusal(bytes.toString('base64'))).toBe(true)
    const key = encryptedDer.toString('base64')
    expect(await expectKeyOrRefusal({ key, passphrase })).toBe(true)
    expect(apply(der('sec1'), { at: 0, remove: 0, insert: [], mend: true })).toEqual(der('sec1'))
    // a number of 33 bytes, as OpenSSL reads it and Node dies of
    const longer = apply(der('sec1'), {
      at: 7.5 / der('sec1').length,
      remove: 0,
      insert: [1],
      mend: true,
    })
    expect(codeOf(() => loadPrivateKey(longer.toString('base64')))).toBe('ERR_KEY_RANGE')
  })

  it('for keys with other bytes in their DER, in every form', async () => {
    const inputs = fc.tuple(mutatedBytes, fc.constantFrom(...forms))
    await expectKeysAndRefusals(
      inputs.map(([bytes, form]) => form(bytes)),
      4_000,
    )
  }, 60_000)

  it('for keys with other bytes in their DER, and a passphrase', async () => {
    const label = fc.constantFrom('ENCRYPTED PRIVATE KEY', 'EC PRIVATE KEY', 'PRIVATE KEY')
    const inputs = fc
      .tuple(mutatedBytes, label, fc.constantFrom(passphrase, '', 'wrong'))
      .map(([bytes, name, secret]) => ({ key: pemOf(name, bytes), passphrase: secret }))
    await expectKeysAndRefusals(inputs, 1_000)
  }, 60_000)

  it('for keys with other characters in their text', async () => {
    await expectKeysAndRefusals(mutatedText, 2_000)
  }, 60_000)

  it('for keys with other characters in their text, and a passphrase', async () => {
    const secret = fc.oneof(fc.constant(passphrase), fc.string())
    const inputs = fc.tuple(mutatedText, secret).map(([key, text]) => ({ key, passphrase: text }))
    await expectKeysAndRefusals(inputs, 500)
  }, 60_000)

  it('for any other text', async () => {
    const text = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.base64String(),
      fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 60, maxLength: 68 }),
      wrapped,
    )
    await expectKeysAndRefusals(text, 2_000)
  }, 60_000)

  it('for objects that look like a JWK, and for their JSON', async () => {
    const objects = fc.oneof(likeJwk, misspelt)
    await expectKeysAndRefusals(objects, 1_000)
    const texts = fc.oneof(misspelt, fc.constant(jwk)).map((object) => JSON.stringify(object))
    await expectKeysAndRefusals(texts, 300)
  }, 60_000)

  it('for anything else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (input) => {
        expect(await expectKeyOrRefusal(input)).toBe(false)
      }),
      { numRuns: 1_000 },
    )
  })

  it('comes to an end, where the text is long and hostile', () => {
    const begin = '-----BEGIN EC PRIVATE KEY-----'
    for (const text of [
      begin.repeat(20_000),
      `${begin}${'-a'.repeat(300_000)}`,
      `${begin}${'-'.repeat(1_000_000)}`,
      `${begin}\nProc-Type: 4, ENCRYPTED${' '.repeat(300_000)}x\n-----END EC PRIVATE KEY-----`,
      'A='.repeat(500_000),
      '\\n'.repeat(500_000),
      `${'{"d":'.repeat(100_000)}`,
      'f'.repeat(1_000_000),
    ]) {
      expect(codeOf(() => loadPrivateKey(text))).toBe('ERR_INVALID_KEY')
    }
  }, 60_000)
})
