import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createOrgidAuth, localSigner, type PartnerOptions, type Signer } from '../../src/index.js'
import { orgJsonEntries } from '../../src/keys/orgjson.js'
import { startPartner, type TestPartner } from '../../src/testing/index.js'
import { decode, did, newKey, settle } from '../support.js'
import { type Client, transports } from '../transports/every.js'

const issuer = did('a')
const [oldKey, newKey2] = [newKey(), newKey()]
const published = {
  old: [orgJsonEntries(`${issuer}#webserver`, oldKey.publicKey)],
  both: [
    orgJsonEntries(`${issuer}#webserver`, oldKey.publicKey),
    orgJsonEntries(`${issuer}#webserver2`, newKey2.publicKey),
  ],
  new: [orgJsonEntries(`${issuer}#webserver2`, newKey2.publicKey)],
}

const start = 1_800_000_000
const minute = 60
const hour = 3_600
const day = 86_400
let now = start

const partners: TestPartner[] = []
const clients: Client[] = []
const unhandled = vi.fn()
beforeEach(() => {
  now = start
  process.on('unhandledRejection', unhandled)
})
afterEach(async () => {
  const all = [...clients.splice(0), ...partners.splice(0)]
  await Promise.all(all.map((one) => one.close()))
  process.off('unhandledRejection', unhandled)
  expect(unhandled).not.toHaveBeenCalled()
})

async function partner(digit: string, profile: 'older' | 'current' = 'older') {
  const orgJson = published.old
  const started = await startPartner({ did: did(digit), profile, orgJson, now: () => now })
  partners.push(started)
  return started
}

const optionsOf = (
  { did, origin }: TestPartner,
  name: string,
  rest: Partial<PartnerOptions> = {},
) => ({ name, did: did as string, origin, allowLoopbackHttp: true, ...rest })

/** The fragments of the keys that signed for a partner, and what it answered. */
const seenBy = ({ requests }: TestPartner) =>
  requests.map(({ claims, status }) => `${String(claims?.iss).split('#')[1]} ${status}`)

const [overAxios, ...others] = transports.filter(({ name }) =>
  ['axios', 'withAuth(fetch)', 'undici 7, compose(auth, redirect)'].includes(name),
)

describe.each([overAxios, ...others])('with $name, a whole rotation', (transport) => {
  it('fails no call, whatever partners know of the new key', async () => {
    const prompt = await partner('b', 'older')
    const slow = await partner('c', 'older')
    const slowest = await partner('d', 'current')
    const all = { prompt, slow, slowest }
    const switchAt = start + 12 * hour
    const retireAt = start + 31 * day
    const auth = createOrgidAuth({
      issuer,
      keys: [{ id: 'webserver', key: oldKey.pem }],
      partners: Object.entries(all).map(([name, one]) => optionsOf(one, name)),
      now: () => now,
    })
    const client = transport?.open(auth) as Client
    clients.push(client)

    const answered: number[] = []
    const refused = { prompt: 0, slow: 0, slowest: 0 }
    const traffic = async () => {
      for (const [name, one] of Object.entries(all)) {
        one.reset()
        one.orgJson = views[name as keyof typeof views]
      }
      const calls = Object.values(all).flatMap((one) => [
        client.send(one.url('/offers')),
        client.send(one.url('/offers?page=2')),
        client.send(one.url('/booking'), { method: 'POST', body: 'nights=2' }),
      ])
      answered.push(...(await Promise.all(calls)).map(({ status }) => status))
      for (const [name, one] of Object.entries(all)) {
        refused[name as keyof typeof refused] += one.refusedCount
      }
      await settle()
    }
    const views = { prompt: published.old, slow: published.old, slowest: published.old }
    const keyIds = () => auth.status().partners.map(({ keyId }) => keyId)

    // Publish, and wait
    views.prompt = published.both
    auth.addKey({ id: 'webserver2', key: newKey2.pem, activeFrom: switchAt })
    for (; now < switchAt; now += hour) {
      await traffic()
      expect(keyIds()).toEqual(['webserver', 'webserver', 'webserver'])
    }
    expect(refused).toEqual({ prompt: 0, slow: 0, slowest: 0 })

    // Switch
    for (; now < switchAt + 2 * hour; now += 10 * minute) await traffic()
    expect(keyIds()).toEqual(['webserver2', 'webserver', 'webserver'])
    expect(auth.status().partners[1]?.fallback).toMatchObject({
      from: 'webserver2',
      to: 'webserver',
    })
    expect(seenBy(prompt)).toEqual(Array(3).fill('webserver2 200'))
    expect(seenBy(slow)).toEqual(Array(3).fill('webserver 200'))
    for (; now < retireAt; now += now < start + 3 * day ? hour : 12 * hour) {
      if (now >= start + 2 * day) views.slow = published.both
      if (now >= start + 30 * day) views.slowest = published.both
      await traffic()
    }
    expect(auth.status().partners.map(({ fallback }) => fallback)).toEqual(Array(3).fill(undefined))

    // Retire
    auth.invalidate({ keyId: 'webserver' })
    Object.assign(views, { prompt: published.new, slow: published.new, slowest: published.new })
    for (let again = 0; again < 3; again += 1, now += hour) await traffic()
    expect(keyIds()).toEqual(Array(3).fill('webserver2'))
    expect(seenBy(slowest)).toEqual(Array(3).fill('webserver2 200'))

    expect(answered.filter((status) => status !== 200)).toEqual([])
    expect(answered.length).toBeGreaterThan(1_000)
    expect(refused.prompt).toBe(0)
    // Three calls at once at the switch, and then one at 1, 3, 7, 15 and 31 hours
    expect(refused.slow).toBeGreaterThanOrEqual(6)
    expect(refused.slow).toBeLessThanOrEqual(8)
    // The same, and then one a day
    expect(refused.slowest).toBeGreaterThanOrEqual(20)
    expect(refused.slowest).toBeLessThanOrEqual(8 + 29)
  }, 60_000)
})

/** A partner that does not know the new key, and an auth that has just begun to sign with it. */
async function switched(
  rest: Partial<PartnerOptions> = {},
  signers: { new?: Signer } = {},
  open = overAxios?.open,
) {
  const hotels = await partner('b')
  const switchAt = start + hour
  const auth = createOrgidAuth({
    issuer,
    keys: [
      { id: 'webserver', key: oldKey.pem },
      { id: 'webserver2', key: signers.new ?? newKey2.pem, activeFrom: switchAt },
    ],
    partners: [optionsOf(hotels, 'hotels', rest)],
    now: () => now,
  })
  const client = open?.(auth) as Client
  clients.push(client)
  const get = async () => (await client.send(hotels.url('/'))).status
  const upload = async () =>
    (await client.send(hotels.url('/'), { method: 'POST', streamed: 'x' })).status
  const status = () => auth.status().partners[0]
  return { hotels, auth, get, upload, status, switchAt }
}

/** Signs with the new key, when `before` lets it. */
function remote(before: () => Promise<void>) {
  const local = localSigner(newKey2.pem)
  const state = { signed: 0 }
  const signer: Signer = {
    alg: 'ES256K',
    publicKey: local.publicKey,
    sign: async (input) => {
      state.signed += 1
      await before()
      return local.sign(input, {})
    },
  }
  return { signer, state }
}

describe('at the switch', () => {
  it('a token of the old key is served until there is one of the new key, and calls in flight keep theirs', async () => {
    const { hotels, auth, get, switchAt } = await switched()
    hotels.orgJson = published.both
    now = switchAt - 10
    hotels.delay(0.05)
    const inFlight = get()
    while (hotels.requests.length === 0) await settle()
    now = switchAt
    hotels.delay(0)
    expect(await get()).toBe(200)
    await settle()
    expect(await get()).toBe(200)
    expect(await inFlight).toBe(200)
    expect(seenBy(hotels)).toEqual(['webserver 200', 'webserver 200', 'webserver2 200'])
    expect(auth.status().keys).toEqual([
      { id: 'webserver', active: false, activeFrom: undefined },
      { id: 'webserver2', active: true, activeFrom: switchAt },
    ])
  })

  it('a key service that does not sign with the new key fails no call while the old token lives, and status() says so', async () => {
    let isDown = true
    const { signer, state } = remote(() =>
      isDown ? Promise.reject(new Error('access denied')) : Promise.resolve(),
    )
    const { hotels, get, status, switchAt } = await switched({}, { new: signer })
    hotels.orgJson = published.both
    now = switchAt - 1
    expect(await get()).toBe(200)
    for (now = switchAt; now < switchAt + 50 * minute; now += minute) {
      expect(await get()).toBe(200)
      await settle()
    }
    expect(hotels.tokens).toHaveLength(1)
    expect(status()).toMatchObject({ keyId: 'webserver2', tokens: 1 })
    expect(status()?.lastError?.code).toBe('ERR_SIGNER_FAILED')
    expect(state.signed).toBeLessThan(60)
    isDown = false
    now += minute
    await get()
    await settle()
    expect(await get()).toBe(200)
    expect(seenBy(hotels).at(-1)).toBe('webserver2 200')
    expect(status()?.lastError).toBeUndefined()
  })

  it('the old key retired at once signs nothing more', async () => {
    const { hotels, auth, get, switchAt } = await switched()
    hotels.orgJson = published.both
    await get()
    now = switchAt
    auth.invalidate({ keyId: 'webserver' })
    hotels.orgJson = published.new
    expect(await get()).toBe(200)
    expect(seenBy(hotels)).toEqual(['webserver 200', 'webserver2 200'])
  })
})

describe.each(transports)('with $name', ({ open }) => {
  it('a partner has the old key’s tokens until it knows the new key, and no call fails', async () => {
    const { hotels, get, status, switchAt } = await switched({}, {}, open)
    now = switchAt
    expect(await get()).toBe(200)
    expect(await get()).toBe(200)
    hotels.orgJson = published.both
    now += hour
    expect(await get()).toBe(200)
    expect(await get()).toBe(200)
    expect(status()).toMatchObject({ keyId: 'webserver2', fallback: undefined })
    expect(seenBy(hotels)).toEqual([
      'webserver2 401',
      ...Array(2).fill('webserver 200'),
      ...Array(2).fill('webserver2 200'),
    ])
  })
})

describe('a partner that does not know the new key yet', () => {
  it('costs fifty calls at once fifty refusals at most, and one mint', async () => {
    const { signer, state } = remote(async () => {})
    const { hotels, get, switchAt } = await switched({}, { new: signer })
    now = switchAt - 10 * minute
    await get()
    const [old] = hotels.tokens
    now = switchAt
    await get()
    await settle()
    hotels.reset()
    expect(await Promise.all(Array.from({ length: 50 }, get))).toEqual(Array(50).fill(200))
    expect(hotels.refusedCount).toBeLessThanOrEqual(50)
    expect(hotels.acceptedCount).toBe(50)
    expect(state.signed).toBe(1)
    // The old key's token was still at hand
    expect(hotels.requests.find(({ verdict }) => verdict.accepted)?.token).toBe(old)
    hotels.reset()
    await get()
    expect(seenBy(hotels)).toEqual(['webserver 200'])
  })

  it('is tried again with a token that it has not refused', async () => {
    const { hotels, get, switchAt } = await switched({ lifetime: '1 year' })
    now = switchAt
    await get()
    const [first] = hotels.tokens
    now += hour
    await get()
    hotels.orgJson = published.both
    now += 2 * hour
    await get()
    await get()
    expect(seenBy(hotels)).toEqual([
      'webserver2 401',
      'webserver 200',
      'webserver 200',
      'webserver2 200',
      'webserver2 200',
    ])
    expect(hotels.requests.filter(({ token }) => token === first)).toHaveLength(1)
  })

  it('refuses one call whose body is a stream, and is not tried with such calls', async () => {
    const { hotels, upload, status, switchAt } = await switched()
    now = switchAt
    expect(await upload()).toBe(401)
    for (let again = 0; again < 30; again += 1, now += hour) expect(await upload()).toBe(200)
    expect(seenBy(hotels)).toEqual(['webserver2 401', ...Array(30).fill('webserver 200')])
    expect(status()?.fallback).toMatchObject({ since: switchAt, retryAt: switchAt + hour })
  })

  it('with retryUnauthorized: false refuses one call, and is not tried again', async () => {
    const { hotels, get, switchAt } = await switched({ retryUnauthorized: false })
    now = switchAt
    expect(await get()).toBe(401)
    for (let again = 0; again < 30; again += 1, now += hour) expect(await get()).toBe(200)
    expect(hotels.refusedCount).toBe(1)
  })

  it('is not tried with a header whose answer is not seen', async () => {
    const { hotels, auth, get, switchAt } = await switched()
    now = switchAt
    await get()
    now += 2 * day
    const issuerOf = (value: unknown) => decode(value as string).claims.iss
    expect(issuerOf(auth.authorization(hotels.url('/')))).toBe(`${issuer}#webserver`)
    expect((await auth.token('hotels')).issuer).toBe(`${issuer}#webserver`)
  })

  it.each(['behind', 'ahead'])(
    'and whose clock is %s fails no call, and it is not taken for the one when it is the other',
    async (direction) => {
      const skew = direction === 'behind' ? -600 : 600
      const { hotels, get, status, switchAt } = await switched({ lifetime: '5 minutes' })
      hotels.clockSkew = skew
      hotels.handler = ({ claims, receivedAt }) => ({
        status: Number(claims?.iat) < receivedAt ? 200 : 401,
      })
      now = switchAt
      for (let again = 0; again < 3; again += 1) {
        expect(await get()).toBe(200)
        await settle()
      }
      expect(seenBy(hotels)).toEqual([
        'webserver2 401',
        'webserver 200',
        'webserver 200',
        'webserver2 401',
        'webserver 200',
      ])
      expect(status()).toMatchObject({ keyId: 'webserver', clockOffset: skew })
      // What was learnt of a clock is forgotten after an hour
      for (; now < switchAt + 2 * day; now += 20 * minute) expect(await get()).toBe(200)
      hotels.orgJson = published.both
      for (; now < switchAt + 4 * day; now += 20 * minute) expect(await get()).toBe(200)
      expect(status()?.fallback).toBeUndefined()
      for (let again = 0; again < 3; again += 1) {
        expect(await get()).toBe(200)
        await settle()
      }
      expect(seenBy(hotels).at(-1)).toBe('webserver2 200')
    },
  )

  it('knows it, and only its clock is wrong: the new key goes on signing', async () => {
    const { hotels, get, status, switchAt } = await switched({ lifetime: '5 minutes' })
    hotels.orgJson = published.both
    hotels.clockSkew = 600
    now = switchAt
    for (let again = 0; again < 4; again += 1) {
      expect(await get()).toBe(200)
      await settle()
    }
    expect(seenBy(hotels)).toEqual([
      'webserver2 401',
      'webserver 200',
      'webserver 200',
      'webserver2 200',
      'webserver2 200',
    ])
    expect(status()?.fallback).toBeUndefined()
  })

  it('takes no token at all for a while: no key is blamed, and few calls are made twice', async () => {
    const { hotels, get, status, switchAt } = await switched()
    now = switchAt
    hotels.answer({ status: 401, times: Number.POSITIVE_INFINITY })
    for (let again = 0; again < 20; again += 1) expect(await get()).toBe(401)
    expect(seenBy(hotels)).toEqual([
      'webserver2 401',
      'webserver 401',
      ...Array(19).fill('webserver2 401'),
    ])
    expect(status()?.fallback).toBeUndefined()
    hotels.reset()
    hotels.orgJson = published.both
    expect(await get()).toBe(200)
  })

  it('has it taken back: with the new key retired, the old one signs as ever', async () => {
    const { hotels, auth, get, status, switchAt } = await switched()
    now = switchAt
    await get()
    auth.invalidate({ keyId: 'webserver2' })
    expect(await get()).toBe(200)
    expect(status()).toMatchObject({ keyId: 'webserver', fallback: undefined })
    auth.addKey({ id: 'webserver3', key: newKey().pem })
    expect(await get()).toBe(200)
    now += 2 * hour
    expect(await get()).toBe(200)
    expect(status()?.fallback).toMatchObject({ from: 'webserver3', to: 'webserver' })
    expect(hotels.acceptedCount).toBe(4)
  })

  it('gets the new key’s tokens when the old key is retired, known or not', async () => {
    const { hotels, auth, get, switchAt } = await switched()
    now = switchAt
    await get()
    auth.invalidate({ keyId: 'webserver' })
    expect(await get()).toBe(401)
    hotels.orgJson = published.new
    now += 2 * minute
    expect(await get()).toBe(200)
  })

  it('stays the same one when the partners are set anew, unless its DID is another', async () => {
    const { hotels, auth, get, status, switchAt } = await switched()
    now = switchAt
    await get()
    auth.setPartners([optionsOf(hotels, 'hotels')])
    expect(status()?.keyId).toBe('webserver')
    auth.setPartners([optionsOf(hotels, 'hotels', { did: did('e') })])
    expect(status()).toMatchObject({ keyId: 'webserver2', fallback: undefined })
    auth.setPartners([optionsOf(hotels, 'hotels')])
    expect(status()?.fallback).toBeUndefined()
  })

  it('goes by its own fragments in status()', async () => {
    const hotels = await partner('b')
    hotels.orgJson = [orgJsonEntries(`${issuer}#forhotels`, oldKey.publicKey)]
    const auth = createOrgidAuth({
      issuer: `${issuer}#webserver`,
      key: oldKey.pem,
      partners: [optionsOf(hotels, 'hotels', { issuer: `${issuer}#forhotels` })],
      now: () => now,
    })
    const client = overAxios?.open(auth) as Client
    clients.push(client)
    expect((await client.send(hotels.url('/'))).status).toBe(200)
    expect(auth.status().partners[0]?.keyId).toBe('forhotels')
    auth.addKey({ id: 'webserver2', key: newKey2.pem })
    await client.send(hotels.url('/'))
    await settle()
    expect((await client.send(hotels.url('/'))).status).toBe(200)
    expect(auth.status().partners[0]).toMatchObject({
      keyId: 'forhotels',
      fallback: { from: 'webserver2', to: 'forhotels' },
    })
  })
})
