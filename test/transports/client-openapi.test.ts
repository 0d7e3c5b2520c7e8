import createClient, { type Middleware, wrapAsPathBasedClient } from 'openapi-fetch'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type CallOptions, createOrgidAuth, type OrgidAuth, wrapClient } from '../../src/index.js'
import { startPartner, startStranger, type TestPartner } from '../../src/testing/index.js'
import { withAuth } from '../../src/transports/fetch.js'
import { install } from '../../src/transports/install.js'
import { decode, did, newKey } from '../support.js'
import { citiesAndClaims } from './seen.js'
import { fetches, type HotelsPaths } from './service-clients.js'

const { pem, publicKey } = newKey()
const read: CallOptions = { partner: 'hotels', scope: ['read'] }
const book: CallOptions = { partner: 'hotels', scope: ['book'] }

let hotels: TestPartner
let stranger: TestPartner
beforeAll(async () => {
  hotels = await startPartner({ did: did('b'), publicKey, profile: 'current' })
  stranger = await startStranger()
})
afterEach(() => {
  hotels.reset()
  stranger.reset()
})
afterAll(() => Promise.all([hotels.close(), stranger.close()]))

function createAuth(): OrgidAuth {
  const { origin } = hotels
  return createOrgidAuth({
    issuer: `${did('a')}#webserver`,
    key: pem,
    partners: [{ name: 'hotels', did: did('b'), origin, allowLoopbackHttp: true }],
  })
}

const inCity = (city: string) => ({ params: { query: { city } } })
const citiesAndScopes = () => citiesAndClaims(hotels, ['scope'])

describe.each(fetches.map((kind) => [kind.name, kind] as const))(
  'openapi-fetch over %s',
  (_, kind) => {
    const closing: (() => void)[] = []
    afterEach(() => {
      for (const close of closing.splice(0)) close()
    })
    function setUp() {
      const auth = createAuth()
      const { close, ...given } = kind.open(auth)
      if (close) closing.push(close)
      const client = createClient<HotelsPaths>({ baseUrl: hotels.origin, ...given })
      /** The scope that a call made here would have. */
      const scope = async () => {
        const authorization = (await auth.authorization(hotels.origin)) as string
        return decode(authorization).claims.scope
      }
      return { auth, client, scope, ...given }
    }

    it.each(['the client', 'the wrapped client'])(
      'runs middleware registered on %s inside of the wrap',
      async (registeredOn) => {
        const { auth, client, scope, fetch } = setUp()
        const reader = wrapClient(client, auth, read)
        const seen: unknown[] = []
        const middleware: Middleware = {
          async onRequest() {
            seen.push(await scope())
            // a call of its own
            await fetch(hotels.url('/terms?city=middleware'))
            return undefined
          },
          async onResponse() {
            seen.push(await scope())
            return undefined
          },
        }
        ;(registeredOn === 'the client' ? client : reader).use(middleware)
        await reader.GET('/offers', inCity('read'))
        await client.GET('/offers', inCity('plain'))
        expect(seen).toEqual(['["read"]', '["read"]', undefined, undefined])
        expect(citiesAndScopes()).toEqual([
          ['middleware', '["read"]'],
          ['read', '["read"]'],
          ['middleware', undefined],
          ['plain', undefined],
        ])
        reader.eject(middleware)
        await client.GET('/offers', inCity('plain'))
        expect(seen).toHaveLength(4)
      },
    )

    it('decides by the URL that middleware has left, and its Authorization wins', async () => {
      const { auth, client, Request } = setUp()
      const reader = wrapClient(client, auth, read)
      const away: Middleware = { onRequest: () => new Request(stranger.url('/away')) }
      reader.use(away)
      await reader.GET('/offers', inCity('read'))
      reader.eject(away)
      reader.use({
        onRequest({ request }) {
          request.headers.set('Authorization', 'Basic b3duOm93bg==')
        },
      })
      await reader.GET('/offers', inCity('read'))
      expect(stranger.requests.map(({ authorization }) => authorization)).toEqual([undefined])
      expect(hotels.requests.map(({ authorization }) => authorization)).toEqual([
        'Basic b3duOm93bg==',
      ])
    })

    it('tells middleware of an error of ours, inside of the wrap', async () => {
      const { auth, client, scope } = setUp()
      const elsewhere = wrapClient(client, auth, { ...read, audience: did('e') })
      const codes: unknown[] = []
      client.use({
        async onError({ error }) {
          const { code, cause } = error as { code?: string; cause?: { code: string } }
          codes.push(code ?? cause?.code, await scope().catch((thrown) => thrown.code))
        },
      })
      await expect(elsewhere.GET('/offers', inCity('read'))).rejects.toThrow()
      expect(codes).toEqual(['ERR_AUDIENCE_NOT_ALLOWED', 'ERR_AUDIENCE_NOT_ALLOWED'])
      expect(hotels.requests).toEqual([])
    })

    it('is wrapped as part of an SDK, by property and by method, and before paths are', async () => {
      const { auth, client } = setUp()
      const byPath = wrapAsPathBasedClient(client)
      class Sdk {
        readonly api = client
        readonly paths = byPath
        byPath() {
          return byPath
        }
      }
      const sdk = wrapClient(new Sdk(), auth, read)
      await sdk.api.GET('/offers', inCity('read'))
      await sdk.byPath()['/offers'].GET(inCity('read'))
      await sdk.paths['/offers'].GET(inCity('read'))
      await wrapAsPathBasedClient(wrapClient(client, auth, read))['/offers'].GET(inCity('read'))
      await byPath['/offers'].GET(inCity('plain'))
      const expected = [...Array(4).fill(['read', '["read"]']), ['plain', undefined]]
      expect(citiesAndScopes()).toEqual(expected)
      // it makes a member of every name that it is asked for
      expect(Reflect.ownKeys(byPath)).toEqual(['/offers'])
    })

    it('hands out results as they are', async () => {
      const { auth, client } = setUp()
      const reader = wrapClient(client, auth, read)
      const { data, response } = await reader.GET('/offers', inCity('read'))
      expect(data).toEqual({ ok: true })
      expect(response.headers.get('content-type')).toBe('application/json')
      const streamed = await reader.GET('/offers', { ...inCity('read'), parseAs: 'stream' })
      expect(await new Response(streamed.data).json()).toEqual({ ok: true })
      hotels.answer({ status: 422, body: { why: 'full' } })
      expect((await reader.POST('/bookings', { body: { city: 'read' } })).error).toEqual({
        why: 'full',
      })
    })
  },
)

describe('the fetch that openapi-fetch has captured', () => {
  it('is under install even if the client was there before', async () => {
    const auth = createAuth()
    const client = createClient<HotelsPaths>({ baseUrl: hotels.origin })
    const reader = wrapClient(client, auth, read)
    const uninstall = install(auth)
    await reader.GET('/offers', inCity('read'))
    uninstall()
    await reader.GET('/offers', inCity('none'))
    expect(hotels.requests.map(({ verdict }) => verdict.accepted)).toEqual([true, false])
    expect(hotels.requests[1]?.authorization).toBeUndefined()
    expect(citiesAndScopes()[0]).toEqual(['read', '["read"]'])
  })

  it('is the one given to a single call, if there is one', async () => {
    const auth = createAuth()
    const client = createClient<HotelsPaths>({ baseUrl: hotels.origin })
    const booker = wrapClient(client, auth, book)
    const authorized = { ...inCity('book'), fetch: withAuth(fetch, auth) }
    await booker.GET('/offers', authorized)
    await booker.GET('/offers', inCity('none'))
    expect(citiesAndScopes()).toEqual([
      ['book', '["book"]'],
      ['none', undefined],
    ])
    expect(hotels.requests[1]?.authorization).toBeUndefined()
  })
})

describe('openapi-fetch over withAuth', () => {
  it('takes options for a single call among its own', async () => {
    const client = createClient<HotelsPaths>({
      baseUrl: hotels.origin,
      fetch: withAuth(fetch, createAuth()),
    })
    // openapi-fetch has no type for what it passes on
    await client.GET('/offers', { ...inCity('one'), orgid: book } as ReturnType<typeof inCity>)
    await client.GET('/offers', inCity('other'))
    expect(citiesAndScopes()).toEqual([
      ['one', '["book"]'],
      ['other', undefined],
    ])
  })
})
