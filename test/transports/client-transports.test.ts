import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type CallOptions, createOrgidAuth } from '../../src/index.js'
import { startPartner, startStranger, type TestPartner } from '../../src/testing/index.js'
import { did, newKey } from '../support.js'
import { citiesAndClaims } from './seen.js'
import { type Calls, type Service, serviceKinds } from './service-clients.js'

const { pem, publicKey } = newKey()

let hotels: TestPartner
let air: TestPartner
let telemetry: TestPartner
beforeAll(async () => {
  hotels = await startPartner({ did: did('b'), publicKey, profile: 'current' })
  air = await startPartner({ did: did('c'), publicKey, profile: 'current' })
  telemetry = await startStranger()
})
afterEach(() => {
  for (const server of [hotels, air, telemetry]) server.reset()
})
afterAll(() => Promise.all([hotels.close(), air.close(), telemetry.close()]))

function createAuth() {
  const allowLoopbackHttp = true
  return createOrgidAuth({
    issuer: `${did('a')}#webserver`,
    key: pem,
    partners: [
      { name: 'hotels', did: did('b'), origin: hotels.origin, allowLoopbackHttp },
      { name: 'air', did: did('c'), origin: air.origin, allowLoopbackHttp },
    ],
  })
}

/** Of each call one asks for a city named after what its token should say. */
const saying = (name: string): CallOptions => ({
  partner: 'hotels',
  scope: [name],
  claims: { tenant: name },
})
const said = (server: TestPartner) => citiesAndClaims(server, ['scope', 'tenant'])
const says = (name: string) => [name, `["${name}"]`, name]
const saysNothing = (name: string) => [name, undefined, undefined]

const kinds = serviceKinds.map((kind) => [kind.name, kind] as const)

describe.each(kinds)('wrapping %s', (_name, { open, keepsBodies, decidesHops }) => {
  let service: Service
  beforeEach(() => {
    const at = { hotels: hotels.origin, air: air.origin, telemetry: telemetry.origin }
    service = open(createAuth(), at)
  })
  afterEach(() => service.close())

  it('gives its calls the token of the partner, with what the wrap says', async () => {
    const reader = service.through(saying('read'))
    const statuses = [await reader.offers('read'), await reader.book('read')]
    expect(statuses).toEqual([200, 200])
    expect(hotels.requests.map(({ method }) => method)).toEqual(['GET', 'POST'])
    expect(said(hotels)).toEqual([says('read'), says('read')])
    expect(hotels.acceptedCount).toBe(2)
  })

  it('leaves the calls of the client itself as they are, at the same time', async () => {
    const [reader, client] = [service.through(saying('read')), service.through()]
    await reader.offers('read')
    await Promise.all([
      client.offers('plain'),
      reader.offers('read'),
      client.book('plain'),
      reader.book('read'),
      client.offers('plain'),
    ])
    const expected = [...Array(3).fill(says('read')), ...Array(3).fill(saysNothing('plain'))]
    expect(said(hotels).sort()).toEqual(expected.sort())
    expect(hotels.acceptedCount).toBe(6)
  })

  it('several times does not mix what their parallel calls say', async () => {
    const names = ['read', 'book', 'cancel']
    const wraps = names.map((name) => ({ name, calls: service.through(saying(name)) }))
    const rounds = Array.from({ length: 8 }, (_, round) =>
      wraps.map(({ name, calls }) => (round % 2 ? calls.offers(name) : calls.book(name))),
    )
    const statuses = await Promise.all(rounds.flat())
    expect(statuses).toEqual(Array(24).fill(200))
    expect(said(hotels).sort()).toEqual(names.flatMap((name) => Array(8).fill(says(name))).sort())
    expect(hotels.tokens).toHaveLength(3)
  })

  it('gives a stranger that it reports to nothing', async () => {
    const reader = service.through(saying('read'))
    await Promise.all([reader.offers('read'), reader.book('read'), reader.flights('none')])
    expect(telemetry.requests).toHaveLength(3)
    for (const { authorization } of telemetry.requests) expect(authorization).toBeUndefined()
  })

  it('for one partner tells another nothing', async () => {
    const reader = service.through(saying('read'))
    const flyer = service.through({ partner: 'air', scope: ['fly'], claims: { tenant: 'fly' } })
    await reader.flights('plain')
    await Promise.all([
      reader.flights('plain'),
      flyer.offers('plain'),
      flyer.flights('fly'),
      reader.offers('read'),
    ])
    expect(said(air).sort()).toEqual([says('fly'), saysNothing('plain'), saysNothing('plain')])
    expect(said(hotels).sort()).toEqual([saysNothing('plain'), says('read')])
    expect(air.acceptedCount).toBe(3)
    expect(hotels.acceptedCount).toBe(2)
  })

  it.each([
    ['GET', '/offers', 'offers'],
    ['POST', '/bookings', 'book'],
  ] as const)(
    'has a %s repeated after a 401 with what the wrap says',
    async (method, path, call) => {
      const [reader, booker] = [service.through(saying('read')), service.through(saying('book'))]
      // opens the connection, in whose context an answer may arrive
      await booker.offers('book')
      hotels.reset()
      hotels.answer({ status: 401, path })
      // a body that is gone cannot be sent again: then it is the next call that has another token
      const isRepeated = method === 'GET' || keepsBodies
      if (!isRepeated) expect(await reader[call]('read')).toBe(401)
      expect(await reader[call]('read')).toBe(200)
      expect(hotels.requests.map(({ status }) => status)).toEqual([401, 200])
      expect(said(hotels)).toEqual([says('read'), says('read')])
      expect(hotels.acceptedCount).toBe(2)
      expect(hotels.tokens).toHaveLength(2)
    },
  )

  it('keeps what it says on the hops of a redirect, and to itself', async () => {
    const [reader, booker] = [service.through(saying('read')), service.through(saying('book'))]
    await booker.offers('book')
    hotels.reset()
    hotels.redirect({ to: '/moved?city=read', path: '/offers' })
    hotels.redirect({ to: '/moved?city=plain', path: '/offers' })
    expect(await reader.offers('read')).toBe(200)
    expect(await service.through().offers('plain')).toBe(200)
    expect(hotels.requests.map(({ status }) => status)).toEqual([302, 200, 302, 200])
    const [read, plain] = [says('read'), saysNothing('plain')]
    expect(said(hotels)).toEqual([read, read, plain, plain])
  })

  it('takes what it says along by a redirect neither to a stranger nor to a partner', async () => {
    const reader = service.through(saying('read'))
    hotels.redirect({ to: telemetry.url('/moved'), path: '/offers' })
    hotels.redirect({ to: air.url('/moved?city=plain'), path: '/offers' })
    await reader.offers('read')
    await reader.offers('read')
    const moved = telemetry.requests.find(({ url }) => url === '/moved')
    expect(moved).toMatchObject({ authorization: undefined })
    expect(said(air)).toEqual([saysNothing('plain')])
    expect(air.requests[0]?.claims?.aud).toBe(decidesHops ? did('c') : undefined)
  })

  it('says its own at the end of a redirect that a stranger began', async () => {
    const [flyer, booker] = [service.through({ partner: 'air' }), service.through(saying('book'))]
    const detour = async (calls: Calls, city: string) => {
      air.redirect({ to: telemetry.url('/detour') })
      telemetry.redirect({ to: hotels.url(`/moved?city=${city}`), path: '/detour' })
      await calls.flights(city)
    }
    await detour(booker, 'book')
    await detour(flyer, 'plain')
    await detour(service.through(), 'plain')
    expect(said(hotels)).toEqual([
      decidesHops ? says('book') : saysNothing('book'),
      saysNothing('plain'),
      saysNothing('plain'),
    ])
  })
})
