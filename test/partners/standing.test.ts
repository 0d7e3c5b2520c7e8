import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createOrgidAuth } from '../../src/auth.js'
import type { OrgidAuthOptions } from '../../src/configuration.js'
import { internalsOf, type OrgidAuth } from '../../src/interface.js'
import { localSigner } from '../../src/signers/local.js'
import type { Signer } from '../../src/signers/signer.js'
import { decode, did, newKey, settle } from '../support.js'

const [first, second] = [newKey(), newKey()]
const hotels = { name: 'hotels', did: did('b'), origin: 'https://api.hotels.example' }
const air = { name: 'air', did: did('c'), origin: 'https://air.example', pathPrefix: '/v2' }
const offers = 'https://api.hotels.example/offers'
const flights = 'https://air.example/v2/flights'

const start = 1_800_000_000
let now = start
let signatures = 0
beforeEach(() => {
  now = start
  signatures = 0
})
afterEach(() => {
  vi.restoreAllMocks()
})

function counting(pem: string): Signer {
  const signer = localSigner(pem, { backend: 'openssl' })
  const sign: Signer['sign'] = (input, context) => {
    signatures += 1
    return signer.sign(input, context)
  }
  return { ...signer, sign }
}

const create = (options: Partial<OrgidAuthOptions> = {}) =>
  createOrgidAuth({
    issuer: did('a'),
    keys: [{ id: 'webserver', key: counting(first.pem) }],
    partners: [hotels, air],
    now: () => now,
    ...options,
  })

/** Tells the auth that the partner has answered 401 to a header. */
const refuse = (auth: OrgidAuth, authorization: string, date?: string) =>
  internalsOf(auth).replaced({
    url: offers,
    options: undefined,
    authorization,
    repeated: false,
    sentAt: now,
    date,
    age: undefined,
  })

/** A signer that answers when it is let to. */
function slow(pem: string) {
  const local = localSigner(pem)
  const waiting: (() => void)[] = []
  const sign: Signer['sign'] = async (input, context) => {
    await new Promise<void>((resolve) => waiting.push(resolve))
    return local.sign(input, context)
  }
  const release = () => {
    for (const answer of waiting.splice(0)) answer()
  }
  return { signer: { ...local, sign }, release }
}

const claims = (header: unknown) => decode(header as string).claims

describe('a header that is given again', () => {
  it('is the same, for each partner its own, and signed once', () => {
    const auth = create()
    const headers = [auth.authorization(offers), auth.authorization(flights)]
    for (let round = 0; round < 3; round += 1) {
      expect(auth.authorization(`${offers}?page=${round}`)).toBe(headers[0])
      expect(auth.authorization(`${flights}/${round}`)).toBe(headers[1])
    }
    expect(claims(headers[0]).aud).toBe(did('b'))
    expect(claims(headers[1]).aud).toBe(did('c'))
    expect(signatures).toBe(2)
    expect(auth.authorization('https://air.example/v20')).toBeUndefined()
  })

  it('is replaced behind traffic once its fresh part is over, and never given at its end', async () => {
    const auth = create()
    const header = auth.authorization(offers)
    expect(auth.authorization(offers)).toBe(header)
    now += 0.69 * 3_600
    expect(auth.authorization(offers)).toBe(header)
    await settle()
    expect(signatures).toBe(1)
    now += 0.17 * 3_600
    expect(auth.authorization(offers)).toBe(header)
    await settle()
    expect(signatures).toBe(2)
    const next = auth.authorization(offers)
    expect(next).not.toBe(header)
    expect(auth.authorization(offers)).toBe(next)
    now += 3_600
    const last = auth.authorization(offers)
    expect([header, next]).not.toContain(last)
  })

  it('is given no longer than it lives by the monotonic clock, however wall time is set', () => {
    const auth = create()
    const header = auth.authorization(offers)
    expect(auth.authorization(offers)).toBe(header)
    const elapsed = performance.now()
    const monotonic = vi.spyOn(performance, 'now').mockReturnValue(elapsed + 3_000_000)
    expect(auth.authorization(offers)).toBe(header)
    monotonic.mockReturnValue(elapsed + 3_600_000)
    expect(auth.authorization(offers)).not.toBe(header)
  })

  it('is not given before it was made, when wall time was set back', () => {
    const auth = create()
    const header = auth.authorization(offers)
    expect(auth.authorization(offers)).toBe(header)
    now -= 20
    expect(auth.authorization(offers)).toBe(header)
    now -= 20
    expect(auth.authorization(offers)).not.toBe(header)
  })

  it('is dropped with its token, its partner, its key, or all', () => {
    const auth = create({
      keys: [
        { id: 'webserver', key: counting(first.pem) },
        { id: 'webserver2', key: counting(second.pem), activeFrom: start + 1_000_000 },
      ],
    })
    const drops = [
      (header: string) => auth.invalidate({ token: header.slice(7) }),
      () => auth.invalidate({ partner: 'hotels' }),
      () => auth.invalidate({ partner: 'hotels', keyId: 'webserver' }),
      () => auth.invalidate(),
    ]
    for (const drop of drops) {
      const header = auth.authorization(offers) as string
      expect(auth.authorization(offers)).toBe(header)
      drop(header)
      expect(auth.authorization(offers)).not.toBe(header)
    }
  })

  it('gives way to one that another call has forced', () => {
    const auth = create()
    const header = auth.authorization(offers)
    expect(auth.authorization(offers)).toBe(header)
    const forced = auth.authorization(offers, { forceRefresh: true })
    expect(forced).not.toBe(header)
    expect(auth.authorization(offers)).toBe(forced)
    expect(auth.authorization(offers)).toBe(forced)
  })

  it('gives way to one of the key that begins to sign', async () => {
    const auth = create()
    auth.authorization(offers)
    auth.authorization(offers)
    auth.addKey({ id: 'webserver2', key: counting(second.pem), activeFrom: start + 60 })
    now += 59
    auth.authorization(offers)
    await settle()
    expect(claims(auth.authorization(offers)).iss).toBe(`${did('a')}#webserver`)
    now += 1
    auth.authorization(offers)
    await settle()
    expect(claims(auth.authorization(offers)).iss).toBe(`${did('a')}#webserver2`)
    expect(claims(auth.authorization(offers)).iss).toBe(`${did('a')}#webserver2`)
  })

  it('gives way to one of the key before, when wall time was set back to its days', () => {
    const auth = create({
      keys: [
        { id: 'webserver', key: counting(first.pem) },
        { id: 'webserver2', key: counting(second.pem), activeFrom: start + 10 },
      ],
    })
    now = start + 12
    const header = auth.authorization(offers)
    expect(claims(header).iss).toBe(`${did('a')}#webserver2`)
    expect(auth.authorization(offers)).toBe(header)
    // Its token, which is 30 s older by `iat`, would do at that time
    now = start + 7
    expect(claims(auth.authorization(offers)).iss).toBe(`${did('a')}#webserver`)
  })

  it('goes with the partners that it was for', () => {
    const auth = create()
    auth.authorization(offers)
    auth.authorization(offers)
    auth.setPartners([{ ...hotels, did: did('d') }])
    expect(claims(auth.authorization(offers)).aud).toBe(did('d'))
    auth.setPartners([])
    expect(auth.authorization(offers)).toBeUndefined()
  })

  it('is not given where options ask for another, or for none', () => {
    const auth = create()
    const header = auth.authorization(offers)
    expect(auth.authorization(offers)).toBe(header)
    expect(claims(auth.authorization(offers, { scope: ['read'] })).scope).toBe('["read"]')
    expect(auth.authorization(offers, { skip: true })).toBeUndefined()
    expect(auth.run({ skip: true }, () => auth.authorization(offers))).toBeUndefined()
    const scoped = auth.run({ partner: 'hotels', scope: ['book'] }, () =>
      auth.authorization(offers),
    )
    expect(claims(scoped).scope).toBe('["book"]')
    const signal = AbortSignal.abort(new Error('gone'))
    expect(() => auth.run({ signal }, () => auth.authorization(offers))).toThrow('gone')
    expect(auth.run({}, () => auth.authorization(offers))).toBe(header)
    expect(auth.authorization(offers)).toBe(header)
  })

  it('is one for each call to a single-use partner', () => {
    const auth = create({ partners: [{ ...hotels, singleUse: true }] })
    const headers = new Set([1, 2, 3].map(() => auth.authorization(offers)))
    expect(headers.size).toBe(3)
  })

  it('is not kept beyond the bound of the cache', () => {
    const auth = create({ cache: { max: 1 } })
    for (let round = 0; round < 3; round += 1) {
      auth.authorization(offers)
      auth.authorization(flights)
    }
    expect(signatures).toBe(6)
  })

  it.each([true, false])(
    'goes when it is refused, though its entry has left the cache, with retryUnauthorized %s',
    (retryUnauthorized) => {
      const partner = { ...hotels, retryUnauthorized }
      const auth = create({ partners: [partner], cache: { max: 5 } })
      const refused = auth.authorization(offers) as string
      for (let tenant = 0; tenant < 6; tenant += 1) {
        auth.authorization(offers, { claims: { tenant } })
      }
      refuse(auth, refused)
      expect(auth.authorization(offers)).not.toBe(refused)
    },
  )

  it('does not come back when it is refused, replaced, and the clock set back', () => {
    const auth = create()
    const refused = auth.authorization(offers) as string
    now += 3_200
    refuse(auth, refused)
    now -= 3_100
    expect(auth.authorization(offers)).not.toBe(refused)
  })

  it('is no other for what was learnt of another partner of that name', () => {
    const auth = create()
    const date = new Date((now + 40_000) * 1_000).toUTCString()
    refuse(auth, auth.authorization(offers) as string, date)
    expect(auth.status().partners[0]?.clockOffset).toBe(40_000)
    auth.setPartners([{ ...hotels, did: did('d') }])
    expect(auth.status().partners[0]?.clockOffset).toBe(0)
    expect(claims(auth.authorization(offers)).iat).toBe(now - 30)
  })

  it('is no invalidated one of the newer key, though it comes after one of the older', async () => {
    const auth = create()
    auth.authorization(offers)
    auth.addKey({ id: 'webserver2', key: localSigner(second.pem, { backend: 'noble' }) })
    auth.authorization(offers)
    await settle()
    const { value: token } = await auth.token('hotels')
    expect(claims(token).iss).toBe(`${did('a')}#webserver2`)
    auth.invalidate({ token })
    auth.authorization(offers)
    await settle()
    const after = auth.authorization(offers)
    expect(claims(after).iss).toBe(`${did('a')}#webserver2`)
    expect(after).not.toBe(`Bearer ${token}`)
  })

  it('is renewed by the newer key, though its first refresh was discarded', async () => {
    const auth = create()
    auth.authorization(offers)
    const { signer, release } = slow(second.pem)
    auth.addKey({ id: 'webserver2', key: signer })
    auth.authorization(offers)
    await settle()
    auth.invalidate({ partner: 'hotels', keyId: 'webserver2' })
    release()
    await settle()
    auth.authorization(offers)
    await settle()
    release()
    await settle()
    expect(claims(auth.authorization(offers)).iss).toBe(`${did('a')}#webserver2`)
  })
})

describe('partners that are changed while running', () => {
  const keys = [
    { id: 'webserver', key: localSigner(first.pem, { backend: 'openssl' }) },
    {
      id: 'webserver2',
      key: localSigner(second.pem, { backend: 'openssl' }),
      activeFrom: start - 9,
    },
  ]
  it('do not get the tokens that were minted by another one’s clock', () => {
    const auth = create()
    refuse(auth, auth.authorization(offers) as string, new Date((now + 600) * 1_000).toUTCString())
    expect(claims(auth.authorization(offers)).iat).toBe(now + 570)
    auth.setPartners([{ ...hotels, origin: 'https://new.hotels.example' }])
    expect(auth.status().partners[0]?.tokens).toBe(0)
    expect(claims(auth.authorization('https://new.hotels.example/offers')).iat).toBe(now - 30)
  })

  it('are not judged by what the organisation before says of its tokens, late', () => {
    const auth = create({ keys })
    const before = auth.authorization(offers) as string
    auth.setPartners([{ ...hotels, did: did('d') }])
    internalsOf(auth).accepted(offers, auth.authorization(offers) as string)
    refuse(auth, before)
    expect(auth.status().partners[0]).toMatchObject({ fallback: undefined, lastRefusal: undefined })
    expect(claims(auth.authorization(offers))).toMatchObject({
      iss: `${did('a')}#webserver2`,
      aud: did('d'),
    })
  })

  it('keep what was learnt of them when one of their origins goes, or another is first', () => {
    const origins = ['https://api.hotels.example', 'https://two.hotels.example'] as const
    const auth = create({ keys, partners: [{ ...hotels, origin: origins }] })
    refuse(auth, auth.authorization(offers) as string)
    internalsOf(auth).accepted(offers, auth.authorization(offers) as string)
    const { fallback } = auth.status().partners[0] as { fallback: unknown }
    expect(fallback).toBeDefined()
    auth.setPartners([{ ...hotels, origin: origins.toReversed() }])
    auth.setPartners([hotels])
    expect(auth.status().partners[0]?.fallback).toEqual(fallback)
  })

  it('have no failed mint of the organisation before', async () => {
    const failing: Signer = {
      ...localSigner(first.pem),
      sign: async () => {
        await settle()
        throw new Error('no')
      },
    }
    const auth = create({ keys: [{ id: 'webserver', key: failing }] })
    const call = auth.authorization(offers) as Promise<string>
    auth.setPartners([{ ...hotels, did: did('d') }])
    await expect(call).rejects.toMatchObject({ code: 'ERR_SIGNER_FAILED' })
    expect(auth.status().partners[0]?.lastError).toBeUndefined()
  })
})

it('is signed by the key that is there, if its own is retired while a store is read', async () => {
  let answer: () => void = () => {}
  const store = {
    get: () => new Promise<undefined>((resolve) => (answer = () => resolve(undefined))),
    set: async () => {},
  }
  const auth = create({ store })
  const call = auth.authorization(offers)
  auth.addKey({ id: 'webserver2', key: localSigner(second.pem) })
  auth.invalidate({ keyId: 'webserver' })
  answer()
  await settle()
  answer()
  expect(claims(await call).iss).toBe(`${did('a')}#webserver2`)
})
