import { createPrivateKey } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode, did, newKey, settle } from '../support.js'
import {
  lifetime,
  memoryStore,
  request,
  signJwt,
  standingClock,
  start,
  startProcess,
} from './fleet.js'

const { pem } = newKey()
const own = createPrivateKey(pem)
const foreign = createPrivateKey(newKey().pem)
const asked = request({ scope: ['read', 'book'], claims: { tenant: 'a' } })

async function setUp() {
  const memory = memoryStore()
  const clock = standingClock()
  const common = { store: memory.store, clock, key: pem }
  const writer = startProcess(common)
  const token = await writer.get(asked)
  await settle()
  return { memory, clock, common, token, writer, reader: startProcess(common) }
}

const header = { alg: 'ES256K', typ: 'JWT' }
const claims = {
  iss: `${did('a')}#webserver`,
  aud: did('b'),
  iat: start - 30,
  exp: start + lifetime,
  scope: '["read","book"]',
  tenant: 'a',
}
const { tenant: _, ...withoutTenant } = claims
const order = BigInt('0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141')

/** The other signature of the same message by the same key. */
function otherForm(jwt: string): string {
  const [head, payload, signature = ''] = jwt.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  const s = order - BigInt(`0x${bytes.toString('hex', 32)}`)
  bytes.write(s.toString(16).padStart(64, '0'), 32, 'hex')
  return `${head}.${payload}.${bytes.toString('base64url')}`
}

const poisons: [string, (valid: string) => unknown][] = [
  ['the token of another audience', () => signJwt(header, { ...claims, aud: did('c') }, own)],
  ['the token of another issuer', () => signJwt(header, { ...claims, iss: `${did('a')}#b` }, own)],
  ['two audiences', () => signJwt(header, { ...claims, aud: [did('b'), did('c')] }, own)],
  ['alg none', () => `${signJwt({ ...header, alg: 'none' }, claims, own).replace(/[^.]*$/, '')}`],
  ['alg none, signed', () => signJwt({ ...header, alg: 'none' }, claims, own)],
  ['another typ', () => signJwt({ ...header, typ: 'at+jwt' }, claims, own)],
  ['no typ', () => signJwt({ alg: 'ES256K' }, claims, own)],
  ['a kid', () => signJwt({ ...header, kid: '1' }, claims, own)],
  ['another header order', () => signJwt({ typ: 'JWT', alg: 'ES256K' }, claims, own)],
  ['a signature by a foreign key', () => signJwt(header, claims, foreign)],
  ['another scope', () => signJwt(header, { ...claims, scope: '["read"]' }, own)],
  ['another form of scope', () => signJwt(header, { ...claims, scope: 'read book' }, own)],
  ['another value of a claim', () => signJwt(header, { ...claims, tenant: 'b' }, own)],
  ['a claim less', () => signJwt(header, withoutTenant, own)],
  ['a claim more', () => signJwt(header, { ...claims, admin: true }, own)],
  ['a jti', () => signJwt(header, { ...claims, jti: '1' }, own)],
  ['an nbf', () => signJwt(header, { ...claims, nbf: start - 30 }, own)],
  ['a claim twice', () => signJwt(header, JSON.stringify(claims).replace('{', '{"exp":9,'), own)],
  ['white space', () => signJwt(header, JSON.stringify(claims, null, 1), own)],
  ['no exp', () => signJwt(header, { ...claims, exp: undefined }, own)],
  ['exp as text', () => signJwt(header, { ...claims, exp: String(claims.exp) }, own)],
  ['exp with a fraction', () => signJwt(header, { ...claims, exp: claims.exp + 0.5 }, own)],
  ['a longer life', () => signJwt(header, { ...claims, exp: claims.exp + 3_600 }, own)],
  ['a shorter life', () => signJwt(header, { ...claims, exp: claims.exp - 1 }, own)],
  ['claims that are null', () => signJwt(header, null, own)],
  ['claims that are no JSON', () => signJwt(header, '{', own)],
  ['no signature', (valid) => valid.replace(/[^.]*$/, '')],
  ['half a signature', (valid) => valid.slice(0, -43)],
  ['another header above the signature', (valid) => valid.replace(/^./, 'f')],
  [
    'another claim above the signature',
    (valid) => {
      const [head, payload = '', signature] = valid.split('.')
      const claim = Buffer.from(payload, 'base64url').toString().replace('"a"}', '"b"}')
      return `${head}.${Buffer.from(claim).toString('base64url')}.${signature}`
    },
  ],
  ['another bit', (valid) => valid.replace(/.(?=.{50}$)/, (at) => (at === 'A' ? 'B' : 'A'))],
  ['the other form of the signature', otherForm],
  ['padding', (valid) => `${valid}==`],
  [
    'a spare bit',
    (valid) => valid.replace(/.$/, (last) => `${String.fromCharCode(last.charCodeAt(0) + 1)}`),
  ],
  ['a line break behind', (valid) => `${valid}\n`],
  ['a fourth segment', (valid) => `${valid}.e30`],
  ['the whole header field', (valid) => `Bearer ${valid}`],
  ['nothing', () => ''],
  ['garbage', () => '\u0000\uffff..\n'],
  ['a megabyte', () => 'e30.'.repeat(262_144)],
  ['a megabyte behind it', (valid) => valid + 'A'.repeat(1_048_576)],
  ['a number', () => 7],
  ['bytes', (valid) => Buffer.from(valid)],
  ['an object', (valid) => ({ toString: () => valid })],
]

describe('what a store gives', () => {
  it.each(poisons)('with %s is poison, and minted over', async (_, poison) => {
    const { memory, clock, token, reader } = await setUp()
    memory.overwrite(poison(token.value))
    clock.pass(1)
    const minted = await reader.get(asked)
    await settle()
    expect(reader.signed.count).toBe(1)
    expect(decode(minted.value)).toEqual({
      header,
      claims: { ...claims, iat: claims.iat + 1, exp: claims.exp + 1 },
    })
    expect(memory.tokens()).toEqual([minted.value])
    expect(reader.failures).toContainEqual({ operation: 'get', reason: 'poisoned' })
  })

  it('is taken where it is what the minter writes', async () => {
    const { memory, token, reader } = await setUp()
    const signed = signJwt(header, claims, own)
    const low = [signed, otherForm(signed)].find(
      (jwt) => Buffer.from(jwt.split('.')[2] ?? '', 'base64url').readUInt8(32) < 0x7f,
    )
    if (low !== undefined) memory.overwrite(low)
    expect((await reader.get(asked)).value).toBe(low ?? token.value)
    expect([reader.signed.count, reader.failures]).toEqual([0, []])
  })

  it('is never taken for a token, whatever it is', async () => {
    const { memory, reader, writer, token } = await setUp()
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.anything(),
          fc
            .tuple(fc.nat(token.value.length - 1), fc.string())
            .map(
              ([at, text]) => token.value.slice(0, at) + text + token.value.slice(at + text.length),
            ),
          fc
            .tuple(fc.anything(), fc.dictionary(fc.string(), fc.anything()))
            .filter(([head]) => JSON.stringify(head) !== undefined)
            .map(([head, more]) => signJwt(head, { ...claims, ...more, other: 1 }, own)),
        ),
        async (value) => {
          fc.pre(value !== token.value)
          memory.overwrite(value)
          const { count } = reader.signed
          await reader.get(asked, token)
          expect(reader.signed.count).toBe(count + 1)
          await settle()
        },
      ),
      { numRuns: 200 },
    )
    expect(writer.signed.count).toBe(1)
  }, 60_000)
})

describe('a token in a store', () => {
  it('is taken until the guard before its end, and then minted anew', async () => {
    const { clock, reader, token } = await setUp()
    clock.pass(lifetime - 30.5)
    expect((await reader.get(asked)).value).toBe(token.value)
    clock.pass(0.5)
    expect((await reader.get(asked)).value).not.toBe(token.value)
    expect(reader.failures).toEqual([])
  })

  it('of a clock that is ahead of ours by up to five seconds is taken', async () => {
    const { common, token } = await setUp()
    const behind = (seconds: number) => {
      const clock = standingClock()
      clock.pass(-seconds)
      return startProcess({ ...common, clock })
    }
    expect((await behind(5).get(asked)).value).toBe(token.value)
    const further = behind(5.1)
    expect((await further.get(asked)).value).not.toBe(token.value)
    expect([further.signed.count, further.failures]).toEqual([1, []])
  })

  it('with an iat that is still to come is not taken', async () => {
    const { common } = await setUp()
    const clock = standingClock()
    await startProcess({ ...common, clock, issuedAtBackdate: 0 }).get(asked)
    await settle()
    clock.pass(-1)
    const early = startProcess({ ...common, clock, issuedAtBackdate: 0 })
    await early.get(asked)
    expect(early.signed.count).toBe(1)
  })

  it('may have moved its iat back, as far as a minute of forced refreshes does', async () => {
    const { common, memory, token, reader } = await setUp()
    let last = token
    for (let step = 0; step < 60; step += 1) last = await reader.get(asked, last)
    await settle()
    expect(last.issuedAt).toBe(token.issuedAt - 60)
    expect((await startProcess(common).get(asked)).value).toBe(last.value)
    const beyond = await reader.get(asked, last)
    await settle()
    expect(memory.tokens()).toEqual([beyond.value])
    expect((await startProcess(common).get(asked)).value).not.toBe(beyond.value)
  })
})

describe('a token for a partner whose clock is off', () => {
  /** A token by a process that knows of it, or not; and a process that is to read it, likewise. */
  async function writtenAndRead({ writer, reader }: { writer: number; reader: number }) {
    const common = { store: memoryStore().store, clock: standingClock(), key: pem }
    const [first, second] = [startProcess(common), startProcess(common)]
    if (writer !== 0) first.learn(writer)
    if (reader !== 0) second.learn(reader)
    const written = await first.get(asked)
    await settle()
    const read = await second.get(asked)
    return { read, isTaken: read.value === written.value, failures: second.failures }
  }

  it.each([300, -300])('by %i s is shared by those who know', async (ahead) => {
    const { isTaken, read } = await writtenAndRead({ writer: ahead, reader: ahead })
    expect(isTaken).toBe(true)
    expect(read.freshUntil).toBeCloseTo(start + (lifetime - 1) * 0.775)
  })

  it.each([
    ['ahead, and its writer alone knows', { writer: 300, reader: 0 }],
    ['behind, and its reader alone knows', { writer: 0, reader: -300 }],
  ])('is not taken where it seems to be of the future: %s', async (_, known) => {
    expect(await writtenAndRead(known)).toMatchObject({ isTaken: false, failures: [] })
  })

  it.each([
    ['behind, and its writer alone knows', { writer: -300, reader: 0 }, 0],
    ['ahead, and its reader alone knows', { writer: 0, reader: 300 }, 1],
  ])('is taken for older where it seems to be: %s', async (_, known, doubt) => {
    const { isTaken, read } = await writtenAndRead(known)
    expect(isTaken).toBe(true)
    expect(read.freshUntil).toBeCloseTo(start - 300 + (lifetime - doubt) * 0.775)
  })

  it.each([300, -300])(
    'by %i s takes the place of one from before that was known',
    async (ahead) => {
      const { token, writer, reader } = await setUp()
      for (const process of [writer, reader]) process.learn(ahead)
      const next = await writer.get(asked, token)
      await settle()
      expect(next.expiresAt).toBe(token.expiresAt + ahead)
      expect((await reader.get(asked, token)).value).toBe(next.value)
      expect(reader.signed.count).toBe(0)
    },
  )
})
