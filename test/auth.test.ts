import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createOrgidAuth } from '../src/auth.js'
import type { OrgidAuthOptions } from '../src/configuration.js'
import { internalsOf, type OrgidAuth } from '../src/interface.js'
import { loadPrivateKey } from '../src/keys/load.js'
import type { PartnerOptions } from '../src/partners/partner.js'
import { localSigner } from '../src/signers/local.js'
import { verifyToken } from '../src/verify.js'
import { codeOf, decode, did, gate, newKey, settle } from './support.js'

const { pem, publicKey } = newKey()
const issuer = `${did('a')}#webserver`
const hotels = { name: 'hotels', did: did('b'), origin: 'https://api.hotels.example' }
const air = {
  name: 'air',
  did: did('c'),
  origin: 'https://gateway.example',
  pathPrefix: '/air',
  audiences: [did('d')],
}
const offers = 'https://api.hotels.example/offers'
const flights = 'https://gateway.example/air/flights'

function create(options: Partial<OrgidAuthOptions> = {}): OrgidAuth {
  return createOrgidAuth({ issuer, key: pem, partners: [hotels, air], ...options })
}

/** A signer that counts, and is as slow or as broken as a test wants. */
function remoteSigner(delay: () => Promise<void> = async () => {}) {
  const local = localSigner(pem, { backend: 'openssl' })
  const state = { signatures: 0, signals: [] as (AbortSignal | undefined)[] }
  return {
    state,
    signer: {
      alg: 'ES256K' as const,
      publicKey: local.publicKey,
      sign: async (input: Uint8Array, { signal }: { signal?: AbortSignal }) => {
        state.signatures += 1
        state.signals.push(signal)
        await delay()
        return local.sign(input, {})
      },
    },
  }
}

const claimsOf = (authorization: unknown) => decode(authorization as string).claims

describe('authorization', () => {
  it('is the header of a token that verifies, for the partner of the URL', async () => {
    const authorization = create().authorization(offers)
    expect(authorization).toMatch(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/)
    const { header, claims } = await verifyToken((authorization as string).slice(7), {
      audience: did('b'),
      issuer,
      key: publicKey,
    })
    expect(header).toEqual({ alg: 'ES256K', typ: 'JWT' })
    expect(Object.keys(claims).sort()).toEqual(['aud', 'exp', 'iat', 'iss'])
  })

  it('has iat 30 s back and exp an hour ahead, in whole seconds, by default', () => {
    const claims = claimsOf(create({ now: () => 1_800_000_000.9 }).authorization(offers))
    expect(claims).toEqual({ iss: issuer, aud: did('b'), iat: 1_799_999_970, exp: 1_800_003_600 })
  })

  it('takes lifetime, scope and claims of the auth, of the partner and of the call', () => {
    const partner: PartnerOptions = {
      ...hotels,
      lifetime: '12hr',
      scope: ['book'],
      claims: { sub: 'x', tier: 1 },
    }
    const auth = create({ now: () => 1_800_000_000, lifetime: '1 year', partners: [partner, air] })
    expect(claimsOf(auth.authorization(flights))).toMatchObject({ exp: 1_800_000_000 + 31_557_600 })
    expect(claimsOf(auth.authorization(offers))).toMatchObject({
      exp: 1_800_043_200,
      scope: '["book"]',
      sub: 'x',
      tier: 1,
    })
    const options = { scope: 'read list', lifetime: 60, claims: { tier: 2 } }
    expect(claimsOf(auth.authorization(offers, options))).toMatchObject({
      exp: 1_800_000_060,
      scope: '["read","list"]',
      sub: 'x',
      tier: 2,
    })
    expect(claimsOf(auth.authorization(offers, { scope: [] }))).not.toHaveProperty('scope')
  })

  it('addresses the audience that a call picks, and no other', () => {
    const auth = create()
    expect(claimsOf(auth.authorization(flights, { audience: did('d') }))).toMatchObject({
      aud: did('d'),
    })
    expect(codeOf(() => auth.authorization(flights, { audience: did('b') }))).toBe(
      'ERR_AUDIENCE_NOT_ALLOWED',
    )
  })

  it('uses the DID form and fragment that a partner needs', () => {
    const chained = `did:orgid:137:0x${'a'.repeat(64)}#key1`
    const partner = {
      did: `did:orgid:137:0x${'c'.repeat(64)}`,
      origin: 'https://air.example',
      issuer: chained,
    }
    expect(
      claimsOf(create({ partners: [hotels, partner] }).authorization('https://air.example/')),
    ).toMatchObject({
      iss: chained,
      aud: partner.did,
    })
  })

  it('of what is no URL at all is refused', () => {
    expect(codeOf(() => create().authorization(undefined as never))).toBe('ERR_INVALID_OPTION')
    expect(create().authorization(new URL(offers))).toMatch(/^Bearer /)
  })

  it('is undefined for a stranger, or an error when strict', () => {
    expect(create().authorization('https://stranger.example/')).toBeUndefined()
    expect(create().authorization('/relative')).toBeUndefined()
    const strict = create({ strict: true })
    expect(codeOf(() => strict.authorization('https://stranger.example/'))).toBe(
      'ERR_UNKNOWN_PARTNER',
    )
    expect(codeOf(() => strict.authorization('/relative'))).toBe('ERR_UNKNOWN_PARTNER')
    expect(strict.authorization('https://stranger.example/', { skip: true })).toBeUndefined()
  })

  it('refuses options that name another partner than the URL does', () => {
    const auth = create()
    expect(auth.authorization(offers, { partner: 'hotels' })).toBe(auth.authorization(offers))
    expect(auth.authorization(offers, { partner: did('b') })).toBe(auth.authorization(offers))
    expect(codeOf(() => auth.authorization(offers, { partner: 'air' }))).toBe(
      'ERR_PARTNER_MISMATCH',
    )
    expect(codeOf(() => auth.authorization('https://stranger.example/', { partner: 'air' }))).toBe(
      'ERR_PARTNER_MISMATCH',
    )
  })

  it('differs from the one before when forced, and from all others of the same second', () => {
    const key = localSigner(pem, { backend: 'noble' })
    const auth = create({ key, now: () => 1_800_000_000 })
    const seen = [auth.authorization(offers)]
    for (let round = 0; round < 3; round += 1)
      seen.push(auth.authorization(offers, { forceRefresh: true }))
    auth.invalidate({ partner: 'hotels' })
    seen.push(auth.authorization(offers))
    expect(new Set(seen).size).toBe(5)
    expect(seen.map((value) => claimsOf(value).iat)).toEqual(
      [0, 1, 2, 3, 4].map((back) => 1_799_999_970 - back),
    )
  })

  it('has a jti of its own on each call of a single-use partner', () => {
    const auth = create({ partners: [{ ...hotels, singleUse: true }] })
    const first = claimsOf(auth.authorization(offers)).jti
    expect(first).toMatch(/^[0-9a-f-]{36}$/)
    expect(claimsOf(auth.authorization(offers)).jti).not.toBe(first)
  })

  it.each([
    [{ scope: 'a"b' }, 'ERR_INVALID_SCOPE'],
    [{ lifetime: 0.5 }, 'ERR_INVALID_DURATION'],
    [{ claims: { aud: 'x' } }, 'ERR_RESERVED_CLAIM'],
    [{ claims: { note: 'a\nb' } }, 'ERR_INVALID_CLAIM'],
    [{ lifetyme: 5 }, 'ERR_INVALID_OPTION'],
    [{ signal: 'now' }, 'ERR_INVALID_OPTION'],
    [{ skip: 'yes' }, 'ERR_INVALID_OPTION'],
  ])('refuses the call options %j with %s', (options, code) => {
    expect(codeOf(() => create().authorization(offers, options as never))).toBe(code)
  })
})

describe('a remote signer', () => {
  it('makes a miss asynchronous and leaves a hit synchronous', async () => {
    const { signer, state } = remoteSigner()
    const auth = create({ key: signer })
    const first = auth.authorization(offers)
    expect(first).toBeInstanceOf(Promise)
    expect(auth.authorization(offers)).toBeInstanceOf(Promise)
    expect(await first).toBe(auth.authorization(offers))
    expect(state.signatures).toBe(1)
  })

  it('signs outside of the call that came first, which others wait for as well', async () => {
    const seen: unknown[] = []
    const { signer } = remoteSigner(async () => {
      seen.push(internalsOf(auth).context.current())
    })
    const auth = create({ key: signer })
    await auth.run({ partner: 'hotels', scope: 'read' }, () => auth.token('hotels'))
    expect(seen).toEqual([undefined])
  })

  it('may return a thenable that does not chain', async () => {
    const signature = localSigner(pem, { backend: 'openssl' }).sign(new Uint8Array(1), {})
    // biome-ignore lint/suspicious/noThenProperty: what a signer may do
    const sign = () => ({ then: (resolve: (value: unknown) => void) => void resolve(signature) })
    const auth = create({ key: { alg: 'ES256K', publicKey, sign } as never })
    await expect(auth.token('hotels')).resolves.toMatchObject({ audience: did('b') })
  })

  it('that never answers is given up at signTimeout, told so, and asked again by the next call', async () => {
    let stuck = true
    const { signer, state } = remoteSigner(() =>
      stuck ? new Promise(() => {}) : Promise.resolve(),
    )
    const auth = create({ key: signer, signTimeout: 0.01 })
    await expect(auth.authorization(offers)).rejects.toMatchObject({ code: 'ERR_SIGNER_TIMEOUT' })
    expect(state.signals[0]?.aborted).toBe(true)
    expect(auth.status().partners[0]?.lastError?.code).toBe('ERR_SIGNER_TIMEOUT')
    stuck = false
    await expect(auth.authorization(offers)).resolves.toMatch(/^Bearer /)
    expect(auth.status().partners[0]?.lastError).toBeUndefined()
  })

  it('whose answer comes after the deadline does not change the cache', async () => {
    const late = gate()
    let calls = 0
    const { signer } = remoteSigner(() => (calls++ === 0 ? late.promise : Promise.resolve()))
    const auth = create({ key: signer, signTimeout: 0.01, now: () => 1_800_000_000 })
    await expect(auth.authorization(offers)).rejects.toMatchObject({ code: 'ERR_SIGNER_TIMEOUT' })
    const second = await auth.authorization(offers)
    late.resolve()
    await settle()
    expect(auth.authorization(offers)).toBe(second)
  })

  it('that fails gives a typed error with its cause, thrown or rejected', async () => {
    const cause = new Error('no route to the vault')
    const sign = {
      throws: () => {
        throw cause
      },
      rejects: () => Promise.reject(cause),
    }
    for (const fail of Object.values(sign)) {
      const auth = create({ key: { alg: 'ES256K', publicKey, sign: fail } })
      await expect(auth.token('hotels')).rejects.toMatchObject({ code: 'ERR_SIGNER_FAILED', cause })
    }
  })

  it.each([0, 63, 71])('that returns %i bytes is refused', async (length) => {
    const auth = create({
      key: { alg: 'ES256K', publicKey, sign: () => new Uint8Array(length).fill(0x30) },
    })
    await expect(auth.token('hotels')).rejects.toMatchObject({ code: 'ERR_INVALID_SIGNATURE' })
  })

  it('is not asked for a caller who has aborted already, and neither is the cache', async () => {
    const { signer, state } = remoteSigner()
    const auth = create({ key: signer })
    const signal = AbortSignal.abort('gone')
    await expect(auth.token('hotels', { signal })).rejects.toBe('gone')
    expect(state.signatures).toBe(0)
    await auth.prepare()
    expect(() => auth.authorization(offers, { signal })).toThrow('gone')
  })

  it('is left by a caller who aborts, with the caller’s reason', async () => {
    const slow = gate()
    const auth = create({ key: remoteSigner(() => slow.promise).signer })
    const controller = new AbortController()
    const left = auth.token('hotels', { signal: controller.signal })
    const stays = auth.token('hotels')
    controller.abort('gone')
    await expect(left).rejects.toBe('gone')
    slow.resolve()
    await expect(stays).resolves.toMatchObject({ audience: did('b') })
  })
})

describe('options around a call', () => {
  it('apply to their partner alone, and inner ones win', () => {
    const auth = create()
    auth.run({ partner: 'hotels', scope: 'outer', lifetime: 60 }, () => {
      expect(claimsOf(auth.authorization(offers))).toMatchObject({ scope: '["outer"]' })
      expect(claimsOf(auth.authorization(flights))).not.toHaveProperty('scope')
      auth.run({ scope: 'inner' }, () => {
        const claims = claimsOf(auth.authorization(offers))
        expect(claims).toMatchObject({ scope: '["inner"]' })
        expect((claims.exp as number) - (claims.iat as number)).toBe(90)
      })
      expect(claimsOf(auth.authorization(offers, { scope: 'explicit' }))).toMatchObject({
        scope: '["explicit"]',
      })
    })
    expect(claimsOf(auth.authorization(offers))).not.toHaveProperty('scope')
  })

  it('without a partner are signal and skip alone', () => {
    const auth = create()
    auth.run({ scope: 'read' }, () =>
      expect(claimsOf(auth.authorization(offers))).not.toHaveProperty('scope'),
    )
    auth.run({ skip: true }, () => expect(auth.authorization(offers)).toBeUndefined())
  })

  it('belong to one auth', () => {
    const [one, other] = [create(), create()]
    one.run({ skip: true }, () => {
      expect(one.authorization(offers)).toBeUndefined()
      expect(other.authorization(offers)).toMatch(/^Bearer /)
    })
  })

  it('follow asynchronous calls, and do not mix', async () => {
    const auth = create()
    const scopes = ['a', 'b', 'c']
    const seen = await Promise.all(
      scopes.map((scope) =>
        auth.run({ partner: 'hotels', scope }, async () => {
          await settle()
          return claimsOf(auth.authorization(offers)).scope
        }),
      ),
    )
    expect(seen).toEqual(scopes.map((scope) => JSON.stringify([scope])))
  })

  it('for everyone reach the calls to every partner named around them', () => {
    const auth = create()
    auth.run({ partner: 'air' }, () =>
      auth.run({ partner: 'hotels' }, () =>
        auth.run({ skip: true }, () => {
          expect(auth.authorization(flights)).toBeUndefined()
          expect(auth.authorization(offers)).toBeUndefined()
        }),
      ),
    )
  })

  it('for one partner build on those for it further out, past those for another', () => {
    const auth = create()
    const claims = auth.run({ partner: 'hotels', lifetime: 60 }, () =>
      auth.run({ partner: 'air', scope: 'seat' }, () =>
        auth.run({ partner: 'hotels', scope: 'book' }, () => claimsOf(auth.authorization(offers))),
      ),
    )
    expect(claims).toMatchObject({ scope: '["book"]' })
    expect((claims.exp as number) - (claims.iat as number)).toBe(90)
  })

  it('under a DID are for every partner of that DID', () => {
    const twin = { name: 'hotels-eu', did: did('b'), origin: 'https://eu.hotels.example' }
    const auth = create({ partners: [hotels, twin] })
    const url = 'https://eu.hotels.example/'
    expect(auth.authorization(url, { partner: did('b') })).toMatch(/^Bearer /)
    auth.run({ partner: did('b'), scope: 'read' }, () => {
      for (const each of [offers, url]) {
        expect(claimsOf(auth.authorization(each))).toMatchObject({ scope: '["read"]' })
      }
    })
  })

  it('of a polluted prototype configure nothing', () => {
    const pollution = {
      scope: ['admin'],
      claims: { admin: true },
      lifetime: '1 year',
      audience: did('d'),
      skip: true,
    }
    for (const [name, value] of Object.entries(pollution)) {
      const auth = create()
      const plain = decode(auth.authorization(flights) as string).claims
      auth.invalidate()
      Object.defineProperty(Object.prototype, name, { value, configurable: true })
      try {
        const { exp: _, iat: __, ...rest } = claimsOf(auth.authorization(flights))
        expect(plain).toMatchObject(rest)
        expect(rest).toEqual({ iss: issuer, aud: did('c') })
        auth.run({ partner: 'air' }, () => expect(auth.authorization(flights)).toMatch(/^Bearer /))
        auth.run({}, () => expect(auth.authorization(flights, {})).toMatch(/^Bearer /))
      } finally {
        Reflect.deleteProperty(Object.prototype, name)
      }
    }
  })

  it('that name no partner there is are refused', () => {
    expect(codeOf(() => create().run({ partner: 'hotel' }, () => 1))).toBe('ERR_UNKNOWN_PARTNER')
  })
})

describe('operations', () => {
  it('token() gives the facts of a token, and its value on request only', async () => {
    const auth = create({ now: () => 1_800_000_000 })
    const token = await auth.token('hotels', { scope: ['read'] })
    expect(token).toMatchObject({
      issuer,
      audience: did('b'),
      scope: ['read'],
      issuedAt: 1_799_999_970,
      expiresAt: 1_800_003_600,
    })
    expect(token.freshUntil).toBeGreaterThanOrEqual(1_800_000_000 + 0.7 * 3_600)
    expect(token.freshUntil).toBeLessThanOrEqual(1_800_000_000 + 0.85 * 3_600)
    expect(token.value).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    await expect(auth.token('nobody')).rejects.toMatchObject({ code: 'ERR_UNKNOWN_PARTNER' })
  })

  it('prepare() mints for every partner, so that each first call is a hit', async () => {
    const { signer, state } = remoteSigner()
    const auth = create({ key: signer })
    await auth.prepare()
    expect(state.signatures).toBe(2)
    expect(auth.authorization(offers)).toMatch(/^Bearer /)
    expect(auth.authorization(flights)).toMatch(/^Bearer /)
    expect(state.signatures).toBe(2)
  })

  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      did: did('b'),
      origin: `https://p${index}.example`,
    }))

  it('prepare() has at most eight mints of a remote signer under way at once', async () => {
    let underWay = 0
    let most = 0
    const { signer, state } = remoteSigner(async () => {
      underWay += 1
      most = Math.max(most, underWay)
      await settle()
      underWay -= 1
    })
    await create({ key: signer, partners: many(40) }).prepare()
    expect(state.signatures).toBe(40)
    expect(most).toBe(8)
  })

  it('prepare() lets other work in while a local signer signs for many', async () => {
    const auth = create({ partners: [...many(100), { ...hotels, singleUse: true }] })
    let turns = 0
    let preparing = true
    const other = () => {
      turns += 1
      if (preparing) setImmediate(other)
    }
    setImmediate(other)
    await auth.prepare()
    preparing = false
    expect(turns).toBeGreaterThan(3)
    expect(auth.status().partners.map(({ tokens }) => tokens)).toEqual([...Array(100).fill(1), 0])
  })

  it('prepare() tries all partners and fails with the first error', async () => {
    let calls = 0
    const { signer } = remoteSigner(() =>
      calls++ === 0 ? Promise.reject(new Error('once')) : Promise.resolve(),
    )
    const auth = create({ key: signer })
    await expect(auth.prepare()).rejects.toMatchObject({ code: 'ERR_SIGNER_FAILED' })
    expect(auth.status().partners.map(({ tokens }) => tokens)).toEqual([0, 1])
  })

  it('setPartners() replaces them all, or none when one is wrong', () => {
    const auth = create()
    const seats = { name: 'seats', did: did('e'), origin: 'https://seats.example' }
    expect(codeOf(() => auth.setPartners([seats, { ...seats, name: 'twin' }]))).toBe(
      'ERR_DUPLICATE_PARTNER',
    )
    expect(auth.authorization('https://seats.example/')).toBeUndefined()
    expect(auth.authorization(offers)).toMatch(/^Bearer /)
    auth.setPartners([seats])
    expect(auth.authorization('https://seats.example/')).toMatch(/^Bearer /)
    expect(auth.authorization(offers)).toBeUndefined()
  })

  it('addKey() signs with the new key from its moment on, under its own fragment', async () => {
    let now = 1_800_000_000
    const next = newKey()
    const auth = create({ now: () => now })
    auth.addKey({ id: 'second', key: next.pem, activeFrom: now + 60 })
    expect(claimsOf(auth.authorization(offers)).iss).toBe(issuer)
    now += 60
    // No call waits for the new key: the old one's token is served until there is one
    expect(claimsOf(auth.authorization(offers)).iss).toBe(issuer)
    await settle()
    const authorization = auth.authorization(offers) as string
    expect(claimsOf(authorization).iss).toBe(`${did('a')}#second`)
    expect(claimsOf(auth.authorization(flights)).iss).toMatch(/#second$/)
    const verified = verifyToken(authorization.slice(7), {
      audience: did('b'),
      key: next.publicKey,
      now: () => now,
    })
    await expect(verified).resolves.toBeDefined()
    expect(codeOf(() => auth.addKey({ id: 'webserver', key: next.pem }))).toBe('ERR_INVALID_OPTION')
  })

  it('invalidate({ keyId }) retires a key and its tokens at once, but never the last one', () => {
    const auth = create()
    auth.authorization(offers)
    expect(codeOf(() => auth.invalidate({ keyId: 'webserver' }))).toBe('ERR_INVALID_OPTION')
    auth.addKey({ id: 'second', key: newKey().pem })
    auth.invalidate({ keyId: 'webserver' })
    expect(claimsOf(auth.authorization(offers)).iss).toBe(`${did('a')}#second`)
    expect(auth.status().keys).toEqual([
      { id: 'second', active: true, activeFrom: expect.any(Number) },
    ])
    expect(codeOf(() => auth.addKey({ id: 'webserver', key: newKey().pem }))).toBe(
      'ERR_INVALID_OPTION',
    )
  })

  it('invalidate({ token }) drops that token and no other', async () => {
    const auth = create()
    const [one, other] = [auth.authorization(offers), auth.authorization(flights)]
    auth.invalidate({ token: (one as string).slice(7) })
    expect(auth.authorization(offers)).not.toBe(one)
    expect(auth.authorization(flights)).toBe(other)
    auth.invalidate()
    expect(auth.authorization(flights)).not.toBe(other)
  })

  it('status() tells in numbers where things stand', async () => {
    const auth = create({ now: () => 1_800_000_000 })
    const token = await auth.token('hotels')
    expect(auth.status()).toEqual({
      partners: [
        {
          name: 'hotels',
          did: did('b'),
          keyId: 'webserver',
          tokens: 1,
          earliestExpiry: token.expiresAt,
          nextRefresh: token.freshUntil,
          clockOffset: 0,
          lastError: undefined,
          lastRefusal: undefined,
        },
        expect.objectContaining({ name: 'air', tokens: 0, earliestExpiry: undefined }),
      ],
      keys: [{ id: 'webserver', active: true, activeFrom: undefined }],
    })
  })

  it('is refused by transports when it is no auth of ours', () => {
    for (const wrong of [undefined, {}, 'auth'])
      expect(codeOf(() => internalsOf(wrong as never))).toBe('ERR_INVALID_OPTION')
  })
})

describe('bad options', () => {
  const key = pem
  it.each<[string, unknown, string, RegExp]>([
    ['no key', { issuer, partners: [] }, 'ERR_INVALID_OPTION', /environment variable/],
    ['key and keys', { issuer, key, keys: [], partners: [] }, 'ERR_INVALID_OPTION', /both/],
    ['no keys in keys', { issuer: did('a'), keys: [], partners: [] }, 'ERR_INVALID_OPTION', /keys/],
    [
      'an issuer without fragment',
      { issuer: did('a'), key, partners: [] },
      'ERR_INVALID_OPTION',
      /#webserver/,
    ],
    [
      'an issuer with fragment beside keys',
      { issuer, keys: [{ id: 'a', key }], partners: [] },
      'ERR_INVALID_OPTION',
      /keys\[\]\.id/,
    ],
    [
      'a 20-byte address',
      { issuer: `did:orgid:0x${'a'.repeat(40)}#k`, key, partners: [] },
      'ERR_INVALID_DID',
      /32 bytes/,
    ],
    ['no partners', { issuer, key }, 'ERR_INVALID_OPTION', /partners/],
    [
      'a misspelt option',
      { issuer, key, partners: [], lifetyme: 1 },
      'ERR_INVALID_OPTION',
      /lifetyme/,
    ],
    [
      'an endless timeout',
      { issuer, key, partners: [], signTimeout: Number.POSITIVE_INFINITY },
      'ERR_INVALID_OPTION',
      /signTimeout/,
    ],
    [
      'half a cache entry',
      { issuer, key, partners: [], cache: { max: 0.5 } },
      'ERR_INVALID_OPTION',
      /cache\.max/,
    ],
    [
      'a clock that is a number',
      { issuer, key, partners: [], now: 5 },
      'ERR_INVALID_OPTION',
      /now/,
    ],
    [
      'a signer of another algorithm',
      { issuer, key: { alg: 'ES256', publicKey, sign: () => 1 }, partners: [] },
      'ERR_INVALID_OPTION',
      /ES256K/,
    ],
    [
      'DIDs of two forms',
      { issuer, key, partners: [{ ...hotels, did: `did:orgid:5:0x${'b'.repeat(64)}` }] },
      'ERR_DID_FORM_MISMATCH',
      /partners\[0\]\.issuer/,
    ],
  ])('%s: refused with the option’s name and the remedy', (_, options, code, message) => {
    expect(codeOf(() => createOrgidAuth(options as OrgidAuthOptions))).toBe(code)
    expect(() => createOrgidAuth(options as OrgidAuthOptions)).toThrow(message)
  })
})

describe('a clock', () => {
  it.each([Number.NaN, Date.now(), 'now'])('that gives %s is refused', (value) => {
    const auth = create({ now: () => value as number })
    expect(codeOf(() => auth.authorization(offers))).toBe('ERR_INVALID_OPTION')
  })

  it('that fails while a signer is waited for hides nothing of the signer’s own failure', async () => {
    let broken = false
    const { signer } = remoteSigner(async () => {
      broken = true
      throw new Error('no vault')
    })
    const now = () => {
      if (broken) throw new Error('no time')
      return 1_800_000_000
    }
    const auth = create({ key: signer, now })
    await expect(auth.token('hotels')).rejects.toMatchObject({ code: 'ERR_SIGNER_FAILED' })
    await settle()
    broken = false
    expect(auth.status().partners[0]?.lastError).toEqual({
      code: 'ERR_SIGNER_FAILED',
      at: 1_800_000_000,
    })
  })

  it('that fails once behind traffic ends neither the process nor later refreshes', async () => {
    let now = 1_800_000_000
    let broken = false
    const auth = create({
      now: () => {
        if (broken) throw new Error('no time')
        return now
      },
    })
    const first = auth.authorization(offers)
    now += 3_600 * 0.9
    auth.authorization(offers)
    broken = true
    await settle()
    broken = false
    now += 120
    expect(auth.authorization(offers)).toBe(first)
    await settle()
    expect(auth.authorization(offers)).not.toBe(first)
  })
})

describe('secrets', () => {
  const show = (value: unknown) => [
    inspect(value, { showHidden: true, depth: Number.POSITIVE_INFINITY, getters: true }),
    JSON.stringify(value),
  ]

  it('are in nothing that an auth, a token or a status shows', async () => {
    const auth = create()
    const token = await auth.token('hotels')
    const signature = token.value.slice(-20)
    const scalar = Buffer.from(loadPrivateKey(pem).scalar)
    const body = pem.split('\n')[1] as string
    const shown = [auth, token, auth.status(), structuredClone({ ...token }), internalsOf(auth)]
      .flatMap(show)
      .join('\n')
    for (const secret of [
      signature,
      token.value.slice(0, 40),
      scalar.toString('hex'),
      scalar.toString('base64url'),
      body,
    ]) {
      expect(shown).not.toContain(secret)
    }
    expect(Object.keys(token)).not.toContain('value')
  })
})
