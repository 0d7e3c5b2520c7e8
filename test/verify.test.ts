import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { isOrgidAuthError, verifyToken } from '../src/verify.js'
import {
  caller,
  chainCaller,
  chainPartner,
  goodClaims,
  goodHeader,
  now,
  partner,
} from './interop/corpus.js'
import { callerKey, encode, otherKey, p256Key, signToken, spki, withS } from './interop/tokens.js'

const key = createPublicKey(callerKey)
const rules = { audience: partner, key, now: () => now }
const good = signToken({ claims: goodClaims })
const [goodHead, goodPayload, goodSignature] = good.split('.') as [string, string, string]

const withHeader = (changes: object) =>
  signToken({ header: { ...goodHeader, ...changes }, claims: goodClaims })
const withClaims = (changes: object) => signToken({ claims: { ...goodClaims, ...changes } })

async function codeOf(token: unknown, options: object = rules): Promise<string> {
  const error = await verifyToken(token as string, options as typeof rules).then(
    () => 'accepted',
    (reason: unknown) => reason,
  )
  if (error === 'accepted') return error
  if (!isOrgidAuthError(error)) throw error
  return error.code
}

describe('verifyToken', () => {
  it('gives header and claims of a good token', async () => {
    expect(await verifyToken(good, rules)).toEqual({ header: goodHeader, claims: goodClaims })
  })

  it('reads the system clock by default', async () => {
    const { now: _, ...rest } = rules
    expect(await codeOf(withClaims({ exp: Math.floor(Date.now() / 1000) + 60 }), rest)).toBe(
      'accepted',
    )
    expect(await codeOf(withClaims({ exp: Math.floor(Date.now() / 1000) - 60 }), rest)).toBe(
      'ERR_TOKEN_EXPIRED',
    )
  })

  it.each([
    ['a low S', signToken({ claims: goodClaims, tamper: withS('low') })],
    ['a high S', signToken({ claims: goodClaims, tamper: withS('high') })],
    ['typ in lower case', withHeader({ typ: 'jwt' })],
    ['typ with application/', withHeader({ typ: 'application/JWT' })],
    ['a kid', withHeader({ kid: 'x' })],
    ['an aud array with the audience in it', withClaims({ aud: [caller, partner] })],
    ['no iat', withClaims({ iat: undefined })],
    ['an exp with a fraction', withClaims({ exp: now + 0.5 })],
    ['an nbf of now', withClaims({ nbf: now })],
    ['equal names in different objects', withClaims({ x: [{ a: 1 }, { a: { a: 1 } }], a: '"a":' })],
    ['strings that look like structure', withClaims({ x: ['{', '"', '\\', '\\"iss":', ':'] })],
    ['a fragment other than alphanumeric', withClaims({ iss: `${caller}#key-1.a_b` })],
    ['a chain in its DIDs', withClaims({ iss: `${chainCaller}#webserver` })],
  ])('accepts a token with %s', async (_, token) => {
    expect(await codeOf(token)).toBe('accepted')
  })

  it.each([
    ['no string', 7],
    ['an empty string', ''],
    ['two segments', `${goodHead}.${goodPayload}`],
    ['four segments', `${good}.x`],
    ['the segments of a JWE', `${good}.x.y`],
    ['Bearer before it', `Bearer ${good}`],
    ['a space behind it', `${good} `],
    ['a newline behind it', `${good}\n`],
    ['padding', `${good}==`],
    ['the other alphabet', withClaims({ x: '?????' }).replace('_', '/')],
    [
      'spare bits set',
      `${goodHead}.${goodPayload}.${goodSignature.slice(0, -1)}${nextLetter(goodSignature.at(-1))}`,
    ],
    [
      'more characters than the bound',
      signToken({ claims: { ...goodClaims, x: 'x'.repeat(16_384) } }),
    ],
    ['a header that is no JSON', signToken({ header: '{', claims: goodClaims })],
    ['a header that is no object', signToken({ header: '[]', claims: goodClaims })],
    ['claims that are null', signToken({ claims: 'null' })],
    ['claims with a byte order mark', signToken({ claims: `\uFEFF${JSON.stringify(goodClaims)}` })],
    ['claims that are not UTF-8', signBytes(Buffer.from('{"x":"\xff"}', 'latin1'))],
    [
      'a header parameter twice',
      signToken({ header: '{"alg":"ES256K","typ":"JWT","typ":"JWT"}', claims: goodClaims }),
    ],
    [
      'a claim twice',
      signToken({ claims: `{"aud":"${partner}",${JSON.stringify(goodClaims).slice(1)}` }),
    ],
    [
      'a claim twice, once escaped',
      signToken({ claims: `{"\\u0061ud":"${partner}",${JSON.stringify(goodClaims).slice(1)}` }),
    ],
    [
      'a claim twice, spaced',
      signToken({ claims: `{"aud" :1,${JSON.stringify(goodClaims).slice(1)}` }),
    ],
    [
      'a nested name twice',
      signToken({ claims: `{"x":[{"a":[],"a":{}}],${JSON.stringify(goodClaims).slice(1)}` }),
    ],
    [
      '__proto__ twice',
      signToken({ claims: `{"__proto__":1,"__proto__":2,${JSON.stringify(goodClaims).slice(1)}` }),
    ],
  ])('refuses as malformed a token with %s', async (_, token) => {
    expect(await codeOf(token)).toBe('ERR_TOKEN_MALFORMED')
  })

  it.each([
    ['ERR_TOKEN_ALGORITHM', 'alg none', `${encode({ alg: 'none', typ: 'JWT' })}.${goodPayload}.`],
    ['ERR_TOKEN_ALGORITHM', 'alg ES256', withHeader({ alg: 'ES256' })],
    ['ERR_TOKEN_ALGORITHM', 'alg in lower case', withHeader({ alg: 'es256k' })],
    ['ERR_TOKEN_ALGORITHM', 'no alg', withHeader({ alg: undefined })],
    ['ERR_TOKEN_ALGORITHM', 'HS256 with the public key', hmac(spki(callerKey))],
    ['ERR_TOKEN_TYPE', 'no typ', withHeader({ typ: undefined })],
    ['ERR_TOKEN_TYPE', 'typ at+jwt', withHeader({ typ: 'at+jwt' })],
    ['ERR_TOKEN_TYPE', 'typ no string', withHeader({ typ: ['JWT'] })],
    ['ERR_TOKEN_HEADER', 'crit', withHeader({ crit: ['b64'], b64: true })],
    ['ERR_TOKEN_HEADER', 'an empty crit', withHeader({ crit: [] })],
    ['ERR_TOKEN_HEADER', 'crit null', withHeader({ crit: null })],
    ['ERR_TOKEN_HEADER', 'b64', withHeader({ b64: false })],
    ['ERR_TOKEN_CLAIM', 'no iss', withClaims({ iss: undefined })],
    ['ERR_TOKEN_CLAIM', 'iss no string', withClaims({ iss: [goodClaims.iss] })],
    ['ERR_TOKEN_CLAIM', 'no aud', withClaims({ aud: undefined })],
    ['ERR_TOKEN_CLAIM', 'an empty aud', withClaims({ aud: [] })],
    ['ERR_TOKEN_CLAIM', 'an aud with a number', withClaims({ aud: [partner, 1] })],
    ['ERR_TOKEN_CLAIM', 'no exp', withClaims({ exp: undefined })],
    ['ERR_TOKEN_CLAIM', 'exp null', withClaims({ exp: null })],
    ['ERR_TOKEN_CLAIM', 'exp a string', withClaims({ exp: `${now + 60}` })],
    [
      'ERR_TOKEN_CLAIM',
      'exp infinite',
      signToken({
        claims: `{"exp":1e999,${JSON.stringify({ ...goodClaims, exp: undefined }).slice(1)}`,
      }),
    ],
    ['ERR_TOKEN_CLAIM', 'iat a string', withClaims({ iat: '1' })],
    ['ERR_TOKEN_CLAIM', 'iat null', withClaims({ iat: null })],
    ['ERR_TOKEN_CLAIM', 'nbf a string', withClaims({ nbf: '1' })],
    ['ERR_TOKEN_ISSUER', 'iss without fragment', withClaims({ iss: caller })],
    ['ERR_TOKEN_ISSUER', 'iss with an empty fragment', withClaims({ iss: `${caller}#` })],
    [
      'ERR_TOKEN_ISSUER',
      'iss of 20 bytes',
      withClaims({ iss: `did:orgid:0x${'ab'.repeat(20)}#x` }),
    ],
    ['ERR_TOKEN_ISSUER', 'iss of another method', withClaims({ iss: 'did:web:example.com#x' })],
    [
      'ERR_TOKEN_ISSUER',
      'iss with a line break behind',
      withClaims({ iss: `${goodClaims.iss}\n` }),
    ],
    [
      'ERR_TOKEN_SIGNATURE',
      'a DER signature',
      signToken({ claims: goodClaims, dsaEncoding: 'der' }),
    ],
    ['ERR_TOKEN_SIGNATURE', 'no signature', `${goodHead}.${goodPayload}.`],
    [
      'ERR_TOKEN_SIGNATURE',
      '63 bytes',
      signToken({ claims: goodClaims, tamper: (s) => s.subarray(1) }),
    ],
    [
      'ERR_TOKEN_SIGNATURE',
      '65 bytes',
      signToken({ claims: goodClaims, tamper: (s) => Buffer.concat([s, s.subarray(63)]) }),
    ],
    [
      'ERR_TOKEN_SIGNATURE',
      'a signature of zeros',
      signToken({ claims: goodClaims, tamper: () => Buffer.alloc(64) }),
    ],
    [
      'ERR_TOKEN_SIGNATURE',
      "another key's signature",
      signToken({ claims: goodClaims, key: otherKey }),
    ],
    [
      'ERR_TOKEN_SIGNATURE',
      'other claims than were signed',
      `${goodHead}.${encode({ ...goodClaims, x: 1 })}.${goodSignature}`,
    ],
    ['ERR_TOKEN_EXPIRED', 'exp now', withClaims({ exp: now })],
    ['ERR_TOKEN_EXPIRED', 'exp past', withClaims({ exp: now - 5 })],
    ['ERR_TOKEN_NOT_YET_VALID', 'nbf ahead', withClaims({ nbf: now + 1 })],
    ['ERR_TOKEN_AUDIENCE', 'aud of another', withClaims({ aud: caller })],
    [
      'ERR_TOKEN_AUDIENCE',
      'aud in another case',
      withClaims({ aud: `did:orgid:0x${'CD'.repeat(32)}` }),
    ],
    ['ERR_TOKEN_AUDIENCE', 'aud with fragment', withClaims({ aud: `${partner}#x` })],
    ['ERR_TOKEN_AUDIENCE', 'aud with chain', withClaims({ aud: chainPartner })],
  ])('refuses with %s a token with %s', async (code, _, token) => {
    expect(await codeOf(token)).toBe(code)
  })

  it.each(['jwk', 'x5c', 'jku', 'x5u'])('follows no %s of the header', async (name) => {
    const value = {
      jwk: createPublicKey(otherKey).export({ format: 'jwk' }),
      x5c: [spki(otherKey)],
    }
    const parameter = { [name]: value[name as 'jwk' | 'x5c'] ?? 'https://127.0.0.1:1/key' }
    const header = { ...goodHeader, ...parameter }
    expect(await codeOf(signToken({ header, claims: goodClaims, key: otherKey }))).toBe(
      'ERR_TOKEN_SIGNATURE',
    )
    expect(await codeOf(signToken({ header, claims: goodClaims }))).toBe('accepted')
  })

  it('grants the clock tolerance to exp and nbf, and no more', async () => {
    const options = { ...rules, clockTolerance: 5 }
    expect(await codeOf(withClaims({ exp: now - 4 }), options)).toBe('accepted')
    expect(await codeOf(withClaims({ exp: now - 5 }), options)).toBe('ERR_TOKEN_EXPIRED')
    expect(await codeOf(withClaims({ nbf: now + 5 }), options)).toBe('accepted')
    expect(await codeOf(withClaims({ nbf: now + 6 }), options)).toBe('ERR_TOKEN_NOT_YET_VALID')
  })

  it('takes any of several audiences', async () => {
    const options = { ...rules, audience: [chainPartner, partner] }
    expect(await codeOf(good, options)).toBe('accepted')
    expect(await codeOf(withClaims({ aud: chainPartner }), options)).toBe('accepted')
    expect(await codeOf(withClaims({ aud: caller }), options)).toBe('ERR_TOKEN_AUDIENCE')
  })

  it('holds the issuer to an organisation, or to one of its keys', async () => {
    expect(await codeOf(good, { ...rules, issuer: caller })).toBe('accepted')
    expect(await codeOf(good, { ...rules, issuer: `${caller}#webserver` })).toBe('accepted')
    expect(await codeOf(good, { ...rules, issuer: [partner, caller] })).toBe('accepted')
    expect(await codeOf(good, { ...rules, issuer: `${caller}#web` })).toBe('ERR_TOKEN_ISSUER')
    expect(await codeOf(good, { ...rules, issuer: chainCaller })).toBe('ERR_TOKEN_ISSUER')
  })

  it('gives no verdict on times or audience before the signature', async () => {
    const claims = { ...goodClaims, exp: 0, aud: caller }
    expect(await codeOf(signToken({ claims, key: otherKey }), rules)).toBe('ERR_TOKEN_SIGNATURE')
    expect(await codeOf(signToken({ claims }), rules)).toBe('ERR_TOKEN_EXPIRED')
  })

  it('looks up no key for an issuer that may not call', async () => {
    const resolveKey = vi.fn(async () => key)
    const claims = { ...goodClaims, iss: `${partner}#x` }
    const options = { audience: partner, issuer: caller, now: () => now, resolveKey }
    expect(await codeOf(signToken({ claims }), options)).toBe('ERR_TOKEN_ISSUER')
    expect(resolveKey).not.toHaveBeenCalled()
  })

  describe('with resolveKey', () => {
    const resolving = (resolveKey: unknown) => ({ audience: partner, now: () => now, resolveKey })

    it('asks for the key of the issuer, by DID and fragment', async () => {
      const resolveKey = vi.fn(async () => key)
      expect(await codeOf(withHeader({ kid: 'x' }), resolving(resolveKey))).toBe('accepted')
      expect(resolveKey.mock.calls).toEqual([
        [
          {
            issuer: `${caller}#webserver`,
            did: caller,
            fragment: 'webserver',
            header: { ...goodHeader, kid: 'x' },
          },
        ],
      ])
    })

    it('takes a key in any form, at once or as a promise', async () => {
      expect(
        await codeOf(
          good,
          resolving(() => spki(callerKey)),
        ),
      ).toBe('accepted')
      expect(
        await codeOf(
          good,
          resolving(async () => key.export({ format: 'jwk' })),
        ),
      ).toBe('accepted')
    })

    it.each([undefined, null])('refuses a token whose key is %s, with no cause', async (none) => {
      const error: unknown = await verifyToken(good, {
        audience: partner,
        now: () => now,
        resolveKey: async () => none as undefined,
      }).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'ERR_TOKEN_KEY' })
      expect(error).not.toHaveProperty('cause')
    })

    it('hands over the cause if the lookup fails', async () => {
      const cause = new Error('registry down')
      const options = { audience: partner, resolveKey: () => Promise.reject(cause) }
      await expect(verifyToken(good, options)).rejects.toMatchObject({
        code: 'ERR_TOKEN_KEY',
        cause,
      })
    })

    it('refuses a key of another curve', async () => {
      const options = { audience: partner, resolveKey: () => createPublicKey(p256Key) }
      await expect(verifyToken(good, options)).rejects.toMatchObject({
        code: 'ERR_TOKEN_KEY',
        cause: { code: 'ERR_KEY_CURVE' },
      })
    })

    it('is not asked about a token that is refused by its form', async () => {
      const resolveKey = vi.fn(() => key)
      for (const token of [
        'x',
        withHeader({ alg: 'none' }),
        withClaims({ exp: undefined }),
        withClaims({ iss: 'x' }),
      ]) {
        await codeOf(token, resolving(resolveKey))
      }
      expect(resolveKey).not.toHaveBeenCalled()
    })
  })

  it.each([
    ['ERR_INVALID_OPTION', 'no options', null],
    ['ERR_INVALID_OPTION', 'an unknown option', { ...rules, audiance: partner }],
    ['ERR_INVALID_DID', 'no audience', { key }],
    ['ERR_INVALID_DID', 'an audience that is no DID', { ...rules, audience: 'x' }],
    ['ERR_INVALID_DID', 'an audience with fragment', { ...rules, audience: `${partner}#x` }],
    ['ERR_INVALID_OPTION', 'an empty audience', { ...rules, audience: [] }],
    ['ERR_INVALID_DID', 'an issuer that is no DID', { ...rules, issuer: 'x' }],
    ['ERR_INVALID_OPTION', 'an empty list of issuers', { ...rules, issuer: [] }],
    ['ERR_INVALID_OPTION', 'a negative tolerance', { ...rules, clockTolerance: -1 }],
    ['ERR_INVALID_OPTION', 'a tolerance without end', { ...rules, clockTolerance: Infinity }],
    ['ERR_INVALID_OPTION', 'a tolerance in words', { ...rules, clockTolerance: '1 min' }],
    ['ERR_INVALID_OPTION', 'a clock that is a date', { ...rules, now: new Date() }],
    ['ERR_INVALID_OPTION', 'a clock that gives no number', { ...rules, now: () => Number.NaN }],
    ['ERR_INVALID_OPTION', 'neither key nor resolveKey', { audience: partner }],
    ['ERR_INVALID_OPTION', 'both key and resolveKey', { ...rules, resolveKey: () => key }],
    [
      'ERR_INVALID_OPTION',
      'a resolveKey that is no function',
      { audience: partner, resolveKey: key },
    ],
    ['ERR_INVALID_KEY', 'a key that is none', { ...rules, key: 'x' }],
    [
      'ERR_KEY_CURVE',
      'an RSA key',
      { ...rules, key: generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey },
    ],
  ])('rejects with %s for %s', async (code, _, options) => {
    expect(await codeOf(good, options as object)).toBe(code)
  })

  describe('with a polluted Object.prototype', () => {
    const polluted = Object.prototype as Record<string, unknown>
    const pollution = {
      typ: 'JWT',
      alg: 'ES256K',
      exp: now + 60,
      aud: partner,
      issuer: partner,
      clockTolerance: 1e9,
    }
    afterEach(() => {
      for (const name of Object.keys(pollution)) delete polluted[name]
    })

    it('takes options, header and claims as they are', async () => {
      const tokens = {
        ERR_TOKEN_TYPE: withHeader({ typ: undefined }),
        ERR_TOKEN_ALGORITHM: withHeader({ alg: undefined }),
        ERR_TOKEN_CLAIM: withClaims({ exp: undefined }),
        ERR_TOKEN_EXPIRED: withClaims({ exp: now }),
        accepted: good,
      }
      Object.assign(polluted, pollution)
      for (const [code, token] of Object.entries(tokens)) expect(await codeOf(token)).toBe(code)
    })
  })

  describe('whatever it is given', () => {
    async function expectRefusal(token: string): Promise<void> {
      const error: unknown = await verifyToken(token, rules).then(
        () => 'accepted',
        (reason: unknown) => reason,
      )
      if (!isOrgidAuthError(error)) throw new Error(`expected an OrgidAuthError, got ${error}`)
      expect(error.code).toMatch(/^ERR_TOKEN_/)
      // what is shorter than this may be a word of the message's own
      const parts = [token, ...token.split('.')].filter((part) => part.length > 16)
      for (const part of parts) expect(error.message).not.toContain(part)
      expect(error.message.length).toBeLessThan(400)
    }

    it('refuses arbitrary strings, and quotes none', async () => {
      const part = fc.oneof(fc.string({ maxLength: 40 }), fc.base64String(), fc.json())
      const token = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.')),
        fc
          .array(fc.json().map(encode), { minLength: 3, maxLength: 3 })
          .map((parts) => parts.join('.')),
      )
      await fc.assert(fc.asyncProperty(token, expectRefusal), { numRuns: 500 })
    })

    it('refuses a good token with any one character replaced, taken out or put in', async () => {
      const mutation = fc.record({
        at: fc.nat(good.length),
        taken: fc.constantFrom(0, 1),
        put: fc.oneof(
          fc.constant(''),
          fc.string({ minLength: 1, maxLength: 1 }),
          fc.constantFrom(...'AQgw-_.=+/ \n'),
        ),
      })
      const mutant = mutation
        .map(({ at, taken, put }) => good.slice(0, at) + put + good.slice(at + taken))
        .filter((token) => token !== good)
      await fc.assert(fc.asyncProperty(mutant, expectRefusal), { numRuns: 500 })
    })

    it('refuses any header and claims that the key has not signed', async () => {
      const forged = fc
        .record({ claims: fc.dictionary(fc.string(), fc.json()), header: fc.object() })
        .map(({ claims, header }) => {
          const head = encode({ ...header, ...goodHeader })
          return `${head}.${encode({ ...claims, ...goodClaims, forged: true })}.${goodSignature}`
        })
      await fc.assert(fc.asyncProperty(forged, expectRefusal), { numRuns: 200 })
    })

    it('refuses odd values in header and claims without quoting them', async () => {
      const odd = fc.oneof(fc.string({ minLength: 17 }), fc.jsonValue())
      const signed = fc
        .record({ iss: odd, aud: odd, exp: odd, alg: odd, typ: odd }, { requiredKeys: [] })
        .filter((changes) => Object.keys(changes).length > 0)
        .map(({ alg, typ, ...claims }) => ({
          odd: [alg, typ, ...Object.values(claims)],
          token: signToken({
            header: {
              ...goodHeader,
              ...(alg !== undefined && { alg }),
              ...(typ !== undefined && { typ }),
            },
            claims: { ...goodClaims, ...claims },
            key: otherKey,
          }),
        }))
      const property = fc.asyncProperty(signed, async ({ odd: values, token }) => {
        const error = (await verifyToken(token, rules).catch((reason: unknown) => reason)) as Error
        expect(isOrgidAuthError(error)).toBe(true)
        for (const value of values) {
          if (typeof value === 'string' && value.length > 16)
            expect(error.message).not.toContain(value)
        }
      })
      await fc.assert(property, { numRuns: 300 })
    })
  })
})

function signBytes(payload: Buffer): string {
  const input = `${goodHead}.${payload.toString('base64url')}`
  const signature = sign('sha256', Buffer.from(input), {
    key: callerKey,
    dsaEncoding: 'ieee-p1363',
  })
  return `${input}.${signature.toString('base64url')}`
}

function hmac(secret: string): string {
  const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${goodPayload}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

/** The next letter of the alphabet: the last of 86 carries four bits and two spare ones. */
function nextLetter(letter: string | undefined): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[alphabet.indexOf(letter as string) + 1] as string
}
