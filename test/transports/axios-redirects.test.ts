import axios from 'axios'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createOrgidAuth } from '../../src/index.js'
import { localSigner } from '../../src/signers/local.js'
import { startPartner, startStranger, type TestPartner } from '../../src/testing/index.js'
import { attachAuth } from '../../src/transports/axios.js'
import { did, newKey } from '../support.js'

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

function attached({
  key = pem as Parameters<typeof createOrgidAuth>[0]['key'],
  strict = false,
  pathPrefix = '',
} = {}) {
  const http = axios.create({ validateStatus: null })
  const auth = createOrgidAuth({
    issuer: `${did('a')}#webserver`,
    key: key as string,
    strict,
    partners: [
      {
        name: 'hotels',
        did: did('b'),
        origin: hotels.origin,
        allowLoopbackHttp: true,
        ...(pathPrefix && { pathPrefix }),
      },
      { name: 'air', did: did('c'), origin: air.origin, allowLoopbackHttp: true },
    ],
  })
  attachAuth(http, auth)
  return { http, auth }
}

/** Audiences of the tokens that a server saw, `undefined` for a request without. */
const audiences = (server: TestPartner) => server.requests.map(({ claims }) => claims?.aud)
const codeOf = (error: unknown) => (error as { code?: unknown }).code
const statuses = [301, 302, 303, 307, 308] as const

describe.each(statuses)('a %i redirect', (status) => {
  it('within a partner keeps the token', async () => {
    hotels.redirect({ to: '/there', status })
    await attached().http.post(hotels.url('/here'), 'body')
    expect(hotels.requests.map(({ url }) => url)).toEqual(['/here', '/there'])
    expect(audiences(hotels)).toEqual([did('b'), did('b')])
  })

  it('to a stranger takes no token along', async () => {
    hotels.redirect({ to: stranger.url('/there'), status })
    await attached().http.get(hotels.url('/'))
    expect(stranger.requests.map(({ authorization }) => authorization)).toEqual([undefined])
  })

  it('to another partner brings that partner’s token', async () => {
    hotels.redirect({ to: air.url('/there'), status })
    await attached().http.get(hotels.url('/'))
    expect(audiences(hotels)).toEqual([did('b')])
    expect(audiences(air)).toEqual([did('c')])
  })

  it('from a stranger to a partner brings the partner’s token', async () => {
    stranger.redirect({ to: air.url('/there'), status })
    await attached().http.get(stranger.url('/'))
    expect(audiences(stranger)).toEqual([undefined])
    expect(audiences(air)).toEqual([did('c')])
  })

  it('away and back again gives each hop what is its own', async () => {
    hotels.redirect({ to: stranger.url('/b'), status })
    stranger.redirect({ to: hotels.url('/c'), status })
    await attached().http.get(hotels.url('/a'))
    expect(audiences(hotels)).toEqual([did('b'), did('b')])
    expect(audiences(stranger)).toEqual([undefined])
  })

  it('with the fetch adapter, which hides its hops, gives a foreign one nothing', async () => {
    hotels.redirect({ to: stranger.url('/there'), status })
    await attached().http.get(hotels.url('/'), { adapter: 'fetch' })
    hotels.redirect({ to: air.url('/there'), status })
    await attached().http.get(hotels.url('/'), { adapter: 'fetch' })
    expect(audiences(stranger)).toEqual([undefined])
    expect(audiences(air)).toEqual([undefined])
  })
})

describe('a redirect', () => {
  it('to the same host on another port or without scheme is to a stranger', async () => {
    for (const to of [stranger.url('/port'), stranger.origin.replace('http:', '')]) {
      hotels.redirect({ to })
      await attached().http.get(hotels.url('/'))
    }
    expect(stranger.requests.map(({ authorization }) => authorization)).toEqual([
      undefined,
      undefined,
    ])
  })

  it('to another name of the same host is to a stranger', async () => {
    hotels.redirect({ to: hotels.url('/there').replace('127.0.0.1', 'localhost') })
    await attached().http.get(hotels.url('/'))
    expect(audiences(hotels)).toEqual([did('b'), undefined])
  })

  it('out of the path prefix takes no token along', async () => {
    hotels.redirect({ to: '/v20/there' })
    await attached({ pathPrefix: '/v2' }).http.get(hotels.url('/v2/here'))
    expect(audiences(hotels)).toEqual([did('b'), undefined])
  })

  it('carries call options to their own partner, and to no other', async () => {
    const { http } = attached()
    hotels.redirect({ to: '/there' })
    await http.get(hotels.url('/'), { orgid: { scope: ['read'] } })
    hotels.redirect({ to: air.url('/there') })
    await http.get(hotels.url('/'), { orgid: { scope: ['read'], partner: 'hotels' } })
    expect(hotels.requests.map(({ claims }) => claims?.scope)).toEqual(Array(3).fill('["read"]'))
    expect(air.requests[0]?.claims).not.toHaveProperty('scope')
    expect(air.requests[0]?.verdict.accepted).toBe(true)
  })

  it('between the partners of two auths brings each its token, whichever was attached first', async () => {
    const partner = { allowLoopbackHttp: true }
    const ours = (of: TestPartner) => ({ ...partner, did: String(of.did), origin: of.origin })
    const create = (of: TestPartner) =>
      createOrgidAuth({ issuer: `${did('a')}#webserver`, key: pem, partners: [ours(of)] })
    for (const order of [
      [hotels, air],
      [air, hotels],
    ] as const) {
      const http = axios.create({ validateStatus: null })
      for (const of of order) attachAuth(http, create(of))
      hotels.redirect({ to: air.url('/there') })
      await http.get(hotels.url('/'))
    }
    expect(audiences(hotels)).toEqual([did('b'), did('b')])
    expect(audiences(air)).toEqual([did('c'), did('c')])
  })

  it('of a call with skip gets no token of ours', async () => {
    hotels.redirect({ to: air.url('/there') })
    await attached().http.get(hotels.url('/'), { orgid: { skip: true } })
    expect(audiences(air)).toEqual([undefined])
  })

  it('keeps the caller’s own header within an origin; where axios drops it, the partner’s token comes', async () => {
    const { http } = attached()
    const own = { headers: { Authorization: 'Basic own' } }
    hotels.redirect({ to: '/there' })
    await http.get(hotels.url('/'), own)
    expect(hotels.requests.map(({ authorization }) => authorization)).toEqual([
      'Basic own',
      'Basic own',
    ])
    hotels.redirect({ to: air.url('/there') })
    await http.get(hotels.url('/'), own)
    expect(audiences(air)).toEqual([did('c')])
  })

  it('runs the caller’s beforeRedirect, which sees no token and whose own header wins', async () => {
    const { http } = attached()
    hotels.redirect({ to: air.url('/there'), times: 2 })
    const seen: unknown[] = []
    await http.get(hotels.url('/'), {
      beforeRedirect: (options) => seen.push({ ...options.headers }),
    })
    expect(seen).toHaveLength(1)
    expect(JSON.stringify(seen)).not.toMatch(/bearer/i)
    const own = (options: Record<string, { Authorization: string }>) => {
      ;(options.headers as { Authorization: string }).Authorization = 'Basic own'
    }
    await http.get(hotels.url('/'), { beforeRedirect: own })
    expect(air.requests.map(({ authorization }) => authorization?.slice(0, 9))).toEqual([
      'Bearer ey',
      'Basic own',
    ])
  })

  it('whose target the caller’s beforeRedirect changes takes no token elsewhere', async () => {
    const { http } = attached()
    hotels.redirect({ to: '/there' })
    const { port } = new URL(stranger.origin)
    const call = http.get(hotels.url('/'), {
      beforeRedirect: (options) => {
        options.port = port
      },
    })
    expect(await call.catch(codeOf)).toBe('ERR_REDIRECT_TOKEN')
    expect(stranger.requests).toHaveLength(0)
  })

  it('fails where the next partner’s token must be waited for, and works once it is there', async () => {
    const local = localSigner(pem, { backend: 'openssl' })
    const sign = async (input: Uint8Array) => local.sign(input, {})
    const { http, auth } = attached({ key: { alg: 'ES256K', publicKey, sign } })
    hotels.redirect({ to: air.url('/there'), times: 2 })
    expect(await http.get(hotels.url('/')).catch(codeOf)).toBe('ERR_REDIRECT_TOKEN')
    expect(air.requests).toHaveLength(0)
    await auth.prepare()
    await http.get(hotels.url('/'))
    expect(audiences(air)).toEqual([did('c')])
  })

  it('to a stranger fails when strict', async () => {
    hotels.redirect({ to: stranger.url('/there') })
    expect(await attached({ strict: true }).http.get(hotels.url('/')).catch(codeOf)).toBe(
      'ERR_UNKNOWN_PARTNER',
    )
    expect(stranger.requests).toHaveLength(0)
  })

  it('is not followed with maxRedirects 0', async () => {
    hotels.redirect({ to: air.url('/there') })
    const { status } = await attached().http.get(hotels.url('/'), { maxRedirects: 0 })
    expect(status).toBe(302)
    expect(audiences(hotels)).toEqual([did('b')])
    expect(air.requests).toHaveLength(0)
  })
})
