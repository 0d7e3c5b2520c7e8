import axios, { type AxiosInstance } from 'axios'
import MockAdapter from 'axios-mock-adapter'
import axiosRetry from 'axios-retry'
import { HttpResponse, http as mswHttp } from 'msw'
import { setupServer } from 'msw/node'
import nock from 'nock'
import { afterEach, describe, expect, it } from 'vitest'
import { createOrgidAuth } from '../../src/index.js'
import { startPartner, type TestPartner } from '../../src/testing/index.js'
import { attachAuth } from '../../src/transports/axios.js'
import { decode, did, newKey } from '../support.js'

const { pem, publicKey } = newKey()
const origin = 'https://api.hotels.example'

function createAuth(partner: TestPartner | undefined = undefined) {
  return createOrgidAuth({
    issuer: `${did('a')}#webserver`,
    key: pem,
    partners: [
      { name: 'hotels', did: did('b'), origin: partner?.origin ?? origin, allowLoopbackHttp: true },
    ],
  })
}

// axios-mock-adapter is CommonJS, for which axios' types are other ones of the same shape
const forMock = (instance: AxiosInstance) => instance as never

const audienceOf = (header: unknown) => decode(String(header)).claims.aud

describe('axios-retry', () => {
  let partner: TestPartner
  afterEach(() => partner.close())

  it.each(['before', 'after'])(
    'registered %s ours retries with a token each time',
    async (order) => {
      partner = await startPartner({ did: did('b'), publicKey, profile: 'older' })
      const http = axios.create()
      const retry = () => axiosRetry(http as never, { retries: 2, retryDelay: () => 0 })
      if (order === 'before') retry()
      attachAuth(http, createAuth(partner))
      if (order === 'after') retry()
      partner.answer({ status: 503, times: 2 })
      const { status } = await http.get(partner.url('/'))
      expect(status).toBe(200)
      expect(partner.requests.map(({ verdict }) => verdict.accepted)).toEqual([true, true, true])
    },
  )

  it('gives up with an error whose config holds no token', async () => {
    partner = await startPartner({ did: did('b'), publicKey, profile: 'older' })
    const http = axios.create()
    axiosRetry(http as never, { retries: 1, retryDelay: () => 0 })
    attachAuth(http, createAuth(partner))
    partner.answer({ status: 503, times: 2 })
    const error = await http.get(partner.url('/')).catch((error: unknown) => error)
    expect(error).toMatchObject({ response: { status: 503 } })
    expect(JSON.stringify(error)).not.toContain(partner.tokens[0])
  })
})

describe('axios-mock-adapter', () => {
  it.each(['before', 'after'])('installed %s attaching sees the token', async (order) => {
    const http = axios.create()
    let mock = order === 'before' ? new MockAdapter(forMock(http)) : undefined
    attachAuth(http, createAuth())
    mock ??= new MockAdapter(forMock(http))
    const seen: unknown[] = []
    mock.onGet(`${origin}/offers`).reply((config) => {
      seen.push(config.headers?.Authorization)
      return [200, { ok: true }]
    })
    mock.onGet('https://stranger.example/').reply((config) => {
      seen.push(config.headers?.Authorization)
      return [200]
    })
    const { data } = await http.get(`${origin}/offers`)
    await http.get('https://stranger.example/')
    expect(data).toEqual({ ok: true })
    expect(audienceOf(seen[0])).toBe(did('b'))
    expect(seen[1]).toBeUndefined()
  })
})

describe('nock', () => {
  afterEach(() => {
    nock.cleanAll()
    nock.restore()
  })

  it('sees the token where a header is asked for', async () => {
    if (!nock.isActive()) nock.activate()
    const seen: string[] = []
    nock(origin, { reqheaders: { authorization: (value) => seen.push(value) > 0 } })
      .get('/offers')
      .reply(200, { ok: true })
    nock('https://stranger.example', { badheaders: ['authorization'] })
      .get('/')
      .reply(200)
    const http = axios.create()
    attachAuth(http, createAuth())
    expect((await http.get(`${origin}/offers`)).data).toEqual({ ok: true })
    expect((await http.get('https://stranger.example/')).status).toBe(200)
    expect(audienceOf(seen[0])).toBe(did('b'))
  })
})

describe('msw', () => {
  const seen: (string | null)[] = []
  const server = setupServer(
    mswHttp.all('https://*', ({ request }) => {
      seen.push(request.headers.get('authorization'))
      return HttpResponse.json({ ok: true })
    }),
  )
  afterEach(() => server.close())

  it.each(['http', 'fetch'])('sees the token through the %s adapter', async (adapter) => {
    server.listen({ onUnhandledRequest: 'error' })
    seen.length = 0
    const http = axios.create({ adapter })
    attachAuth(http, createAuth())
    await http.get(`${origin}/offers`)
    await http.get('https://stranger.example/')
    expect(audienceOf(seen[0])).toBe(did('b'))
    expect(seen[1]).toBeNull()
  })
})
