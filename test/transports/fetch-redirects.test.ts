import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OrgidAuthOptions } from '../../src/configuration.js'
import { withAuth } from '../../src/transports/fetch.js'
import { did } from '../support.js'
import {
  audiences,
  authorizations,
  codeOf,
  fetches,
  partner,
  recording,
  type Servers,
  signerAfter,
  startEndless,
  startServers,
} from './fetches.js'

let servers: Servers
beforeEach(async () => {
  servers = await startServers()
})
afterEach(() => servers[Symbol.asyncDispose]())

const authed = (fetch = globalThis.fetch, options?: Partial<OrgidAuthOptions>) =>
  withAuth(fetch, servers.createAuth(options))

/** Partners of one origin, told apart by path. */
const prefixed = () => [
  { ...partner('hotels', servers.hotels), pathPrefix: '/v2' },
  { ...partner('air', servers.hotels), did: did('c'), pathPrefix: '/air' },
]

const statuses = [301, 302, 303, 307, 308] as const
const cases = fetches.flatMap(({ name, fetch }) =>
  statuses.map((status) => ({ name, fetch, status })),
)

describe.each(cases)('with $name a $status', ({ fetch, status }) => {
  it('within a partner keeps the token', async () => {
    const { hotels } = servers
    hotels.redirect({ to: '/there', status })
    const response = await authed(fetch)(hotels.url('/here'))
    expect(await response.json()).toEqual({ ok: true })
    expect([response.redirected, response.url]).toEqual([true, hotels.url('/there')])
    expect(audiences(hotels)).toEqual([did('b'), did('b')])
  })

  it('to a stranger, another port or another name of the host takes no token along', async () => {
    const { hotels, stranger } = servers
    const ways = [
      stranger.url('/there'),
      stranger.url('/there').replace('http:', ''),
      stranger.url('/there').replace('127.0.0.1', 'localhost'),
    ]
    for (const to of ways) {
      hotels.redirect({ to, status })
      const response = await authed(fetch)(hotels.url())
      expect([response.status, response.redirected]).toEqual([200, true])
    }
    expect(authorizations(stranger)).toEqual([undefined, undefined, undefined])
    hotels.redirect({ to: hotels.url('/there').replace('127.0.0.1', 'localhost'), status })
    await authed(fetch)(hotels.url())
    expect(audiences(hotels)).toEqual([...Array(4).fill(did('b')), undefined])
  })

  it('to another partner brings neither’s token', async () => {
    const { hotels, air } = servers
    hotels.redirect({ to: air.url('/there'), status })
    expect((await authed(fetch)(hotels.url())).status).toBe(401)
    expect([audiences(hotels), audiences(air)]).toEqual([[did('b')], [undefined]])
  })

  it('from a stranger to a partner brings no token', async () => {
    const { hotels, stranger } = servers
    stranger.redirect({ to: hotels.url('/there'), status })
    await authed(fetch)(stranger.url())
    expect([audiences(stranger), audiences(hotels)]).toEqual([[undefined], [undefined]])
  })

  it('away and back again leaves the token behind', async () => {
    const { hotels, stranger } = servers
    hotels.redirect({ to: stranger.url('/b'), status })
    stranger.redirect({ to: hotels.url('/c'), status })
    hotels.answer({ status: 200, path: '/c' })
    await authed(fetch)(hotels.url('/a'))
    expect([audiences(hotels), audiences(stranger)]).toEqual([[did('b'), undefined], [undefined]])
  })

  it('out of the path prefix takes no token along, not to the next partner either', async () => {
    const { hotels } = servers
    const http = authed(fetch, { partners: prefixed() })
    for (const to of ['/v20/there', '/air/there', '/v2/../v20']) {
      hotels.redirect({ to, status })
      await http(hotels.url('/v2/here'))
    }
    const mine = did('b')
    expect(audiences(hotels)).toEqual([mine, undefined, mine, undefined, mine, undefined])
  })

  it('within the path prefix keeps the token, and the body as the standard says', async () => {
    const { hotels } = servers
    hotels.redirect({ to: '/v2/there', status })
    const headers = { 'content-type': 'text/plain', 'content-language': 'en', 'x-mine': 'yes' }
    const init = { method: 'post', body: 'room', headers }
    const response = await authed(fetch, { partners: prefixed() })(hotels.url('/v2/here'), init)
    expect([response.status, response.redirected]).toEqual([200, true])
    const [, second] = hotels.requests
    const keeps = status >= 307
    expect([second?.method, second?.text]).toEqual(keeps ? ['POST', 'room'] : ['GET', ''])
    expect(second?.headers['content-type']).toBe(keeps ? 'text/plain' : undefined)
    expect(second?.headers['content-language']).toBe(keeps ? 'en' : undefined)
    expect(second?.headers['x-mine']).toBe('yes')
    expect(audiences(hotels)).toEqual([did('b'), did('b')])
  })

  it('keeps the caller’s own header as fetch does', async () => {
    const { hotels, stranger } = servers
    const headers = { Authorization: 'Basic own' }
    hotels.redirect({ to: '/there', status })
    await authed(fetch)(hotels.url('/v2/here'), { headers })
    hotels.redirect({ to: stranger.url().replace('127.0.0.1', 'localhost'), status })
    await authed(fetch)(hotels.url('/v2/here'), { headers })
    expect(authorizations(hotels)).toEqual(Array(3).fill('Basic own'))
    expect(authorizations(stranger)).toEqual([undefined])
  })
})

/** Redirects that fetch is not trusted with are followed here; each of these is one. */
describe.each([
  ['another implementation', () => authed(recording().fetch)],
  ['a path prefix', () => authed(undefined, { partners: prefixed() })],
] as const)('a redirect followed by hand, for %s', (_, make) => {
  it('ends after twenty hops with the error of fetch', async () => {
    const { hotels } = servers
    hotels.redirect({ to: '/v2/again', times: Infinity })
    const error = await make()(hotels.url('/v2')).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'TypeError', message: 'fetch failed' })
    expect(hotels.requests).toHaveLength(21)
    expect(hotels.tokens).toHaveLength(1)
  })

  it.each(['ftp://127.0.0.1/', 'data:,x', 'http://[', 'http://u:p@127.0.0.1/'])(
    'to %s ends with a TypeError',
    async (to) => {
      const { hotels } = servers
      hotels.redirect({ to })
      await expect(make()(hotels.url('/v2'))).rejects.toThrow(TypeError)
      expect(hotels.requests).toHaveLength(1)
    },
  )

  it('without Location is an answer, and so is a 304', async () => {
    const { hotels } = servers
    hotels.answer({ status: 302, body: 'where to' })
    hotels.answer({ status: 304, headers: { location: '/v2/there' }, body: '' })
    const http = make()
    expect(await (await http(hotels.url('/v2'))).text()).toBe('where to')
    expect(await http(hotels.url('/v2'))).toMatchObject({ status: 304, redirected: false })
    expect(hotels.requests).toHaveLength(2)
  })

  it.each(['manual', 'error'] as const)('is not followed in mode %s', async (redirect) => {
    const { hotels } = servers
    hotels.redirect({ to: '/v2/there', times: 2 })
    const http = make()
    const request = new Request(hotels.url('/v2'), { redirect })
    const outcomes = [http(hotels.url('/v2'), { redirect }), http(request)].map((call) =>
      call.then(
        ({ status }) => status,
        (error: Error) => error.name,
      ),
    )
    const outcome = redirect === 'manual' ? 302 : 'TypeError'
    expect(await Promise.all(outcomes)).toEqual([outcome, outcome])
    expect(hotels.requests).toHaveLength(2)
  })

  it('takes what a Request says along, and the init over it', async () => {
    const { hotels } = servers
    hotels.redirect({ to: '/v2/there', path: '/v2' })
    hotels.redirect({ to: '/v2/there', status: 303, path: '/v2' })
    const http = make()
    const headers = { 'x-mine': 'yes' }
    const { signal } = new AbortController()
    await http(new Request(hotels.url('/v2'), { method: 'HEAD', headers, signal }))
    await http(new Request(hotels.url('/v2'), { method: 'PUT', body: 'x', headers }))
    await http(new Request(hotels.url('/v2'), { redirect: 'error' }), { redirect: 'follow' })
    const seen = hotels.requests.map(({ method, url, headers, text }) =>
      [method, url, headers['x-mine'], text].join(' '),
    )
    expect(seen).toEqual([
      ...['HEAD /v2 yes ', 'HEAD /v2/there yes ', 'PUT /v2 yes x', 'GET /v2/there yes '],
      'GET /v2  ',
    ])
    expect(hotels.acceptedCount).toBe(5)
  })

  it('refuses to send a stream again, and that of a Request, and sends bytes and forms again', async () => {
    const { hotels } = servers
    hotels.redirect({ to: '/v2/there', status: 307, times: 5, path: '/v2' })
    const http = make()
    const stream = new Blob(['room']).stream()
    const post = { method: 'POST', duplex: 'half' as const }
    const calls = [
      http(hotels.url('/v2'), { ...post, body: stream }).catch(codeOf),
      http(new Request(hotels.url('/v2'), { ...post, body: 'room' })).catch(codeOf),
    ]
    expect(await Promise.all(calls)).toEqual(['ERR_REDIRECT_TOKEN', 'ERR_REDIRECT_TOKEN'])
    const form = new FormData()
    form.set('room', '1')
    for (const body of [Buffer.from('room'), form, new URLSearchParams('room=1')]) {
      expect((await http(hotels.url('/v2'), { method: 'POST', body })).status).toBe(200)
    }
    const sent = hotels.requests.slice(2)
    expect(sent.map(({ url }) => url)).toEqual(Array(3).fill(['/v2', '/v2/there']).flat())
    expect(sent.every(({ body }) => body.length >= 4)).toBe(true)
    expect(hotels.acceptedCount).toBe(8)
  })

  it('leaves cookies and the like behind where it leaves the origin', async () => {
    const { hotels, stranger } = servers
    hotels.redirect({ to: '/v2/there' })
    hotels.redirect({ to: stranger.url(), path: '/v2/there' })
    const headers = { cookie: 'a=b', 'proxy-authorization': 'Basic own', 'x-mine': 'yes' }
    await make()(hotels.url('/v2/here'), { headers })
    expect(hotels.requests.map((request) => request.headers.cookie)).toEqual(['a=b', 'a=b'])
    expect(stranger.requests[0]?.headers).not.toHaveProperty('cookie')
    expect(stranger.requests[0]?.headers).not.toHaveProperty('proxy-authorization')
    expect(stranger.requests[0]?.headers['x-mine']).toBe('yes')
  })

  it('takes call options along within the partner', async () => {
    const { hotels } = servers
    hotels.redirect({ to: '/v2/there' })
    await make()(hotels.url('/v2'), { orgid: { scope: ['read'] } })
    expect(hotels.requests.map(({ claims }) => claims?.scope)).toEqual(['["read"]', '["read"]'])
  })

  it('reads a Location beyond ASCII as UTF-8', async () => {
    const { hotels } = servers
    hotels.redirect({ to: Buffer.from('/v2/ü').toString('latin1') })
    await make()(hotels.url('/v2'))
    expect(hotels.requests[1]?.url).toBe('/v2/%C3%BC')
  })

  it('goes on to follow elsewhere, with fetch, and without the token', async () => {
    const { hotels, stranger } = servers
    hotels.redirect({ to: stranger.url('/1') })
    stranger.redirect({ to: '/2', path: '/1' })
    const response = await make()(hotels.url('/v2'))
    expect([response.url, response.redirected]).toEqual([stranger.url('/2'), true])
    expect(authorizations(stranger)).toEqual([undefined, undefined])
  })

  it('ends when the caller aborts on the way', async () => {
    const { hotels } = servers
    const controller = new AbortController()
    hotels.redirect({ to: '/v2/there' })
    hotels.handler = () => {
      controller.abort(new Error('enough'))
      return { body: 'late' }
    }
    const { signal } = controller
    await expect(make()(hotels.url('/v2'), { signal })).rejects.toThrow('enough')
    expect(hotels.requests).toHaveLength(2)
  })
})

describe('a redirect', () => {
  it('is left to Node’s fetch where the origin is the partner’s, and followed by hand where not', async () => {
    const { hotels } = servers
    const seen: unknown[] = []
    for (const partners of [[partner('hotels', hotels)], prefixed()]) {
      hotels.redirect({ to: '/v2/there', status: 307 })
      const request = new Request(hotels.url('/v2'), { method: 'POST', body: 'x' })
      const call = authed(undefined, { partners })(request)
      seen.push(await call.then(({ status }) => status, codeOf))
    }
    // Node's fetch knows what the body of a Request was made of
    expect(seen).toEqual([200, 'ERR_REDIRECT_TOKEN'])
  })

  it('to another origin of the same partner brings a token of the call, and nothing meant for one origin', async () => {
    const { hotels, stranger } = servers
    const origin = [hotels.origin, stranger.origin]
    const partners = [{ ...partner('hotels', hotels), origin }]
    for (const fetch of [recording().fetch, globalThis.fetch]) {
      hotels.redirect({ to: stranger.url() })
      await authed(fetch, { partners })(hotels.url(), { headers: { cookie: 'a=b' } })
    }
    expect(audiences(stranger)).toEqual([did('b'), did('b')])
    expect(stranger.requests.map(({ headers }) => headers.cookie)).toEqual([undefined, undefined])
  })

  it('takes the settings of a Request along, its signal as well', async () => {
    const { hotels } = servers
    hotels.redirect({ to: '/there' })
    const { fetch, calls } = recording()
    const request = new Request(hotels.url(), { referrerPolicy: 'unsafe-url', credentials: 'omit' })
    await authed(fetch)(request, { credentials: 'include' })
    const settings = {
      referrerPolicy: 'unsafe-url',
      credentials: 'include',
      signal: request.signal,
    }
    expect(calls[1]?.[1]).toMatchObject(settings)
  })

  it('inherits the fragment', async () => {
    const { hotels } = servers
    hotels.redirect({ to: '/1' })
    hotels.redirect({ to: '/2#other' })
    const { fetch, calls } = recording()
    await authed(fetch)(hotels.url('/#part'))
    expect(calls.map(([input]) => String(input).split('#')[1])).toEqual(['part', 'part', 'other'])
  })

  it('that is opaque is refused rather than handed back', async () => {
    const opaque = async () => ({ status: 0, type: 'opaqueredirect', headers: new Headers() })
    const call = authed(opaque as unknown as typeof globalThis.fetch)(servers.hotels.url())
    expect(await call.catch(codeOf)).toBe('ERR_REDIRECT_TOKEN')
  })

  it('waits for the token of its next hop, and ends with its error', async () => {
    const { hotels } = servers
    const { sign, ...signer } = signerAfter(Promise.resolve())
    let signed = 0
    const thrice = async (input: Uint8Array) => {
      signed += 1
      if (signed > 3) throw new Error('no vault')
      return sign(input)
    }
    const partners = [{ ...partner('hotels', hotels), singleUse: true }]
    const http = authed(recording().fetch, { key: { ...signer, sign: thrice }, partners })
    hotels.redirect({ to: '/there', path: '/', times: 2 })
    await http(hotels.url())
    expect([hotels.acceptedCount, hotels.tokens.length]).toEqual([2, 2])
    expect(await http(hotels.url()).catch(codeOf)).toBe('ERR_SIGNER_FAILED')
    expect(hotels.requests).toHaveLength(3)
  })

  it.each(fetches)('followed by hand frees its socket, with $name', async ({ fetch }) => {
    using endless = await startEndless(302, { location: '/v2/there' })
    const partners = [{ ...partner('hotels', endless), pathPrefix: '/v2' }]
    const response = await authed(fetch, { partners })(`${endless.origin}/v2`)
    expect(await response.text()).toBe('ok')
    await expect(endless.closed).resolves.toBeUndefined()
  })

  it('of node-fetch counts against its own follow option', async () => {
    const { hotels, stranger } = servers
    const http = authed(fetches[2]?.fetch)
    hotels.redirect({ to: '/again', times: 2 })
    const two: object = { follow: 2 }
    expect((await http(hotels.url(), two)).status).toBe(200)
    hotels.redirect({ to: '/again' })
    hotels.redirect({ to: stranger.url() })
    stranger.redirect({ to: '/again' })
    await expect(http(hotels.url(), two)).rejects.toThrow('maximum redirect')
    expect(stranger.requests).toHaveLength(1)
  })
})
