import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OrgidAuthOptions } from '../../src/configuration.js'
import type { PartnerOptions } from '../../src/index.js'
import { withAuth } from '../../src/transports/fetch.js'
import { gate } from '../support.js'
import {
  audiences,
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

const hotelsWith = (options: Partial<PartnerOptions>) => ({
  partners: [{ ...partner('hotels', servers.hotels), ...options }],
})
const statuses = () => servers.hotels.requests.map(({ status }) => status)

describe.each(fetches)('a 401, with $name', ({ name, fetch, Request }) => {
  it('makes the call once more, with another token that is used from then on', async () => {
    const { hotels } = servers
    const http = authed(fetch)
    hotels.answer({ status: 401 })
    const response = await http(hotels.url(), { method: 'POST', body: 'room' })
    await http(hotels.url())
    expect(response.status).toBe(200)
    expect(statuses()).toEqual([401, 200, 200])
    expect(hotels.requests.map(({ text }) => text)).toEqual(['room', 'room', ''])
    const [first, second, third] = hotels.requests.map(({ token }) => token)
    expect(second).not.toBe(first)
    expect(third).toBe(second)
    expect(hotels.acceptedCount).toBe(3)
  })

  it('is repeated with the options of the call', async () => {
    const { hotels } = servers
    hotels.answer({ status: 401 })
    await authed(fetch)(hotels.url(), { orgid: { scope: ['read'] } })
    expect(hotels.requests.map(({ claims }) => claims?.scope)).toEqual(['["read"]', '["read"]'])
  })

  it('again is handed back as it is', async () => {
    const { hotels } = servers
    hotels.answer({ status: 401, times: 2, body: { why: 'no' } })
    const response = await authed(fetch)(hotels.url())
    expect([response.status, await response.json()]).toEqual([401, { why: 'no' }])
    expect(statuses()).toEqual([401, 401])
  })

  it('teaches the partner’s clock', async () => {
    const { hotels } = servers
    hotels.clockSkew = 4_000 // beyond the end of the first token
    const http = authed(fetch)
    expect((await http(hotels.url())).status).toBe(200)
    expect((await http(hotels.url())).status).toBe(200)
    expect(statuses()).toEqual([401, 200, 200])
  })

  it('to a stream or to a Request with a body is handed back, and replaces the token all the same', async () => {
    const { hotels } = servers
    const http = authed(fetch)
    const stream = () => {
      const source = Readable.from([Buffer.from('room')])
      return (name === 'node-fetch' ? source : Readable.toWeb(source)) as ReadableStream
    }
    const post = { method: 'POST', duplex: 'half' as const }
    hotels.answer({ status: 401, times: 2 })
    expect((await http(hotels.url(), { ...post, body: stream() })).status).toBe(401)
    const request = new Request(hotels.url(), { ...post, body: 'room' })
    expect((await http(request)).status).toBe(401)
    await http(new Request(hotels.url()))
    expect(statuses()).toEqual([401, 401, 200])
    expect(hotels.tokens).toHaveLength(3)
  })

  it('to a Request without body is repeated, and to a body of the init over a Request’s', async () => {
    const { hotels } = servers
    const http = authed(fetch)
    hotels.answer({ status: 401 })
    expect((await http(new Request(hotels.url(), { method: 'DELETE' }))).status).toBe(200)
    hotels.answer({ status: 401 })
    const request = new Request(hotels.url(), { method: 'PUT', body: 'the Request’s' })
    expect((await http(request, { body: 'the init’s' })).status).toBe(200)
    expect(hotels.requests.map(({ method, text }) => `${method} ${text}`)).toEqual([
      ...['DELETE ', 'DELETE '],
      ...['PUT the init’s', 'PUT the init’s'],
    ])
  })

  it('to the caller’s own header, a stranger’s, or to a call with skip is not ours', async () => {
    const { hotels, stranger } = servers
    const http = authed(fetch)
    hotels.answer({ status: 401, times: 2 })
    stranger.answer({ status: 401 })
    await http(hotels.url(), { headers: { authorization: 'Basic own' } })
    await http(hotels.url(), { orgid: { skip: true } })
    await http(stranger.url())
    expect([hotels.requests.length, stranger.requests.length]).toEqual([2, 1])
  })

  it('is handed back where the partner is not to be asked again', async () => {
    servers.hotels.answer({ status: 401 })
    const { status } = await authed(
      fetch,
      hotelsWith({ retryUnauthorized: false }),
    )(servers.hotels.url())
    expect([status, statuses()]).toEqual([401, [401]])
  })

  it('frees the socket of the first answer', async () => {
    using endless = await startEndless(401)
    const partners = [partner('hotels', endless)]
    const response = await authed(fetch, { partners })(endless.origin)
    expect(response.status).toBe(200)
    await expect(endless.closed).resolves.toBeUndefined()
  })

  it('of many calls at once makes one token, and each is repeated once', async () => {
    const { hotels } = servers
    const http = authed(fetch)
    // Only what comes with the first token
    hotels.handler = ({ token }) => ({ status: token === hotels.tokens[0] ? 401 : 200 })
    const calls = Array.from({ length: 20 }, () => http(hotels.url()))
    const seen = (await Promise.all(calls)).map(({ status }) => status)
    expect(seen).toEqual(Array(20).fill(200))
    expect(hotels.tokens).toHaveLength(2)
    expect(hotels.requests).toHaveLength(40)
  })
})

describe('a 401 after a redirect', () => {
  it('followed by hand repeats the hop that was refused, whatever its method', async () => {
    const { hotels } = servers
    hotels.redirect({ to: '/there', status: 307 })
    hotels.answer({ status: 401, path: '/there' })
    const { fetch } = recording()
    const response = await authed(fetch)(hotels.url('/here'), { method: 'POST', body: 'room' })
    expect(response.status).toBe(200)
    expect(hotels.requests.map(({ url, text }) => `${url} ${text}`)).toEqual([
      ...['/here room', '/there room', '/there room'],
    ])
  })

  it('repeats a call once, on whichever hops it is refused', async () => {
    const { hotels } = servers
    hotels.answer({ status: 401, path: '/here' })
    hotels.redirect({ to: '/there', path: '/here' })
    hotels.answer({ status: 401, path: '/there', times: 2 })
    const response = await authed(recording().fetch)(hotels.url('/here'))
    expect(response.status).toBe(401)
    expect(hotels.requests.map(({ url }) => url)).toEqual(['/here', '/here', '/there'])
  })

  it('that has left a streamed body behind repeats the hop that was refused', async () => {
    const { hotels } = servers
    const http = authed()
    hotels.redirect({ to: '/there', status: 303, path: '/here' })
    hotels.answer({ status: 401, path: '/there' })
    const body = new Blob(['room']).stream()
    const init = { method: 'POST', body, duplex: 'half' as const }
    expect((await http(hotels.url('/here'), init)).status).toBe(200)
    expect(hotels.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      ...['POST /here', 'GET /there', 'GET /there'],
    ])
  })

  it('that fetch itself has followed, for a Request, is handed over; the next call has another token', async () => {
    const { hotels } = servers
    const http = authed()
    hotels.redirect({ to: '/there', path: '/here', times: 2 })
    hotels.answer({ status: 401, path: '/there' })
    expect((await http(new Request(hotels.url('/here')))).status).toBe(401)
    expect((await http(new Request(hotels.url('/here')))).status).toBe(200)
    expect(hotels.tokens).toHaveLength(2)
  })

  it('to a stranger or to another partner says nothing about the token', async () => {
    const { hotels, air, stranger } = servers
    stranger.answer({ status: 401, times: 2 })
    for (const fetch of [globalThis.fetch, recording().fetch]) {
      for (const to of [stranger.url(), air.url()]) {
        hotels.redirect({ to })
        expect((await authed(fetch)(hotels.url())).status).toBe(401)
      }
    }
    expect(hotels.requests).toHaveLength(4)
    expect(audiences(stranger)).toEqual([undefined, undefined])
    expect(audiences(air)).toEqual([undefined, undefined])
  })

  it('at another origin of the same partner, where fetch took no token, is no refusal of it', async () => {
    const { hotels, air } = servers
    const { partners } = hotelsWith({ origin: [hotels.origin, air.origin] })
    const http = authed(undefined, { partners })
    hotels.redirect({ to: air.url() })
    expect((await http(new Request(hotels.url()))).status).toBe(401)
    await http(hotels.url())
    expect(audiences(air)).toEqual([undefined])
    expect(hotels.tokens).toHaveLength(1)
  })

  it('back from a stranger, on whose hop the token was left behind, is no refusal of it', async () => {
    const { hotels, stranger } = servers
    const http = authed()
    hotels.redirect({ to: stranger.url('/b'), path: '/a' })
    stranger.redirect({ to: hotels.url('/c'), path: '/b' })
    expect((await http(hotels.url('/a'))).status).toBe(401)
    expect(hotels.requests.map(({ url }) => url)).toEqual(['/a', '/c'])
    await http(hotels.url('/'))
    expect(hotels.tokens).toHaveLength(1)
  })
})

describe('while another token is waited for', () => {
  it('the caller’s abort ends the call with its reason', async () => {
    const { hotels } = servers
    const open = gate()
    const { publicKey, sign } = signerAfter(Promise.resolve())
    let count = 0
    const asked = gate()
    const slow = async (input: Uint8Array) => {
      count += 1
      if (count > 1) {
        asked.resolve()
        await open.promise
      }
      return sign(input)
    }
    hotels.answer({ status: 401 })
    const controller = new AbortController()
    const key = { alg: 'ES256K' as const, publicKey, sign: slow }
    const call = authed(undefined, { key })(hotels.url(), { signal: controller.signal })
    await asked.promise
    controller.abort(new Error('enough'))
    await expect(call).rejects.toThrow('enough')
    open.resolve()
    expect(statuses()).toEqual([401])
  })
})
