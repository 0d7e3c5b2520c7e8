import axios from 'axios'
import createClient, {
  type Middleware,
  type Client as OpenapiClient,
  type PathBasedClient,
  wrapAsPathBasedClient,
} from 'openapi-fetch'
import * as undici from 'undici'
import { type CallOptions, type OrgidAuth, wrapClient } from '../../src/index.js'
import { attachAuth } from '../../src/transports/axios.js'
import { withAuth } from '../../src/transports/fetch.js'
import { install } from '../../src/transports/install.js'
import { type Client, transports } from './every.js'
import { HotelsApi, HotelsApiFactory, HotelsApiFp } from './generated-axios/api.js'
import { Configuration } from './generated-axios/configuration.js'

/** Where the servers are. */
interface Addresses {
  readonly hotels: string
  readonly air: string
  /** Nobody's partner. Every client reports to it beside each call. */
  readonly telemetry: string
}

/** What one does with a client; each call gives the status of its answer. */
export interface Calls {
  offers(city: string): Promise<number>
  book(city: string): Promise<number>
  /** To the other partner. */
  flights(city: string): Promise<number>
}

export interface Service {
  /** Calls by way of the client wrapped with these options; without any, of the client itself. */
  through(options?: CallOptions): Calls
  close(): Promise<void>
}

/** A kind of client over a transport that can carry it. */
export interface ServiceKind {
  readonly name: string
  /** Whether a call with a body can be repeated: fetch keeps none of a Request, nor under `install`. */
  readonly keepsBodies: boolean
  /** Whether each hop of a redirect gets the token of its own partner, whatever came before it. */
  readonly decidesHops: boolean
  open(auth: OrgidAuth, at: Addresses): Service
}

function service<T extends object>(
  auth: OrgidAuth,
  client: T,
  calls: (client: T) => Calls,
  close = async () => {},
): Service {
  const through = (options?: CallOptions) =>
    calls(options === undefined ? client : wrapClient(client, auth, options))
  return { through, close }
}

const query = (city: string) => new URLSearchParams({ city }).toString()

/** As one writes it oneself: private state, a sub-client, calls of its own on the side. */
class TravelClient {
  readonly #client: Client
  readonly #at: Addresses
  readonly bookings: Bookings
  #count = 0

  constructor(client: Client, at: Addresses) {
    this.#client = client
    this.#at = at
    this.bookings = new Bookings(client, at)
  }

  async offers(city: string): Promise<number> {
    await this.#report()
    return (await this.#client.send(`${this.#at.hotels}/offers?${query(city)}`)).status
  }

  async flights(city: string): Promise<number> {
    await this.#report()
    return (await this.#client.send(`${this.#at.air}/flights?${query(city)}`)).status
  }

  async #report(): Promise<void> {
    this.#count += 1
    await this.#client.send(`${this.#at.telemetry}/count?${this.#count}`)
  }
}

class Bookings {
  readonly #client: Client
  readonly #at: Addresses
  constructor(client: Client, at: Addresses) {
    this.#client = client
    this.#at = at
  }

  async create(city: string): Promise<number> {
    const body = JSON.stringify({ city })
    const headers = { 'content-type': 'application/json' }
    const url = `${this.#at.hotels}/bookings`
    const { status } = await this.#client.send(url, { method: 'POST', body, headers })
    await this.#client.send(`${this.#at.telemetry}/booked`)
    return status
  }
}

const handWritten = transports.map(
  ({ name, hops, open }): ServiceKind => ({
    name: `a hand-written client over ${name}`,
    keepsBodies: !name.startsWith('install'),
    decidesHops: hops === 'each',
    open(auth, at) {
      const client = open(auth)
      const calls = (travel: TravelClient): Calls => ({
        offers: (city) => travel.offers(city),
        book: (city) => travel.bookings.create(city),
        flights: (city) => travel.flights(city),
      })
      return service(auth, new TravelClient(client, at), calls, () => client.close())
    },
  }),
)

/** What openapi-typescript makes of an API description, by hand. */
interface Answers {
  responses: { 200: { content: { 'application/json': { ok: boolean } } } }
}
interface InCity {
  parameters: { query: { city: string } }
}
export interface HotelsPaths {
  '/offers': { get: InCity & Answers }
  '/bookings': {
    post: Answers & { requestBody: { content: { 'application/json': { city: string } } } }
  }
  '/flights': { get: InCity & Answers }
}

interface FetchKind {
  readonly name: string
  open(auth: OrgidAuth): { fetch: typeof fetch; Request: typeof Request; close?: () => void }
}

/** The ways in which a client made for fetch may be carried. */
export const fetches: readonly FetchKind[] = [
  { name: 'withAuth(fetch)', open: (auth) => ({ fetch: withAuth(fetch, auth), Request }) },
  {
    name: 'withAuth(fetch of undici)',
    open: (auth) => ({
      fetch: withAuth(undici.fetch as unknown as typeof fetch, auth),
      Request: undici.Request as unknown as typeof Request,
    }),
  },
  {
    name: 'install and Node’s own fetch',
    open: (auth) => ({ close: install(auth), fetch, Request }),
  },
]

/** An openapi-fetch client, which reports to telemetry after each call, by the same fetch. */
function openapiClient(
  { fetch, Request }: Pick<ReturnType<FetchKind['open']>, 'fetch' | 'Request'>,
  at: Addresses,
): OpenapiClient<HotelsPaths> {
  const client = createClient<HotelsPaths>({ baseUrl: at.hotels, fetch, Request })
  const report: Middleware = {
    onResponse: async ({ schemaPath }) => {
      await fetch(new Request(`${at.telemetry}${schemaPath}`, { method: 'POST', body: '1' }))
      return undefined
    },
  }
  client.use(report)
  return client
}

const statusOf = ({ response }: { response: Response }) => response.status

const openapiFetch = fetches.flatMap(({ name, open }): ServiceKind[] => [
  {
    name: `openapi-fetch over ${name}`,
    keepsBodies: false,
    decidesHops: name.startsWith('install'),
    open(auth, at) {
      const { close, ...given } = open(auth)
      const calls = (client: OpenapiClient<HotelsPaths>): Calls => ({
        offers: async (city) =>
          statusOf(await client.GET('/offers', { params: { query: { city } } })),
        book: async (city) => statusOf(await client.POST('/bookings', { body: { city } })),
        flights: async (city) =>
          statusOf(await client.GET('/flights', { baseUrl: at.air, params: { query: { city } } })),
      })
      return service(auth, openapiClient(given, at), calls, async () => close?.())
    },
  },
  {
    name: `openapi-fetch, by path, over ${name}`,
    keepsBodies: false,
    decidesHops: name.startsWith('install'),
    open(auth, at) {
      const { close, ...given } = open(auth)
      const calls = (client: PathBasedClient<HotelsPaths>): Calls => ({
        offers: async (city) =>
          statusOf(await client['/offers'].GET({ params: { query: { city } } })),
        book: async (city) => statusOf(await client['/bookings'].POST({ body: { city } })),
        flights: async (city) =>
          statusOf(await client['/flights'].GET({ baseUrl: at.air, params: { query: { city } } })),
      })
      const client = wrapAsPathBasedClient(openapiClient(given, at))
      return service(auth, client, calls, async () => close?.())
    },
  },
])

/** An attached axios instance, which reports to telemetry after each call. */
function reportingAxios(adapter: 'http' | 'fetch', auth: OrgidAuth, at: Addresses) {
  const http = axios.create({ adapter, validateStatus: null })
  http.interceptors.response.use(async (response) => {
    if (response.config.url?.startsWith(at.telemetry)) return response
    await http.post(`${at.telemetry}/count`, {})
    return response
  })
  attachAuth(http, auth)
  return http
}

const generatedAxios = (['http', 'fetch'] as const).flatMap((adapter): ServiceKind[] => [
  {
    name: `generated API classes over axios, ${adapter} adapter`,
    keepsBodies: true,
    decidesHops: adapter === 'http',
    open(auth, at) {
      const http = reportingAxios(adapter, auth, at)
      const api = (basePath: string) =>
        new HotelsApi(new Configuration({ basePath }), undefined, http)
      const sdk = { hotels: api(at.hotels), air: api(at.air) }
      return service(auth, sdk, ({ hotels, air }) => ({
        offers: async (city) => (await hotels.listOffers(city)).status,
        book: async (city) => (await hotels.createBooking({ city })).status,
        flights: async (city) => (await air.listOffers(city)).status,
      }))
    },
  },
  {
    name: `generated API factories over axios, ${adapter} adapter`,
    keepsBodies: true,
    decidesHops: adapter === 'http',
    open(auth, at) {
      const http = reportingAxios(adapter, auth, at)
      const sdk = {
        hotels: HotelsApiFactory(undefined, at.hotels, http),
        air: HotelsApiFactory(undefined, at.air, http),
      }
      return service(auth, sdk, ({ hotels, air }) => ({
        offers: async (city) => (await hotels.listOffers(city)).status,
        book: async (city) => (await hotels.createBooking({ city })).status,
        flights: async (city) => (await air.listOffers(city)).status,
      }))
    },
  },
  {
    // these resolve to a function that makes the call
    name: `generated API functions over axios, ${adapter} adapter`,
    keepsBodies: true,
    decidesHops: adapter === 'http',
    open(auth, at) {
      const http = reportingAxios(adapter, auth, at)
      return service(auth, HotelsApiFp(new Configuration()), (hotels) => ({
        offers: async (city) => (await (await hotels.listOffers(city))(http, at.hotels)).status,
        book: async (city) =>
          (await (await hotels.createBooking({ city }))(http, at.hotels)).status,
        flights: async (city) => (await (await hotels.listOffers(city))(http, at.air)).status,
      }))
    },
  },
])

/** Every kind of client over every transport that can carry it. */
export const serviceKinds: readonly ServiceKind[] = [
  ...handWritten,
  ...openapiFetch,
  ...generatedAxios,
]
