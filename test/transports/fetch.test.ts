import { Readable } from 'node:stream'
import { inspect } from 'node:util'
import createClient from 'openapi-fetch'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { OrgidAuthOptions } from '../../src/configuration.js'
import { withAuth } from '../../src/transports/fetch.js'
import { codeOf as codeOfThrown, did, gate, newKey } from '../support.js'
import {
  audiences,
  authorizations,
  codeOf,
  fetches,
  partner,
  recording,
  type Servers,
  signerAfter,
  startServers,
} from './fetches.js'

let servers: Servers
beforeEach(async () => {
  servers = await startServers()
})
afterEach(() => servers[Symbol.asyncDispose]())

const authed = (fetch = globalThis.fetch, options?: Partial<OrgidAuthOptions>) =>
  withAuth(fetch, servers.createAuth(options))

describe.each(fetches)('$name with an auth', ({ name, fetch, Request }) => {
  it('sends each partner its own token and a stranger none', async () => {
    const { hotels, air, stranger } = servers
    const http = authed(fetch)
    for (const url of [hotels.url('/a'), air.url('/b'), stranger.url('/c'), hotels.url('/d')]) {
      expect((await http(url)).status).toBe(200)
    }
    expect(audiences(hotels)).toEqual([did('b'), did('b')])
    expect(audiences(air)).toEqual([did('c')])
    expect(hotels.tokens).toHaveLength(1)
    expect(authorizations(stranger)).toEqual([undefined])
  })

  it('takes a string, a URL and a Request, with all that they say', async () => {
    const { hotels } = servers
    const http = authed(fetch)
    const request = { method: 'PUT', headers: { 'x-mine': 'yes' }, body: 'room' }
    await http(hotels.url('/string?q=1'), request)
    await http(new URL(hotels.url('/url?q=1')), request)
    await http(new Request(hotels.url('/request?q=1'), request))
    await http(new Request(hotels.url('/both?q=1'), request), { method: 'PATCH' })
    const seen = hotels.requests.map(({ method, url, headers, text }) =>
      [method, url, headers['x-mine'], text].join(' '),
    )
    expect(seen).toEqual([
      'PUT /string?q=1 yes room',
      'PUT /url?q=1 yes room',
      'PUT /request?q=1 yes room',
      'PATCH /both?q=1 yes room',
    ])
    expect(hotels.acceptedCount).toBe(4)
  })

  it('takes call options from init.orgid', async () => {
    const { hotels } = servers
    const http = authed(fetch)
    await http(hotels.url(), { orgid: { scope: ['read'], lifetime: 60 } })
    await http(new Request(hotels.url()), { orgid: { skip: true } })
    const [first, second] = hotels.requests
    expect(first?.claims).toMatchObject({ scope: '["read"]' })
    expect((first?.claims?.exp as number) - (first?.claims?.iat as number)).toBe(90)
    expect(second?.authorization).toBeUndefined()
  })

  it('lets the caller’s own Authorization win, in each form that headers have', async () => {
    const { hotels } = servers
    const own = 'Basic own'
    const forms: unknown[] = [
      { Authorization: own },
      { AUTHORIZATION: own },
      [['authorization', own]],
      new Headers({ authorization: own }),
      new Map([['Authorization', own]]),
      [['authorization', own]].values(),
    ]
    for (const headers of forms) await authed(fetch)(hotels.url(), { headers: headers as Headers })
    await authed(fetch)(new Request(hotels.url(), { headers: { Authorization: own } }))
    expect(authorizations(hotels)).toEqual(Array(7).fill(own))
  })

  it('takes headers from the init in place of the Request’s, as fetch does', async () => {
    const { hotels, stranger } = servers
    const headers = { Authorization: 'Basic own', 'x-mine': 'yes' }
    for (const server of [hotels, stranger]) {
      await authed(fetch)(new Request(server.url(), { headers }), { headers: { 'x-other': 'yes' } })
    }
    expect(audiences(hotels)).toEqual([did('b')])
    expect(hotels.requests[0]?.headers).not.toHaveProperty('x-mine')
    expect(hotels.requests[0]?.headers).toHaveProperty('x-other')
    expect(authorizations(stranger)).toEqual([undefined])
  })

  it('fails a call that cannot get its token, without sending it', async () => {
    const sign = () => Promise.reject(new Error('no vault'))
    const { publicKey } = newKey()
    const http = authed(fetch, { key: { alg: 'ES256K', publicKey, sign } })
    expect(await http(servers.hotels.url()).catch(codeOf)).toBe('ERR_SIGNER_FAILED')
    expect(servers.hotels.requests).toHaveLength(0)
    await http(servers.stranger.url())
    expect(servers.stranger.requests).toHaveLength(1)
  })

  it('hands back nothing that leads to the token', async () => {
    const { hotels } = servers
    const response = await authed(fetch)(hotels.url(), { method: 'POST', body: 'x' })
    const failure = await authed(fetch)(hotels.url(), { headers: { 'bad name': '' } }).catch(String)
    const signature = String(hotels.tokens[0]).split('.')[2] as string
    expect(inspect(response, { depth: 20, showHidden: true })).not.toContain(signature)
    expect(failure).toMatch(/^TypeError/)
    expect(hotels.requests).toHaveLength(1)
  })

  it('streams bodies in and out', async () => {
    const { hotels } = servers
    hotels.handler = ({ text }) => ({ body: text.toUpperCase() })
    // node-fetch knows Node's streams alone, and the others web streams alone
    const source = Readable.from([Buffer.from('one '), Buffer.from('two')])
    const upload = name === 'node-fetch' ? source : Readable.toWeb(source)
    const init = { method: 'POST', body: upload as ReadableStream, duplex: 'half' as const }
    const { body } = await authed(fetch)(hotels.url(), init)
    const chunks: Uint8Array[] = []
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString()).toBe('ONE TWO')
    expect(hotels.acceptedCount).toBe(1)
  })
})

describe('what fetch is given', () => {
  it('is the caller’s own arguments where no token is due', async () => {
    const { hotels, stranger } = servers
    const { fetch, calls } = recording()
    const http = authed(fetch)
    const given: Parameters<typeof globalThis.fetch>[] = [
      [stranger.url()],
      [new URL(stranger.url()), { method: 'POST', body: 'x', headers: { 'x-mine': 'yes' } }],
      [new Request(stranger.url()), new Request(stranger.url())],
      [hotels.url(), { headers: new Headers({ authorization: 'Basic own' }) }],
    ]
    for (const [input, init] of given) await http(input, init)
    expect(calls).toHaveLength(4)
    calls.forEach(([input, init], index) => {
      expect(input).toBe(given[index]?.[0])
      expect(init).toBe(given[index]?.[1])
    })
  })

  it('is the caller’s init without orgid, and with the headers that could be read but once', async () => {
    const { stranger } = servers
    const { fetch, calls } = recording()
    const headers = [['x-mine', 'yes']].values() as unknown as Headers
    await authed(fetch)(stranger.url(), { method: 'PUT', headers, orgid: { skip: true } })
    expect(calls[0]?.[1]).not.toHaveProperty('orgid')
    expect(stranger.requests[0]).toMatchObject({ method: 'PUT', headers: { 'x-mine': 'yes' } })
  })

  it('is nothing of the caller’s that was changed', async () => {
    const { hotels } = servers
    const headers = new Headers({ 'x-mine': 'yes' })
    const orgid = Object.freeze({ scope: ['read'] })
    const init = Object.freeze({ method: 'POST', body: 'x', headers, orgid })
    const request = new Request(hotels.url(), { headers })
    const http = authed()
    await http(hotels.url(), init)
    await http(request)
    expect(hotels.acceptedCount).toBe(2)
    expect([...headers]).toEqual([['x-mine', 'yes']])
    expect([...request.headers]).toEqual([['x-mine', 'yes']])
  })

  it('has all that an init says, be it a Request, an instance with getters or inherited', async () => {
    const { hotels } = servers
    class Init {
      get method() {
        return 'PUT'
      }
      get headers() {
        return { 'x-mine': 'yes' }
      }
      readonly body = 'room'
    }
    const http = authed()
    const plain = { method: 'PUT', headers: { 'x-mine': 'yes' }, body: 'room' }
    for (const init of [
      new Init(),
      Object.create(plain),
      Object.defineProperties({}, Object.getOwnPropertyDescriptors(Object.freeze(plain))),
      new Request(hotels.url('/other'), plain),
    ]) {
      await http(hotels.url('/this'), init)
    }
    const seen = hotels.requests.map(({ method, url, headers, text }) =>
      [method, url, headers['x-mine'], text].join(' '),
    )
    expect(seen).toEqual(Array(4).fill('PUT /this yes room'))
    expect(hotels.acceptedCount).toBe(4)
  })

  it('keeps the members that only its implementation knows', async () => {
    const { fetch, calls } = recording()
    const agent = () => undefined
    const init: object = { agent, compress: false, next: { revalidate: 60 } }
    await authed(fetch)(servers.hotels.url(), init)
    expect(calls[0]?.[1]).toMatchObject(init)
  })

  it('keeps the referrer of a Request', async () => {
    const { hotels } = servers
    const { fetch, calls } = recording()
    const referrer = 'https://from.example/page'
    await authed(fetch)(new Request(hotels.url(), { referrer, referrerPolicy: 'unsafe-url' }))
    expect(calls[0]?.[1]).toMatchObject({ referrer, referrerPolicy: 'unsafe-url' })
  })

  it.each([
    ['orgid', { skip: true }],
    ['headers', { authorization: 'Basic polluted' }],
    ['redirect', 'error'],
  ])('has nothing of a polluted prototype: %s', async (name, value) => {
    const { hotels } = servers
    hotels.redirect({ to: '/there' })
    const { fetch } = recording()
    const http = authed(fetch)
    Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true })
    try {
      await http(hotels.url(), { keepalive: false })
    } finally {
      Reflect.deleteProperty(Object.prototype, name)
    }
    expect(hotels.requests.map(({ method }) => method)).toEqual(['GET', 'GET'])
    expect(audiences(hotels)).toEqual([did('b'), did('b')])
  })

  it('is what was there when the call was made, whatever changes while the token is waited for', async () => {
    const { hotels, stranger } = servers
    const open = gate()
    const url = new URL(hotels.url('/then'))
    const headers = new Headers({ 'x-mine': 'then' })
    const init: RequestInit = { method: 'PUT', headers, body: 'then' }
    const call = authed(undefined, { key: signerAfter(open.promise) })(url, init)
    url.port = new URL(stranger.origin).port
    headers.set('authorization', 'Basic late')
    headers.set('x-mine', 'late')
    Object.assign(init, { method: 'DELETE', body: 'late', headers: {} })
    open.resolve()
    await call
    expect(stranger.requests).toHaveLength(0)
    expect(hotels.requests[0]).toMatchObject({ method: 'PUT', url: '/then', text: 'then' })
    expect(hotels.requests[0]?.headers['x-mine']).toBe('then')
    expect(hotels.acceptedCount).toBe(1)
  })

  it('has headers that are written as an object as they were then, and nothing of a prototype', async () => {
    const { hotels } = servers
    const open = gate()
    const headers: Record<string, string> = { 'x-mine': 'then' }
    // Not Node's: under such a prototype some of its versions lose every header by themselves
    const given: unknown[] = []
    const recording: typeof fetch = async (_, init) => {
      const own = init?.headers as object
      given.push({ ...own }, Symbol.iterator in own)
      return new Response('{}')
    }
    const call = authed(recording, { key: signerAfter(open.promise) })(hotels.url(), { headers })
    Object.assign(headers, { Authorization: 'Basic late', 'x-mine': 'late' })
    const iterator = { value: () => [].values(), configurable: true, writable: true }
    Object.defineProperty(Object.prototype, Symbol.iterator, iterator)
    try {
      open.resolve()
      await call
    } finally {
      Reflect.deleteProperty(Object.prototype, Symbol.iterator)
    }
    const authorization = expect.stringMatching(/^Bearer ey/)
    expect(given).toEqual([{ 'x-mine': 'then', Authorization: authorization }, false])
  })
})

describe('a fetch with an auth', () => {
  it('is a named function', () => {
    expect(authed().name).toBe('orgidFetch')
  })

  it('is refused for what is no fetch or no auth', () => {
    const auth = servers.createAuth()
    for (const fetch of [undefined, null, {}, 'fetch']) {
      expect(codeOfThrown(() => withAuth(fetch as never, auth))).toBe('ERR_INVALID_OPTION')
    }
    for (const other of [undefined, {}, { authorization: () => 'Bearer x' }]) {
      expect(codeOfThrown(() => withAuth(fetch, other as never))).toBe('ERR_INVALID_OPTION')
    }
  })

  it('fails a call whose options are meant for another partner, or are none, without sending it', async () => {
    const { hotels, stranger } = servers
    const http = authed()
    const codes = [
      await http(hotels.url(), { orgid: { partner: 'air' } }).catch(codeOf),
      await http(stranger.url(), { orgid: { partner: 'air' } }).catch(codeOf),
      await http(hotels.url(), { orgid: null as never }).catch(codeOf),
      await http(hotels.url(), { orgid: { scop: 'read' } as never }).catch(codeOf),
    ]
    expect(codes).toEqual([
      ...['ERR_PARTNER_MISMATCH', 'ERR_PARTNER_MISMATCH'],
      ...['ERR_INVALID_OPTION', 'ERR_INVALID_OPTION'],
    ])
    expect([...hotels.requests, ...stranger.requests]).toHaveLength(0)
  })

  it('takes orgid: undefined for none', async () => {
    await authed()(servers.hotels.url(), { orgid: undefined } as never)
    expect(servers.hotels.acceptedCount).toBe(1)
  })

  it('refuses strangers when strict, but not a call with the caller’s own header', async () => {
    const { stranger } = servers
    const http = authed(undefined, { strict: true })
    expect(await http(stranger.url()).catch(codeOf)).toBe('ERR_UNKNOWN_PARTNER')
    await http(stranger.url(), { headers: { authorization: 'Basic own' } })
    expect(authorizations(stranger)).toEqual(['Basic own'])
  })

  it('gives nothing to the look-alikes of a partner', async () => {
    const { hotels, stranger } = servers
    const http = authed()
    const host = new URL(hotels.origin).host
    for (const url of [
      `http://${host}@${new URL(stranger.origin).host}/`,
      hotels.url('/').replace('http://', 'http://u:p@'),
      hotels.url('/').replace('127.0.0.1', 'localhost'),
      '/relative',
    ]) {
      await http(url).catch(() => {})
    }
    expect([...authorizations(hotels), ...authorizations(stranger)]).toEqual([undefined])
  })

  it('goes by the options around a call, across what is awaited', async () => {
    const { hotels } = servers
    const auth = servers.createAuth()
    const http = withAuth(fetch, auth)
    await auth.run({ partner: 'hotels', scope: ['read'] }, async () => {
      await Promise.resolve()
      await http(hotels.url())
    })
    expect(hotels.requests[0]?.claims?.scope).toBe('["read"]')
  })

  it('may be wrapped again for the partners of another auth', async () => {
    const { hotels, air } = servers
    const inner = authed(undefined, { partners: [partner('hotels', hotels)] })
    const http = authed(inner, { partners: [partner('air', air)] })
    await http(hotels.url())
    await http(air.url())
    expect([...audiences(hotels), ...audiences(air)]).toEqual([did('b'), did('c')])
  })

  it('serves openapi-fetch', async () => {
    const { hotels } = servers
    const client = createClient<Paths>({ baseUrl: hotels.origin, fetch: authed() })
    const { data } = await client.POST('/bookings', { body: { nights: 2 } })
    expect(data).toEqual({ ok: true })
    expect(hotels.requests[0]).toMatchObject({ method: 'POST', text: '{"nights":2}' })
    expect(hotels.acceptedCount).toBe(1)
  })

  it('looks up a cached token without signing again', async () => {
    const signer = signerAfter(Promise.resolve())
    const sign = vi.fn(signer.sign)
    const http = authed(undefined, { key: { ...signer, sign } })
    await Promise.all(Array.from({ length: 20 }, () => http(servers.hotels.url())))
    expect(sign).toHaveBeenCalledTimes(1)
    expect(servers.hotels.acceptedCount).toBe(20)
  })
})

interface Paths {
  '/bookings': {
    post: {
      requestBody: { content: { 'application/json': { nights: number } } }
      responses: { 200: { content: { 'application/json': { ok: boolean } } } }
    }
  }
}
