import { Readable } from 'node:stream'
import axios, { type InternalAxiosRequestConfig } from 'axios'
import nodeFetch from 'node-fetch'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createOrgidAuth, type OrgidAuthOptions } from '../../src/index.js'
import { localSigner } from '../../src/signers/local.js'
import { startPartner, startStranger, type TestPartner } from '../../src/testing/index.js'
import { attachAuth } from '../../src/transports/axios.js'
import { withAuth } from '../../src/transports/fetch.js'
import { did, newKey } from '../support.js'

const { pem, publicKey } = newKey()

let hotels: TestPartner
let stranger: TestPartner
beforeEach(async () => {
  hotels = await startPartner({ did: did('b'), publicKey, profile: 'older' })
  stranger = await startStranger()
})
afterEach(() => Promise.all([hotels.close(), stranger.close()]))

const remote = () => {
  const local = localSigner(pem)
  return {
    alg: 'ES256K' as const,
    publicKey,
    sign: async (input: Uint8Array) => local.sign(input, {}),
  }
}

function createAuth(key: OrgidAuthOptions['key'] = pem, pathPrefix = '') {
  const { origin } = hotels
  return createOrgidAuth({
    issuer: `${did('a')}#webserver`,
    key,
    partners: [
      {
        name: 'hotels',
        did: did('b'),
        origin,
        allowLoopbackHttp: true,
        ...(pathPrefix && { pathPrefix }),
      },
    ],
  })
}

const authorizations = (server: TestPartner) =>
  server.requests.map(({ authorization }) => authorization?.slice(0, 9))

describe('a config that is used more than once', () => {
  it('at the same time has every call carry its token', async () => {
    const http = axios.create()
    attachAuth(http, createAuth(remote()))
    let shared: InternalAxiosRequestConfig | undefined
    http.interceptors.request.use(async (config) => {
      shared ??= config
      return shared
    })
    const call = () => http.get(hotels.url('/'), { validateStatus: null })
    await Promise.all([call(), call(), call(), call(), call()])
    expect(authorizations(hotels)).toEqual(Array(5).fill('Bearer ey'))
    expect(shared?.headers.has('Authorization')).toBe(false)
  })

  it('while it is under way, for a request to somewhere else, takes no token along', async () => {
    const http = axios.create()
    attachAuth(http, createAuth())
    hotels.delay(0.1)
    let hedge: Promise<unknown> | undefined
    http.interceptors.request.use((config) => {
      hedge ??= new Promise((resolve) => setTimeout(resolve, 30)).then(() =>
        http.request({ ...config, url: stranger.url('/') }),
      )
      return config
    })
    await http.get(hotels.url('/'))
    await hedge
    expect(authorizations(hotels)).toEqual(['Bearer ey'])
    expect(authorizations(stranger)).toEqual([undefined])
  })

  it.each([
    ['url', () => ({ url: stranger.url('/') })],
    ['data', () => ({ data: 'other' })],
    ['method', () => ({ method: 'put' })],
  ])('and has another %s by the time of a 401 is not repeated', async (_, changes) => {
    const http = axios.create({ validateStatus: null })
    attachAuth(http, createAuth())
    let seen: InternalAxiosRequestConfig | undefined
    http.interceptors.request.use((config) => {
      seen = config
      return config
    })
    hotels.handler = () => {
      Object.assign(seen as object, changes())
      return { status: 401 }
    }
    expect((await http.post(hotels.url('/'), 'one')).status).toBe(401)
    expect(hotels.requests.map(({ text }) => text)).toEqual(['one'])
    expect(stranger.requests).toHaveLength(0)
  })
})

describe('over axios’ fetch adapter, a token goes no further than its partner', () => {
  const kinds: readonly (readonly [name: string, config: () => object])[] = [
    ['by name', () => ({ adapter: 'fetch' })],
    ['with node-fetch', () => ({ adapter: 'fetch', env: { fetch: nodeFetch, Request: null } })],
    ['without Request', () => ({ adapter: 'fetch', env: { Request: null } })],
  ]

  it.each(kinds)('%s, whichever of two auths was attached first', async (_, config) => {
    for (const order of [0, 1]) {
      const http = axios.create({ validateStatus: null, ...config() })
      const auths = [createAuth(pem, '/v2'), createOrgidAuth({ ...emptyAuth })]
      if (order === 1) auths.reverse()
      for (const auth of auths) attachAuth(http, auth)
      for (const to of ['/v20', stranger.url('/')]) {
        hotels.redirect({ to, path: '/v2/here' })
        await http.get(hotels.url('/v2/here'))
      }
    }
    const away = hotels.requests.filter(({ url }) => url === '/v20')
    expect(away.map(({ authorization }) => authorization)).toEqual([undefined, undefined])
    expect(authorizations(stranger)).toEqual([undefined, undefined])
    expect(hotels.acceptedCount).toBe(4)
  })

  it('and a POST that was redirected is not made twice, with or without Request', async () => {
    for (const env of [{}, { Request: null }]) {
      const http = axios.create({ adapter: 'fetch', validateStatus: null, env: env as never })
      attachAuth(http, createAuth())
      hotels.redirect({ to: '/result', path: '/book', status: 303 })
      hotels.answer({ status: 401, path: '/result' })
      expect((await http.post(hotels.url('/book'), 'room')).status).toBe(401)
    }
    expect(hotels.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      ...['POST /book', 'GET /result', 'POST /book', 'GET /result'],
    ])
  })
})

const emptyAuth: OrgidAuthOptions = { issuer: `${did('f')}#webserver`, key: pem, partners: [] }

describe('an adapter', () => {
  it('that there is none of fails the call, and leaves the config as it was', async () => {
    const http = axios.create({ adapter: 'none' as never })
    attachAuth(http, createAuth())
    const error = await http.get(hotels.url('/')).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: expect.stringMatching(/adapter 'none'/) })
    let seen: InternalAxiosRequestConfig | undefined
    http.interceptors.request.use((config) => {
      seen = config
      return config
    })
    await http.get(hotels.url('/')).catch(() => {})
    expect(seen?.adapter).toBe('none')
  })

  it('that rejects with nothing has that handed on', async () => {
    const http = axios.create({ adapter: () => Promise.reject(undefined) })
    attachAuth(http, createAuth())
    await expect(http.get(hotels.url('/'))).rejects.toBeUndefined()
  })
})

describe('partners that change while a token is waited for', () => {
  it('are asked again: the URL is nobody’s by then', async () => {
    const auth = createAuth(remote())
    const call = withAuth(fetch, auth)(hotels.url('/'))
    auth.setPartners([])
    expect((await call).status).toBe(401)
    expect(authorizations(hotels)).toEqual([undefined])
  })

  it('are asked again after a 401', async () => {
    const auth = createAuth(remote())
    await auth.prepare()
    hotels.answer({ status: 401 })
    const call = withAuth(fetch, auth)(hotels.url('/'))
    while (hotels.requests[0]?.status !== 401) await new Promise((done) => setImmediate(done))
    auth.setPartners([])
    expect((await call).status).toBe(401)
    expect(hotels.requests).toHaveLength(1)
  })
})

describe('a streamed body over a fetch that was put in the place of Node’s', () => {
  it('takes no token along on a redirect', async () => {
    const own = globalThis.fetch
    globalThis.fetch = nodeFetch as unknown as typeof fetch
    try {
      const http = withAuth(globalThis.fetch, createAuth())
      hotels.redirect({ to: stranger.url('/'), status: 303 })
      await http(hotels.url('/'), { method: 'POST', body: Readable.from(['x']) as never })
    } finally {
      globalThis.fetch = own
    }
    expect(authorizations(stranger)).toEqual([undefined])
  })
})
