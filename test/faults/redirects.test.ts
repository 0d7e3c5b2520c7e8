import dns from 'node:dns'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createOrgidAuth, type OrgidAuth } from '../../src/index.js'
import { startPartner, startStranger, type TestPartner } from '../../src/testing/index.js'
import { did, newKey } from '../support.js'
import { certificate, certificateKey } from '../testing/certificate.js'
import { type Client, type Transport, transports } from '../transports/every.js'

const { pem, publicKey } = newKey()
const statuses = [301, 302, 303, 307, 308] as const
const tls = { key: certificateKey, cert: certificate }

let hotels: TestPartner
let air: TestPartner
let gateway: TestPartner
let stranger: TestPartner
let secureStranger: TestPartner
let auth: OrgidAuth

const servers = () => [hotels, air, gateway, stranger, secureStranger]

beforeAll(async () => {
  hotels = await startPartner({ did: did('b'), publicKey, profile: 'older', hostname: 'localhost' })
  air = await startPartner({ did: did('c'), publicKey, profile: 'older' })
  // Two partners behind one origin, told apart by their paths, and paths that are nobody's
  gateway = await startStranger()
  stranger = await startStranger()
  secureStranger = await startStranger({ tls })
  const allowLoopbackHttp = true
  auth = createOrgidAuth({
    issuer: `${did('a')}#webserver`,
    key: pem,
    partners: [
      { name: 'hotels', did: did('b'), origin: hotels.origin, allowLoopbackHttp },
      { name: 'air', did: did('c'), origin: air.origin, allowLoopbackHttp },
      { did: did('d'), origin: gateway.origin, pathPrefix: '/trains', allowLoopbackHttp },
      { did: did('e'), origin: gateway.origin, pathPrefix: '/ferries', allowLoopbackHttp },
    ],
  })
})
afterAll(() => Promise.all(servers().map((server) => server.close())))

beforeEach(() => {
  for (const server of servers()) server.reset()
  // A certificate of our own making, and names below localhost, which not every system resolves
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
  const lookup = dns.lookup
  const below = (hostname: string) => (/\.localhost$/.test(hostname) ? '127.0.0.1' : hostname)
  vi.spyOn(dns, 'lookup').mockImplementation(((hostname: string, ...rest: [never, never]) =>
    lookup(below(hostname), ...rest)) as typeof dns.lookup)
})

/** A stop on the way of a request, and who it belongs to. */
interface Stop {
  readonly url: string
  readonly server: TestPartner
  /** The partner whose URL it is. */
  readonly partner: string | undefined
}

const at = (server: TestPartner, path: string, partner?: string, origin = server.origin): Stop => ({
  url: origin + path,
  server,
  partner,
})
const atHotels = (path: string) => at(hotels, path, did('b'))
const atAir = (path: string) => at(air, path, did('c'))
const atHost = (host: string, path: string) =>
  at(hotels, path, undefined, hotels.origin.replace('localhost', host))

interface Way {
  readonly goes: string
  readonly stops: () => readonly Stop[]
  /** What `Location` says of the next stop. Default: its whole URL. */
  readonly location?: (url: string) => string
}

const withoutScheme = (url: string) => url.slice('http:'.length)

/** Where a request is sent, stop by stop. Paths are unique on each server. */
const ways: readonly Way[] = [
  { goes: 'within the origin', stops: () => [atHotels('/1'), atHotels('/2'), atHotels('/3')] },
  { goes: 'to another port', stops: () => [atAir('/1'), at(stranger, '/2')] },
  { goes: 'to another host name', stops: () => [atHotels('/1'), atHost('127.0.0.1', '/2')] },
  { goes: 'to a subdomain', stops: () => [atHotels('/1'), atHost('api.localhost', '/2')] },
  { goes: 'to another scheme', stops: () => [atHotels('/1'), at(secureStranger, '/2')] },
  {
    goes: 'to a stranger by //',
    stops: () => [atHotels('/1'), at(stranger, '/2')],
    location: withoutScheme,
  },
  { goes: 'to another partner', stops: () => [atHotels('/1'), atAir('/2')] },
  {
    goes: 'to another partner by //',
    stops: () => [atHotels('/1'), atAir('/2')],
    location: withoutScheme,
  },
  {
    goes: 'to a stranger and back',
    stops: () => [atHotels('/1'), at(stranger, '/2'), atHotels('/3')],
  },
  {
    goes: 'to another partner and back',
    stops: () => [atHotels('/1'), atAir('/2'), atHotels('/3')],
  },
  { goes: 'from a stranger to a partner', stops: () => [at(stranger, '/1'), atAir('/2')] },
  {
    goes: 'within a path prefix',
    stops: () => [at(gateway, '/trains/1', did('d')), at(gateway, '/trains/2', did('d'))],
  },
  {
    goes: 'out of a path prefix',
    stops: () => [at(gateway, '/trains/1', did('d')), at(gateway, '/trainsets/2')],
  },
  {
    goes: 'to another path prefix and back',
    stops: () => [
      at(gateway, '/trains/1', did('d')),
      at(gateway, '/ferries/2', did('e')),
      at(gateway, '/trains/3', did('d')),
    ],
  },
]

/** Whose token each stop is to see, by what a transport can do. */
function expected(hops: Transport['hops'], way: readonly Stop[]): (string | undefined)[] {
  const [first] = way as [Stop]
  let left = false
  return way.map((stop) => {
    if (hops === 'each') return stop.partner
    const isFirsts =
      hops === 'above'
        ? new URL(stop.url).origin === new URL(first.url).origin
        : stop.partner === first.partner
    left ||= !isFirsts
    return left ? undefined : first.partner
  })
}

describe.each(transports)('with $name, a redirect', ({ hops, open }) => {
  let client: Client
  beforeAll(() => {
    client = open(auth)
  })
  afterAll(() => client.close())
  afterEach(() => vi.restoreAllMocks())

  it.each(ways)('$goes gives each hop its own token, or none', async ({ stops, location }) => {
    const way = stops()
    const seen: Record<number, unknown> = {}
    for (const status of statuses) {
      for (const server of servers()) server.reset()
      way.slice(0, -1).forEach(({ url, server }, index) => {
        const next = way[index + 1] as Stop
        const to = location?.(next.url) ?? next.url
        server.redirect({ path: new URL(url).pathname, to, status })
      })
      // A partner may well refuse a hop that comes without a token
      await client.send((way[0] as Stop).url)
      seen[status] = way.map(({ url, server }) => {
        const { pathname } = new URL(url)
        const requests = server.requests.filter((request) => request.url === pathname)
        expect(requests).toHaveLength(1)
        const [{ authorization, claims } = {}] = requests
        return authorization && claims?.aud
      })
    }
    const each = expected(hops, way)
    expect(seen).toEqual(Object.fromEntries(statuses.map((status) => [status, each])))
  })
})

describe('the table', () => {
  it('has exceptions only where partners share an origin, and only above undici’s own redirects', () => {
    const exceptions = transports.flatMap(({ name, hops }) =>
      ways
        .filter(({ stops }) =>
          expected(hops, stops()).some((aud, stop) => aud && aud !== stops()[stop]?.partner),
        )
        .map(({ goes }) => `${name}: ${goes}`),
    )
    expect(exceptions.length).toBeGreaterThan(0)
    for (const line of exceptions) expect(line).toMatch(/compose\(redirect, auth\): .* path prefix/)
  })
})
