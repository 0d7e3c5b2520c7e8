import { Agent } from 'node:http'
import axios, {
  type AxiosError,
  AxiosHeaders,
  type AxiosInstance,
  type InternalAxiosRequestConfig,
} from 'axios'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OrgidAuthOptions } from '../../src/configuration.js'
import { createOrgidAuth } from '../../src/index.js'
import { localSigner } from '../../src/signers/local.js'
import { startPartner, startStranger, type TestPartner } from '../../src/testing/index.js'
import { attachAuth } from '../../src/transports/axios.js'
import { decode, did, gate, newKey } from '../support.js'

const { pem, publicKey } = newKey()
const issuer = `${did('a')}#webserver`

let hotels: TestPartner
let air: TestPartner
let stranger: TestPartner
beforeEach(async () => {
  hotels = await startPartner({ did: did('b'), publicKey, profile: 'older' })
  air = await startPartner({ did: did('c'), publicKey, profile: 'older' })
  stranger = await startStranger()
})
afterEach(() => Promise.all([hotels.close(), air.close(), stranger.close()]))

function createAuth(options: Partial<OrgidAuthOptions> = {}) {
  return createOrgidAuth({
    issuer,
    key: pem,
    partners: [
      { name: 'hotels', did: did('b'), origin: hotels.origin, allowLoopbackHttp: true },
      { name: 'air', did: did('c'), origin: air.origin, allowLoopbackHttp: true },
    ],
    ...options,
  })
}

function attached(options?: Partial<OrgidAuthOptions>, config = {}): AxiosInstance {
  // What the servers say is asserted on their side; a 401 is no exception here
  const instance = axios.create({ validateStatus: null, ...config })
  attachAuth(instance, createAuth(options))
  return instance
}

/** A thousand requests, and not a thousand connections to a server of the same process. */
const pool = () => ({ httpAgent: new Agent({ keepAlive: true, maxSockets: 50 }) })

function slowSigner(wait: Promise<void>) {
  const { publicKey, sign } = localSigner(pem, { backend: 'openssl' })
  return {
    alg: 'ES256K' as const,
    publicKey,
    sign: (input: Uint8Array) => wait.then(() => sign(input, {})),
  }
}

const accepted = (partner: TestPartner) => partner.requests.map(({ verdict }) => verdict.accepted)
const codeOf = (error: unknown) => (error as { code?: unknown }).code

describe('an attached axios instance', () => {
  it('sends each partner its own token and a stranger none', async () => {
    const http = attached()
    for (const url of [hotels.url('/a'), air.url('/b'), stranger.url('/c'), hotels.url('/d')])
      await http.get(url)
    expect(accepted(hotels)).toEqual([true, true])
    expect(accepted(air)).toEqual([true])
    expect(hotels.tokens).toHaveLength(1)
    expect(stranger.requests.map(({ authorization }) => authorization)).toEqual([undefined])
  })

  it('mints one token of 1,000 concurrent first calls, and all succeed', {
    timeout: 60_000,
  }, async () => {
    const http = attached(undefined, pool())
    const responses = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => http.get(hotels.url(`/${index}`))),
    )
    expect(responses.every(({ status }) => status === 200)).toBe(true)
    expect(hotels.acceptedCount).toBe(1_000)
    expect(hotels.tokens).toHaveLength(1)
  })

  it('mints one token of 1,000 concurrent first calls with a signer that must be waited for', {
    timeout: 60_000,
  }, async () => {
    const open = gate()
    const http = attached({ key: slowSigner(open.promise) }, pool())
    const calls = Array.from({ length: 1_000 }, (_, index) => http.get(hotels.url(`/${index}`)))
    open.resolve()
    await Promise.all(calls)
    expect(hotels.acceptedCount).toBe(1_000)
    expect(hotels.tokens).toHaveLength(1)
  })

  it('works for callable instances, every method and the adapter chosen per request', async () => {
    const http = attached()
    await http(hotels.url('/'))
    await http.post(hotels.url('/'), { room: 1 })
    await http.request({ url: hotels.url('/'), method: 'delete' })
    await http.get(hotels.url('/'), { adapter: 'fetch' })
    await http.get(hotels.url('/'), { adapter: ['fetch', 'http'] })
    await http.head(hotels.url('/'))
    expect(accepted(hotels)).toEqual(Array(6).fill(true))
    expect(hotels.requests[1]?.text).toBe('{"room":1}')
  })

  it('takes call options from config.orgid, of the instance and of the request', async () => {
    const http = attached(undefined, { orgid: { scope: ['read'] } })
    await http.get(hotels.url('/'))
    await http.get(hotels.url('/'), { orgid: { lifetime: 60 } })
    await http.get(hotels.url('/'), { orgid: { skip: true } })
    const [first, second, third] = hotels.requests
    expect(first?.claims).toMatchObject({ scope: '["read"]' })
    expect(second?.claims).toMatchObject({ scope: '["read"]' })
    expect((second?.claims?.exp as number) - (second?.claims?.iat as number)).toBe(90)
    expect(third?.authorization).toBeUndefined()
  })

  it('fails a call whose options are meant for another partner, without sending it', async () => {
    const error = await attached()
      .get(hotels.url('/'), { orgid: { partner: 'air' } })
      .catch(codeOf)
    expect(error).toBe('ERR_PARTNER_MISMATCH')
    expect(hotels.requests).toHaveLength(0)
  })

  it.each([null, 'hotels', { scop: 'read' }])(
    'refuses %j as call options, without sending',
    async (orgid) => {
      const error = await attached()
        .get(hotels.url('/'), { orgid: orgid as never })
        .catch(codeOf)
      expect(error).toBe('ERR_INVALID_OPTION')
      expect(hotels.requests).toHaveLength(0)
    },
  )

  it('fails a call that cannot get its token, without sending it', async () => {
    const sign = () => Promise.reject(new Error('no vault'))
    const http = attached({ key: { alg: 'ES256K', publicKey, sign } })
    expect(await http.get(hotels.url('/')).catch(codeOf)).toBe('ERR_SIGNER_FAILED')
    expect(hotels.requests).toHaveLength(0)
    await http.get(stranger.url('/'))
    expect(stranger.requests).toHaveLength(1)
  })

  it('refuses strangers when strict', async () => {
    const error = await attached({ strict: true }).get(stranger.url('/')).catch(codeOf)
    expect(error).toBe('ERR_UNKNOWN_PARTNER')
    expect(stranger.requests).toHaveLength(0)
  })
})

describe('the caller’s own Authorization', () => {
  it.each([
    ['a header', { headers: { Authorization: 'Basic own' } }, 'Basic own'],
    ['a header in other case', { headers: { AUTHORIZATION: 'Basic own' } }, 'Basic own'],
    ['an empty header', { headers: { Authorization: '' } }, ''],
    ['false, which is axios for none', { headers: { Authorization: false } }, undefined],
    ['auth', { auth: { username: 'u', password: 'p' } }, `Basic ${btoa('u:p')}`],
  ])('wins: %s', async (_, config, sent) => {
    await attached().get(hotels.url('/'), config)
    expect(hotels.requests.map(({ authorization }) => authorization)).toEqual([sent])
  })

  it('wins as user info in the URL', async () => {
    await attached().get(hotels.url('/').replace('http://', 'http://u:p@'))
    expect(hotels.requests[0]?.authorization).toBe(`Basic ${btoa('u:p')}`)
  })

  it('wins as a default of the instance', async () => {
    await attached(undefined, { headers: { Authorization: 'Basic own' } }).get(hotels.url('/'))
    expect(hotels.requests[0]?.authorization).toBe('Basic own')
  })
})

describe('the final URL', () => {
  it('decides when an interceptor registered before or after ours rewrites it', async () => {
    const auth = createAuth()
    for (const order of ['before', 'after']) {
      const http = axios.create()
      const rewrite = () =>
        http.interceptors.request.use((config) => {
          config.url = String(config.url).replace(hotels.origin, stranger.origin)
          return config
        })
      if (order === 'before') rewrite()
      attachAuth(http, auth)
      if (order === 'after') rewrite()
      await http.get(hotels.url(`/${order}`))
    }
    expect(stranger.requests.map(({ url }) => url)).toEqual(['/before', '/after'])
    expect(stranger.requests.map(({ authorization }) => authorization)).toEqual([
      undefined,
      undefined,
    ])
  })

  it('decides however late an interceptor lets the request go', async () => {
    const open = gate()
    let now = Date.now() / 1_000
    const http = axios.create()
    http.interceptors.request.use((config) => open.promise.then(() => config))
    attachAuth(http, createAuth({ now: () => now, lifetime: 60 }))
    const call = http.get(hotels.url('/'))
    now += 3_600
    open.resolve()
    await call
    expect(hotels.requests[0]?.claims?.exp).toBe(Math.floor(now) + 60)
  })

  it.each([
    ['an absolute URL', () => stranger.url('/x')],
    ['an upper-case scheme', () => stranger.url('/x').replace('http', 'HTTP')],
    ['a tab in the scheme', () => stranger.url('/x').replace('http', 'ht\ttp')],
    ['user info', () => stranger.url('/x').replace('http://', 'http://127.0.0.1@')],
    [
      'the partner as user info',
      () => `http://${new URL(hotels.origin).host}@${new URL(stranger.origin).host}/x`,
    ],
    ['no scheme', () => stranger.origin.replace('http:', '')],
    ['backslashes', () => stranger.url('/x').replaceAll('/', '\\')],
  ])('over a partner’s baseURL gives a stranger nothing: %s', async (_, url) => {
    const http = attached(undefined, { baseURL: hotels.origin })
    await http.get(url()).catch(() => {})
    for (const request of stranger.requests)
      expect(request.authorization ?? '').not.toMatch(/^Bearer/)
    expect(hotels.requests.every(({ verdict }) => verdict.accepted)).toBe(true)
  })

  it.each([true, false])(
    'is what the server saw, with allowAbsoluteUrls %s',
    async (allowAbsoluteUrls) => {
      const http = attached(undefined, { baseURL: `${hotels.origin}/base/`, allowAbsoluteUrls })
      await http.get('/relative', { params: { q: 'x y' } })
      await http.get(air.url('/absolute')).catch(() => {})
      expect(hotels.requests[0]?.url).toMatch(/^\/base\/relative\?q=x(\+|%20)y$/)
      expect([...accepted(hotels), ...accepted(air)]).toEqual([true, true])
      expect(air.requests).toHaveLength(allowAbsoluteUrls ? 1 : 0)
    },
  )

  it('of a polluted prototype is not taken', async () => {
    const http = attached()
    Object.defineProperty(Object.prototype, 'baseURL', { value: hotels.origin, configurable: true })
    try {
      await http.get('/x').catch(() => {})
      await http.get(stranger.url('/x'))
    } finally {
      delete (Object.prototype as { baseURL?: string }).baseURL
    }
    expect(hotels.requests).toHaveLength(0)
    expect(stranger.requests[0]?.authorization).toBeUndefined()
  })

  it('with a socketPath is refused for a partner', async () => {
    const call = attached().get(hotels.url('/'), { socketPath: '/nowhere.sock' })
    expect(await call.catch(codeOf)).toBe('ERR_SOCKET_PATH')
  })

  it.each([
    ['an upper-case scheme', () => hotels.url('/').replace('http', 'HTTP')],
    ['a leading space', () => ` ${hotels.url('/')}`],
    ['a tab in it', () => hotels.url('/').replace('http', 'ht\ttp')],
  ])('over plain http goes through no proxy, however it is written: %s', async (_, url) => {
    const { port } = new URL(stranger.origin)
    const proxy = { host: '127.0.0.1', port: Number(port) }
    const call = attached().get(url(), { proxy })
    expect(await call.catch(codeOf)).toBe('ERR_PLAINTEXT_PROXY')
    expect(stranger.requests).toHaveLength(0)
  })

  it('over plain http goes through no proxy, neither configured nor from the environment', async () => {
    const { port } = new URL(stranger.origin)
    const proxy = { host: '127.0.0.1', port: Number(port) }
    expect(await attached().get(hotels.url('/'), { proxy }).catch(codeOf)).toBe(
      'ERR_PLAINTEXT_PROXY',
    )
    process.env.http_proxy = stranger.origin
    process.env.no_proxy = ''
    try {
      await attached().get(hotels.url('/'))
    } finally {
      delete process.env.http_proxy
      delete process.env.no_proxy
    }
    expect(accepted(hotels)).toEqual([true])
    expect(stranger.requests).toHaveLength(0)
  })
})

describe('what requests share', () => {
  it('is no way for a token to a stranger: headers', async () => {
    const http = attached()
    const common = new AxiosHeaders({ 'X-Common': 'yes' })
    http.interceptors.request.use((config) => {
      config.headers = common
      return config
    })
    const urls = [hotels.url('/a'), stranger.url('/b'), air.url('/c'), hotels.url('/d')]
    await Promise.all(urls.map((url) => http.get(url)))
    expect(stranger.requests.map(({ authorization }) => authorization)).toEqual([undefined])
    expect([...accepted(hotels), ...accepted(air)]).toEqual([true, true, true])
    expect(common.has('Authorization')).toBe(false)
  })

  it('is no way for a token to a stranger: one config, changed while it is under way', async () => {
    const http = attached()
    const shared = Object.create(null) as InternalAxiosRequestConfig
    http.interceptors.request.use((config) =>
      Object.assign(shared, config, { headers: shared.headers ?? config.headers }),
    )
    const open = http.get(hotels.url('/a'))
    await new Promise((resolve) => setImmediate(resolve))
    await Promise.all([open, http.get(stranger.url('/b'))])
    expect(accepted(hotels)).toEqual([true])
    expect(stranger.requests.map(({ authorization }) => authorization)).toEqual([undefined])
  })

  it.each(['a URL object', 'the config'])(
    'may change while the token is waited for: %s',
    async (what) => {
      const open = gate()
      const http = attached({ key: slowSigner(open.promise) })
      const url = new URL(hotels.url('/a'))
      let late: InternalAxiosRequestConfig | undefined
      http.interceptors.request.use((config) => {
        late = config
        return config
      })
      const call = http.get(what === 'the config' ? url.href : (url as unknown as string))
      await new Promise((resolve) => setImmediate(resolve))
      if (what === 'the config') (late as InternalAxiosRequestConfig).url = stranger.url('/b')
      else url.port = new URL(stranger.origin).port
      open.resolve()
      await call
      expect(stranger.requests.every(({ authorization }) => authorization === undefined)).toBe(true)
      expect(accepted(hotels).every(Boolean)).toBe(true)
      expect(hotels.requests.length + stranger.requests.length).toBe(1)
    },
  )

  it('is not what an adapter keeps: neither replaced nor copied headers hand the token back', async () => {
    const http = attached()
    const replaced = await http.get(hotels.url('/'), {
      adapter: async (config) => {
        const data = config.headers.get('Authorization')
        config.headers = {} as typeof config.headers
        return { data, status: 200, statusText: '', headers: {}, config }
      },
    })
    expect(replaced.data).toMatch(/^Bearer /)
    const copied = await http.get(hotels.url('/'), {
      adapter: async (config) => {
        const copy = {
          ...config,
          headers: { ...config.headers } as unknown as typeof config.headers,
        }
        return { data: null, status: 200, statusText: '', headers: {}, config: copy }
      },
    })
    expect(JSON.stringify(copied.config)).not.toContain('Bearer')
  })
})

describe('skip around a call', () => {
  it('lifts what is refused for the sake of a token', async () => {
    const auth = createAuth()
    const http = axios.create()
    attachAuth(http, auth)
    const call = auth.run({ skip: true }, () =>
      http.get(hotels.url('/'), { socketPath: '/nowhere.sock' }),
    )
    expect(await call.catch(codeOf)).not.toBe('ERR_SOCKET_PATH')
  })

  it('of a polluted prototype lifts nothing', async () => {
    const http = attached()
    Object.defineProperty(Object.prototype, 'skip', { value: true, configurable: true })
    try {
      const options = { socketPath: '/nowhere.sock', orgid: {} }
      expect(await http.get(hotels.url('/'), options).catch(codeOf)).toBe('ERR_SOCKET_PATH')
      await http.get(hotels.url('/'), { orgid: {} })
    } finally {
      Reflect.deleteProperty(Object.prototype, 'skip')
    }
    expect(accepted(hotels)).toEqual([true])
  })
})

describe('attaching', () => {
  it('again after interceptors.clear() takes effect, and detaching then takes off ours alone', async () => {
    const auth = createAuth()
    const http = axios.create({ validateStatus: null })
    attachAuth(http, auth)
    http.interceptors.request.clear()
    const seen: unknown[] = []
    http.interceptors.request.use((config) => {
      seen.push(config.url)
      return config
    })
    const detach = attachAuth(http, auth)
    await http.get(hotels.url('/'))
    http.interceptors.request.clear()
    http.interceptors.request.use((config) => {
      seen.push(config.url)
      return config
    })
    http.interceptors.request.use((config) => {
      seen.push(config.url)
      return config
    })
    detach()
    await http.get(hotels.url('/'))
    expect(seen).toHaveLength(3)
    expect(hotels.requests.map(({ authorization }) => authorization !== undefined)).toEqual([
      true,
      false,
    ])
  })

  it('twice is attaching once, and detaching once takes it off', async () => {
    const auth = createAuth()
    const http = axios.create({ validateStatus: null })
    const detach = attachAuth(http, auth)
    attachAuth([http], auth)
    await http.get(hotels.url('/'))
    detach()
    detach()
    await http.get(hotels.url('/'))
    attachAuth(http, auth)
    await http.get(hotels.url('/'))
    expect(hotels.requests.map(({ authorization }) => authorization !== undefined)).toEqual([
      true,
      false,
      true,
    ])
  })

  it('two auths to one instance gives each its own partners', async () => {
    const http = axios.create()
    const partner = { allowLoopbackHttp: true }
    attachAuth(
      http,
      createAuth({ partners: [{ ...partner, did: did('b'), origin: hotels.origin }] }),
    )
    attachAuth(http, createAuth({ partners: [{ ...partner, did: did('c'), origin: air.origin }] }))
    const { config } = await http.get(hotels.url('/'))
    await http.request({ ...config, url: air.url('/') })
    expect([...accepted(hotels), ...accepted(air)]).toEqual([true, true])
  })

  it('an array attaches to all of them', async () => {
    const instances = [axios.create(), axios.create()]
    attachAuth(instances, createAuth())
    for (const http of instances) await http.get(hotels.url('/'))
    expect(accepted(hotels)).toEqual([true, true])
  })

  it('to what is no instance, or with what is no auth, is refused', () => {
    expect(() => attachAuth({} as never, createAuth())).toThrow(/axios instance/)
    expect(() => attachAuth(axios.create(), {} as never)).toThrow(/createOrgidAuth/)
    expect(() => attachAuth(axios.create(), createAuth(), { axioss: axios } as never)).toThrow(
      /axioss/,
    )
  })
})

describe('while a token is waited for', () => {
  const never = new Promise<void>(() => {})

  it.each<[string, (controller: AbortController) => object]>([
    ['signal', (controller) => ({ signal: controller.signal })],
    [
      'cancelToken',
      (controller) => ({
        cancelToken: new axios.CancelToken((cancel) =>
          controller.signal.addEventListener('abort', () => cancel('stop')),
        ),
      }),
    ],
  ])('%s cancels the request, which is never sent', async (_, config) => {
    const controller = new AbortController()
    const http = attached({ key: slowSigner(never) })
    const call = http.get(hotels.url('/'), config(controller)).catch((error: unknown) => error)
    setImmediate(() => controller.abort())
    const error = await call
    expect(axios.isCancel(error)).toBe(true)
    expect(hotels.requests).toHaveLength(0)
  })

  it('timeout ends the request as axios ends it', async () => {
    const http = attached({ key: slowSigner(never) })
    const error = await http.get(hotels.url('/'), { timeout: 20 }).catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'ECONNABORTED', message: 'timeout of 20ms exceeded' })
    const clear = {
      timeout: 20,
      timeoutErrorMessage: 'too slow',
      transitional: { clarifyTimeoutError: true },
    }
    const other = await http.get(hotels.url('/'), clear).catch((error: unknown) => error)
    expect(other).toMatchObject({ code: 'ETIMEDOUT', message: 'too slow' })
  })

  it('a mint that ends after the request leaves the config alone', async () => {
    const open = gate()
    const http = attached({ key: slowSigner(open.promise) })
    const config = { timeout: 20 }
    const error = (await http
      .get(hotels.url('/'), config)
      .catch((error: unknown) => error)) as AxiosError
    open.resolve()
    await new Promise((resolve) => setImmediate(resolve))
    expect(error.config).toMatchObject(config)
    expect(error.config).not.toHaveProperty('timeoutErrorMessage')
  })

  it('timeout also covers the request that follows, and the config gets its own timeout back', async () => {
    const open = gate()
    const http = attached({ key: slowSigner(open.promise) })
    hotels.delay(Number.POSITIVE_INFINITY)
    const call = http.get(hotels.url('/'), { timeout: 1_000 }).catch((error: unknown) => error)
    open.resolve()
    expect(await call).toMatchObject({
      code: 'ECONNABORTED',
      message: 'timeout of 1000ms exceeded',
      config: { timeout: 1_000 },
    })
    expect(hotels.requests).toHaveLength(1)
  })
})

describe('what axios hands back', () => {
  it('is the caller’s config, as it was', async () => {
    const headers = new AxiosHeaders({ 'X-Own': 'yes' })
    const { config } = await attached().get(hotels.url('/'), {
      headers,
      orgid: { scope: ['read'] },
    })
    expect(config.headers.has('Authorization')).toBe(false)
    expect(config.headers.get('X-Own')).toBe('yes')
    expect(config.adapter).toEqual(axios.defaults.adapter)
    expect(Object.keys(config)).not.toEqual(expect.arrayContaining(['beforeRedirect']))
    expect(Object.keys(config)).not.toContain('proxy')
  })

  it('can be sent again, and carries a token again', async () => {
    const http = attached(undefined, { validateStatus: (status: number) => status < 300 })
    hotels.answer({ status: 503 })
    const error = await http.get(hotels.url('/')).catch((error: unknown) => error)
    await http.request((error as { config: object }).config)
    expect(accepted(hotels)).toEqual([true, true])
  })

  it('has a fresh token each time when it is sent again after expiry', async () => {
    let now = Date.now() / 1_000
    const http = axios.create()
    attachAuth(http, createAuth({ now: () => now }))
    const { config } = await http.get(hotels.url('/'))
    now += 3_600
    await http.request(config)
    expect(hotels.tokens.map((token) => decode(token).claims.exp)).toEqual([
      Math.floor(now),
      Math.floor(now) + 3_600,
    ])
  })
})
