import { Agent } from 'node:http'
import { Readable } from 'node:stream'
import axios, { type AxiosError, type AxiosRequestConfig } from 'axios'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createOrgidAuth, type OrgidAuthOptions, type PartnerOptions } from '../../src/index.js'
import { localSigner } from '../../src/signers/local.js'
import { startPartner, startStranger, type TestPartner } from '../../src/testing/index.js'
import { attachAuth } from '../../src/transports/axios.js'
import { did, gate, newKey } from '../support.js'

const { pem, publicKey } = newKey()

let hotels: TestPartner
let air: TestPartner
let stranger: TestPartner
beforeEach(async () => {
  hotels = await startPartner({ did: did('b'), publicKey, profile: 'older' })
  air = await startPartner({ did: did('c'), publicKey, profile: 'older' })
  stranger = await startStranger()
})
afterEach(() => Promise.all([hotels.close(), air.close(), stranger.close()]))

interface SetUp {
  readonly partner?: Partial<PartnerOptions>
  readonly options?: Partial<OrgidAuthOptions>
  /** Waited for by each signature, from the one of this index on. */
  readonly wait?: { readonly from: number; readonly until: Promise<void> }
  readonly config?: AxiosRequestConfig
}

function setUp({ partner, options, wait, config }: SetUp = {}) {
  const local = localSigner(pem, { backend: 'openssl' })
  const signed = { count: 0 }
  const sign = (input: Uint8Array) => {
    const index = signed.count
    signed.count += 1
    if (wait && index >= wait.from) return wait.until.then(() => local.sign(input, {}))
    return local.sign(input, {})
  }
  const auth = createOrgidAuth({
    issuer: `${did('a')}#webserver`,
    key: { alg: 'ES256K', publicKey: local.publicKey, sign },
    partners: [
      {
        name: 'hotels',
        did: did('b'),
        origin: hotels.origin,
        allowLoopbackHttp: true,
        ...partner,
      },
      { name: 'air', did: did('c'), origin: air.origin, allowLoopbackHttp: true },
    ],
    ...options,
  })
  const http = axios.create({ validateStatus: null, ...config })
  attachAuth(http, auth)
  return { auth, http, signed }
}

const statuses = (server: TestPartner) => server.requests.map(({ status }) => status)
const offsetOf = (auth: ReturnType<typeof setUp>['auth']) => auth.status().partners[0]?.clockOffset

describe.each(['http', 'fetch'] as const)('a 401, with the %s adapter', (adapter) => {
  const config = { adapter }

  it('makes the call once more, with another token that is used from then on', async () => {
    const { http, signed } = setUp({ config })
    hotels.answer({ status: 401 })
    const { status } = await http.get(hotels.url('/'))
    await http.get(hotels.url('/'))
    expect(status).toBe(200)
    expect(statuses(hotels)).toEqual([401, 200, 200])
    const [first, second, third] = hotels.requests.map(({ token }) => token)
    expect(second).not.toBe(first)
    expect(third).toBe(second)
    expect(hotels.acceptedCount).toBe(3)
    expect(signed.count).toBe(2)
  })

  it('that validateStatus makes an error is the same 401', async () => {
    const { http } = setUp({ config })
    hotels.answer({ status: 401 })
    const { status } = await http.get(hotels.url('/'), { validateStatus: (code) => code < 300 })
    expect(status).toBe(200)
    expect(statuses(hotels)).toEqual([401, 200])
  })

  it.each([
    ['JSON', () => ({ nights: 2 }), '{"nights":2}'],
    ['text', () => 'nights=2', 'nights=2'],
    ['bytes', () => Buffer.from('nights=2'), 'nights=2'],
    ['an ArrayBuffer', () => new Uint8Array([110, 49]).buffer, 'n1'],
    ['a form', () => new URLSearchParams({ nights: '2' }), 'nights=2'],
    ['a Blob', () => new Blob(['nights=2']), 'nights=2'],
  ])('to a body of %s is followed by the same body', async (_, body, sent) => {
    const { http } = setUp({ config })
    hotels.answer({ status: 401 })
    expect((await http.post(hotels.url('/'), body())).status).toBe(200)
    expect(hotels.requests.map(({ text }) => text)).toEqual([sent, sent])
  })

  it('to multipart form data is followed by the same parts', async () => {
    const { http } = setUp({ config })
    const form = new FormData()
    form.set('nights', '2')
    hotels.answer({ status: 401 })
    expect((await http.post(hotels.url('/'), form)).status).toBe(200)
    for (const { text } of hotels.requests) expect(text).toMatch(/name="nights"\r\n\r\n2\r\n/)
  })

  it('to a streamed body is handed over, and only the next call has another token', async () => {
    const { http } = setUp({ config })
    hotels.answer({ status: 401 })
    const body = () =>
      adapter === 'http' ? Readable.from(['nights=2']) : new Blob(['nights=2']).stream()
    expect((await http.post(hotels.url('/'), body())).status).toBe(401)
    expect((await http.post(hotels.url('/'), body())).status).toBe(200)
    expect(hotels.requests.map(({ text }) => text)).toEqual(['nights=2', 'nights=2'])
    expect(hotels.tokens).toHaveLength(2)
  })

  it('again is handed over as it is, with its reason', async () => {
    const { http } = setUp({ config })
    const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
    hotels.answer({ status: 401, times: 2, headers, body: { why: 'not today' } })
    const error = await http
      .get<unknown>(hotels.url('/'), { validateStatus: (code) => code < 300 })
      .catch((thrown: AxiosError) => thrown)
    const { response } = error as AxiosError
    expect(response?.headers['www-authenticate']).toBe('Bearer error="invalid_token"')
    expect(response?.data).toEqual({ why: 'not today' })
    expect(error).toMatchObject({ code: 'ERR_BAD_REQUEST', status: 401 })
    expect(hotels.requests).toHaveLength(2)
  })

  it('leaves no token in what is handed back', async () => {
    const { http } = setUp({ config })
    hotels.answer({ status: 401 })
    const result = await http.get(hotels.url('/'))
    expect(JSON.stringify(result.config)).not.toMatch(/bearer/i)
    expect(result.config.headers.has('Authorization')).toBe(false)
  })
})

describe('a 401', () => {
  it('is not answered where the partner has retryUnauthorized: false; the next call has another token', async () => {
    const { http } = setUp({ partner: { retryUnauthorized: false } })
    hotels.answer({ status: 401 })
    expect((await http.get(hotels.url('/'))).status).toBe(401)
    expect((await http.get(hotels.url('/'))).status).toBe(200)
    expect(hotels.tokens).toHaveLength(2)
  })

  it('to a call without a token of ours is none of our business', async () => {
    const { http, signed } = setUp()
    stranger.answer({ status: 401, times: 1 })
    hotels.answer({ status: 401, times: 3 })
    await http.get(stranger.url('/'))
    await http.get(hotels.url('/'), { headers: { Authorization: 'Basic own' } })
    await http.get(hotels.url('/'), { auth: { username: 'own', password: 'own' } })
    await http.get(hotels.url('/'), { orgid: { skip: true } })
    expect([stranger.requests.length, hotels.requests.length]).toEqual([1, 3])
    expect(signed.count).toBe(0)
  })

  it('to a token for a single use is followed by another of that kind', async () => {
    const { http } = setUp({ partner: { singleUse: true } })
    hotels.answer({ status: 401 })
    expect((await http.get(hotels.url('/'))).status).toBe(200)
    expect(new Set(hotels.requests.map(({ claims }) => claims?.jti)).size).toBe(2)
  })

  it('keeps the call’s own options', async () => {
    const { auth, http } = setUp()
    hotels.answer({ status: 401, times: 1 })
    await http.get(hotels.url('/'), { orgid: { scope: ['book'] } })
    hotels.answer({ status: 401, times: 1 })
    await auth.run({ partner: 'hotels', scope: ['read'] }, () => http.get(hotels.url('/')))
    expect(hotels.requests.map(({ claims }) => claims?.scope)).toEqual([
      '["book"]',
      '["book"]',
      '["read"]',
      '["read"]',
    ])
    expect(hotels.tokens).toHaveLength(4)
  })

  it('to fifty calls at once costs one mint, and each is made once more', async () => {
    const { http, signed } = setUp({
      wait: { from: 0, until: Promise.resolve() },
      config: { httpAgent: new Agent({ keepAlive: true, maxSockets: 50 }) },
    })
    await http.get(hotels.url('/'))
    const [old] = hotels.tokens
    hotels.handler = ({ token }) => ({ status: token === old ? 401 : 200 })
    const all = await Promise.all(Array.from({ length: 50 }, () => http.get(hotels.url('/'))))
    expect(all.map(({ status }) => status)).toEqual(Array(50).fill(200))
    expect(signed.count).toBe(2)
    expect(hotels.requests).toHaveLength(101)
    expect(hotels.requests.filter(({ token }) => token === old)).toHaveLength(51)
  })

  it('that comes late, for a token that was replaced meanwhile, costs no mint', async () => {
    const { http, signed } = setUp()
    const late = gate()
    hotels.handler = async ({ url }) => {
      if (url === '/late') await late.promise
      return { status: hotels.requests.length <= 2 ? 401 : 200 }
    }
    const slow = http.get(hotels.url('/late'))
    while (hotels.requests.length < 1) await new Promise((resolve) => setImmediate(resolve))
    await http.get(hotels.url('/soon'))
    expect(signed.count).toBe(2)
    hotels.answer({ path: '/never', status: 500 })
    late.resolve()
    await slow
    expect(signed.count).toBe(2)
    expect(hotels.tokens).toHaveLength(2)
  })

  it('for ever does not drive mints', async () => {
    let now = Date.now() / 1_000
    const { http, signed } = setUp({ options: { now: () => now } })
    hotels.answer({ status: 401, times: Number.POSITIVE_INFINITY })
    for (let second = 0; second < 120; second += 1) {
      expect((await http.get(hotels.url('/'))).status).toBe(401)
      now += 1
    }
    expect(signed.count).toBeLessThanOrEqual(4)
    expect(hotels.requests.length).toBeLessThanOrEqual(124)
  })

  it('to every second token does not drive mints either', async () => {
    const { http, signed } = setUp()
    for (let call = 0; call < 100; call += 1) {
      hotels.answer({ status: 401 })
      await http.get(hotels.url('/'))
    }
    expect(signed.count).toBe(11)
  })

  it('is handed over when no other token can be had', async () => {
    const down = Promise.reject(new Error('the key service is down'))
    down.catch(() => {})
    const { http, auth } = setUp({
      wait: { from: 1, until: down },
    })
    hotels.answer({ status: 401 })
    const { status, data } = await http.get(hotels.url('/'))
    expect([status, data.error]).toEqual([401, 'invalid_token'])
    expect(auth.status().partners[0]?.lastError?.code).toBe('ERR_SIGNER_FAILED')
  })

  it('is handed over when the partner is none any more', async () => {
    const { http, auth } = setUp()
    hotels.handler = () => {
      auth.setPartners([])
      return { status: 401 }
    }
    expect((await http.get(hotels.url('/'))).status).toBe(401)
    expect(hotels.requests).toHaveLength(1)
  })

  it('with a streamed answer has its socket freed, so that one socket is enough', async () => {
    const httpAgent = new Agent({ keepAlive: true, maxSockets: 1 })
    const { http } = setUp({ config: { httpAgent, responseType: 'stream' } })
    hotels.answer({ status: 401, body: Buffer.alloc(4_000_000, 'x') })
    const { status, data } = await http.get(hotels.url('/'))
    expect(status).toBe(200)
    expect(await data.toArray()).toEqual([Buffer.from('{"ok":true}')])
    httpAgent.destroy()
  })

  it('is not waited on any longer than the call’s timeout, which covers both attempts', async () => {
    const { http } = setUp({ wait: { from: 1, until: new Promise(() => {}) } })
    hotels.answer({ status: 401 })
    const error = await http
      .get(hotels.url('/'), { timeout: 100 })
      .catch((thrown: AxiosError) => thrown)
    expect(error).toMatchObject({ code: 'ECONNABORTED', message: 'timeout of 100ms exceeded' })
  })

  it('leaves the second attempt what is left of the timeout', async () => {
    const { http } = setUp()
    hotels.handler = () => {
      hotels.handler = undefined
      hotels.delay(Number.POSITIVE_INFINITY)
      return { status: 401 }
    }
    const error = await http
      .get(hotels.url('/'), { timeout: 300 })
      .catch((thrown: AxiosError) => thrown)
    expect(hotels.requests).toHaveLength(2)
    expect(error).toMatchObject({ code: 'ECONNABORTED', message: 'timeout of 300ms exceeded' })
    expect((error as AxiosError).config?.timeout).toBe(300)
  })

  it.each(['signal', 'cancelToken'] as const)(
    'is left when %s says so while minting',
    async (by) => {
      const { http } = setUp({ wait: { from: 1, until: new Promise(() => {}) } })
      hotels.answer({ status: 401 })
      const controller = new AbortController()
      const source = axios.CancelToken.source()
      const call = http.get(
        hotels.url('/'),
        by === 'signal' ? { signal: controller.signal } : { cancelToken: source.token },
      )
      while (statuses(hotels)[0] !== 401) await new Promise((resolve) => setImmediate(resolve))
      controller.abort()
      source.cancel()
      expect(await call.catch(axios.isCancel)).toBe(true)
      expect(hotels.requests).toHaveLength(1)
    },
  )
})

describe.each(['http', 'fetch'] as const)(
  'a 401 after a redirect within the partner, with the %s adapter',
  (adapter) => {
    it('begins a GET again, and not a POST', async () => {
      const { http } = setUp({ config: { adapter } })
      hotels.redirect({ path: '/here', to: '/there', status: 303, times: 3 })
      hotels.answer({ path: '/there', status: 401 })
      expect((await http.get(hotels.url('/here'))).status).toBe(200)
      hotels.answer({ path: '/there', status: 401 })
      expect((await http.post(hotels.url('/here'), 'book')).status).toBe(401)
      const visited = hotels.requests.map(({ method, url }) => `${method} ${url}`)
      expect(visited).toEqual([
        'GET /here',
        'GET /there',
        'GET /here',
        'GET /there',
        'POST /here',
        'GET /there',
      ])
    })
  },
)

describe('a 401 after a redirect', () => {
  it('of a stranger is the stranger’s own', async () => {
    const { http, auth, signed } = setUp()
    hotels.redirect({ to: stranger.url('/') })
    stranger.answer({ status: 401, headers: { date: new Date(0).toUTCString() } })
    expect((await http.get(hotels.url('/'))).status).toBe(401)
    expect([hotels.requests.length, stranger.requests.length]).toEqual([1, 1])
    expect([signed.count, offsetOf(auth)]).toEqual([1, 0])
  })

  it('of another partner replaces that partner’s token, and the call starts over', async () => {
    const { http } = setUp()
    hotels.redirect({ to: air.url('/there'), times: 2 })
    air.answer({ status: 401 })
    expect((await http.get(hotels.url('/'))).status).toBe(200)
    expect(hotels.tokens).toHaveLength(1)
    expect(air.tokens).toHaveLength(2)
    expect(statuses(air)).toEqual([401, 200])
  })

  it('is handed over if the call must not be made twice; the next one has another token', async () => {
    const { http } = setUp()
    hotels.redirect({ to: air.url('/there'), times: 2, status: 307 })
    air.answer({ status: 401 })
    expect((await http.post(hotels.url('/'), 'book')).status).toBe(401)
    expect(hotels.requests).toHaveLength(1)
    expect((await http.post(hotels.url('/'), 'book')).status).toBe(200)
    expect(air.tokens).toHaveLength(2)
  })
})

describe('a partner’s clock', () => {
  beforeEach(() => {
    // As the one verifier does that looks at `iat` beside `exp`
    hotels.handler = ({ claims, receivedAt }) => ({
      status: Number(claims?.iat) < receivedAt ? 200 : 401,
    })
  })

  it.each([
    ['ten minutes behind', -600, 3_600],
    ['ten minutes ahead, with tokens that live one', 600, 60],
    ['two hours ahead', 7_200, 3_600],
  ])('%s is learnt from its 401, and its tokens are minted by it', async (_, skew, lifetime) => {
    const { http, auth, signed } = setUp({ partner: { lifetime } })
    hotels.clockSkew = skew
    expect((await http.get(hotels.url('/'))).status).toBe(200)
    expect((await http.get(hotels.url('/'))).status).toBe(200)
    expect(statuses(hotels)).toEqual([401, 200, 200])
    expect(Math.abs((offsetOf(auth) ?? 0) - skew)).toBeLessThanOrEqual(1)
    expect(signed.count).toBe(2)
    expect(auth.status().partners[1]?.clockOffset).toBe(0)
    const [partner] = auth.status().partners
    const life = Number(partner?.earliestExpiry) - Date.now() / 1_000
    expect(Math.abs(life - lifetime)).toBeLessThan(5)
  })

  it('that is wrong by days is not followed', async () => {
    const { http, auth } = setUp()
    hotels.clockSkew = 3 * 86_400
    expect((await http.get(hotels.url('/'))).status).toBe(401)
    expect(offsetOf(auth)).toBe(0)
  })

  it('drops the tokens that were minted by ours', async () => {
    const { http, auth } = setUp()
    await http.get(hotels.url('/'), { orgid: { scope: ['read'] } })
    hotels.clockSkew = -600
    await http.get(hotels.url('/'))
    await http.get(hotels.url('/'), { orgid: { scope: ['read'] } })
    expect(statuses(hotels)).toEqual([200, 401, 200, 200])
    expect(auth.status().partners[0]?.tokens).toBe(2)
  })

  it('is forgotten after an hour', async () => {
    let now = Date.now() / 1_000
    const { http, auth } = setUp({ options: { now: () => now } })
    hotels.clockSkew = -600
    await http.get(hotels.url('/'))
    now += 3_601
    expect(offsetOf(auth)).toBe(0)
  })

  it('is not asked by a cached answer', async () => {
    const { http, auth } = setUp()
    hotels.clockSkew = -600
    hotels.answer({ status: 401, headers: { age: '12' }, times: 2 })
    expect((await http.get(hotels.url('/'))).status).toBe(401)
    expect(offsetOf(auth)).toBe(0)
  })
})
