import axios from 'axios'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createOrgidAuth, type OrgidAuth, type PartnerOptions } from '../../src/index.js'
import { startPartner, startStranger, type TestPartner } from '../../src/testing/index.js'
import { did, newKey } from '../support.js'
import { citiesAndClaims } from './seen.js'
import { type Service, serviceKinds } from './service-clients.js'

const { pem, publicKey } = newKey()
const gatewayDid = did('b')
const suppliers = { north: did('d'), south: did('e'), east: did('f') }

/** Behind the gateway: APIs that each take tokens for themselves alone, the gateway's own too. */
const behind: Record<string, TestPartner> = {}
let gateway: TestPartner
let air: TestPartner
let telemetry: TestPartner
beforeAll(async () => {
  const start = (did: string) => startPartner({ did, publicKey, profile: 'current' })
  for (const did of [gatewayDid, ...Object.values(suppliers)]) behind[did] = await start(did)
  air = await start(did('c'))
  gateway = await startStranger()
  telemetry = await startStranger()
})
beforeEach(() => {
  // passes each request on to whom its token addresses
  gateway.handler = async ({ method, url, text, claims, authorization }) => {
    const supplier = behind[String(claims?.aud)]
    if (supplier === undefined) return { status: 502, body: { ok: false } }
    const { status, data } = await axios.request({
      method,
      url: supplier.url(url),
      ...(text !== '' && { data: text }),
      headers: { authorization, 'content-type': 'application/json' },
      validateStatus: null,
    })
    return { status, body: data }
  }
})
const servers = () => [gateway, air, telemetry, ...Object.values(behind)]
afterEach(() => {
  for (const server of servers()) server.reset()
})
afterAll(() => Promise.all(servers().map((server) => server.close())))

/** Every call asks for a city with the name of the supplier that should get it. */
const to = (name: keyof typeof suppliers) => ({ partner: 'gateway', audience: suppliers[name] })
const got = (did: string) => citiesAndClaims(behind[did] as TestPartner, ['aud', 'scope'])

function partners(listed: readonly string[]): PartnerOptions[] {
  const [origin, allowLoopbackHttp] = [gateway.origin, true]
  return [
    { name: 'gateway', did: gatewayDid, audiences: listed, origin, allowLoopbackHttp },
    { name: 'air', did: did('c'), origin: air.origin, allowLoopbackHttp },
  ]
}

const kinds = serviceKinds.map((kind) => [kind.name, kind] as const)

describe.each(kinds)('behind a gateway, wrapping %s', (_name, { open, keepsBodies }) => {
  let auth: OrgidAuth
  let service: Service
  beforeEach(() => {
    const listed = [suppliers.north, suppliers.south]
    auth = createOrgidAuth({
      issuer: `${did('a')}#webserver`,
      key: pem,
      partners: partners(listed),
    })
    const at = { hotels: gateway.origin, air: air.origin, telemetry: telemetry.origin }
    service = open(auth, at)
  })
  afterEach(() => service.close())

  it('addresses the calls of each wrap to its supplier, in parallel', async () => {
    const [north, south] = [service.through(to('north')), service.through(to('south'))]
    const own = service.through()
    const rounds = Array.from({ length: 4 }, () => [
      north.offers('north'),
      south.book('south'),
      own.offers('gateway'),
      north.book('north'),
      south.offers('south'),
    ])
    expect(await Promise.all(rounds.flat())).toEqual(Array(20).fill(200))
    expect(got(suppliers.north)).toEqual(Array(8).fill(['north', suppliers.north, undefined]))
    expect(got(suppliers.south)).toEqual(Array(8).fill(['south', suppliers.south, undefined]))
    expect(got(gatewayDid)).toEqual(Array(4).fill(['gateway', gatewayDid, undefined]))
    expect(gateway.tokens).toHaveLength(3)
  })

  it('keeps the scope for one supplier from another', async () => {
    const reader = service.through({ ...to('north'), scope: ['read'] })
    const booker = service.through({ ...to('south'), scope: ['book'] })
    const plain = service.through(to('south'))
    await reader.offers('north')
    await Promise.all([booker.book('south'), plain.book('south'), reader.offers('north')])
    expect(got(suppliers.north)).toEqual(Array(2).fill(['north', suppliers.north, '["read"]']))
    expect(got(suppliers.south).map(([, , scope]) => scope)).toEqual(
      expect.arrayContaining(['["book"]', undefined]),
    )
    expect(got(suppliers.south)).toHaveLength(2)
  })

  it('addresses no other partner, nor a stranger', async () => {
    const north = service.through(to('north'))
    expect(await Promise.all([north.flights('air'), north.offers('north')])).toEqual([200, 200])
    expect(citiesAndClaims(air, ['aud'])).toEqual([['air', did('c')]])
    expect(telemetry.requests.length).toBeGreaterThan(0)
    for (const { authorization } of telemetry.requests) expect(authorization).toBeUndefined()
  })

  it.each(['offers', 'book'] as const)(
    'refuses a supplier that is not listed: %s',
    async (call) => {
      const east = service.through(to('east'))
      const refused = await east[call]('east').catch((error: unknown) => error)
      expect(codeOf(refused)).toBe('ERR_AUDIENCE_NOT_ALLOWED')
      expect(gateway.requests).toEqual([])
      expect(await service.through(to('north'))[call]('north')).toBe(200)
    },
  )

  it('takes a supplier that was added while running', async () => {
    const east = service.through(to('east'))
    await expect(east.offers('east')).rejects.toThrow()
    auth.setPartners(partners(Object.values(suppliers)))
    expect(await east.offers('east')).toBe(200)
    expect(got(suppliers.east)).toEqual([['east', suppliers.east, undefined]])
  })

  it.each([
    ['GET', 'offers'],
    ['POST', 'book'],
  ] as const)('has a %s that a supplier answers with 401 repeated to it', async (method, call) => {
    await service.through({ ...to('south'), scope: ['book'] }).offers('south')
    behind[suppliers.north]?.answer({ status: 401 })
    const north = service.through({ ...to('north'), scope: ['read'] })
    // see client-transports.test.ts
    if (method === 'POST' && !keepsBodies) expect(await north[call]('north')).toBe(401)
    expect(await north[call]('north')).toBe(200)
    expect(got(suppliers.north)).toEqual(Array(2).fill(['north', suppliers.north, '["read"]']))
    expect(behind[suppliers.north]?.tokens).toHaveLength(2)
  })
})

/** fetch has an error of its dispatcher as the cause of its own. */
function codeOf(error: unknown): unknown {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } }
  return code ?? cause?.code
}
