import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { internalsOf } from '../../src/interface.js'
import { type Confinement, confine, confinedFetch } from '../../src/transports/fetch-confined.js'
import { did } from '../support.js'
import { audiences, authorizations, partner, type Servers, startServers } from './fetches.js'

let servers: Servers
beforeEach(async () => {
  servers = await startServers()
})
afterEach(() => servers[Symbol.asyncDispose]())

/** A confined fetch, and the Requests that a transport would make for it. */
function confined(fetch: typeof globalThis.fetch, pathPrefix?: string) {
  const partners = [
    { ...partner('hotels', servers.hotels), ...(pathPrefix !== undefined && { pathPrefix }) },
    partner('air', servers.air),
  ]
  const auth = servers.createAuth({ partners })
  const send = async (url: string, init: RequestInit = {}) => {
    const authorization = String(await auth.authorization(url))
    const request = new Request(url, { headers: { authorization }, ...init })
    const confinement: Confinement = {
      internals: internalsOf(auth),
      authorization,
      redirect: undefined,
    }
    const response = await confine(confinement, () => confinedFetch(fetch)(request))
    return { confinement, response }
  }
  return { send, auth }
}

/** Has Authorization taken along wherever it goes, as some implementations do. */
const careless: typeof globalThis.fetch = async (input, init) => {
  const request = new Request(input, { ...init, redirect: 'manual' })
  const headers = new Headers(request.headers)
  const response = await fetch(request)
  const location = response.headers.get('location')
  const mode = init?.redirect ?? (input as Request).redirect ?? 'follow'
  return location === null || mode !== 'follow'
    ? response
    : careless(new URL(location, request.url), { headers })
}

const cases = [
  { name: 'Node’s fetch', fetch: globalThis.fetch },
  { name: 'a careless fetch', fetch: careless },
]

describe.each(cases)('a confined fetch over $name', ({ fetch }) => {
  it.each([301, 302, 303, 307, 308] as const)(
    'keeps the token within its partner and takes it nowhere else, on a %i',
    async (status) => {
      const { hotels, air, stranger } = servers
      const { send } = confined(fetch, '/v2')
      for (const to of ['/v2/there', '/v20', air.url(), stranger.url()]) {
        hotels.redirect({ to, status })
        await send(hotels.url('/v2/here'))
      }
      const mine = did('b')
      expect(audiences(hotels)).toEqual([mine, mine, mine, undefined, mine, mine])
      expect(hotels.tokens).toHaveLength(1)
      expect([audiences(air), authorizations(stranger)]).toEqual([[undefined], [undefined]])
    },
  )

  it('tells whether the answer came from where its token did', async () => {
    const { hotels, air, stranger } = servers
    for (const prefix of [undefined, '/v2']) {
      const { send } = confined(fetch, prefix)
      const seen: unknown[] = []
      for (const to of ['/v2/there', air.url(), stranger.url()]) {
        hotels.redirect({ to })
        seen.push((await send(hotels.url('/v2/here'))).confinement.redirect)
      }
      const { confinement } = await send(hotels.url('/v2/here'))
      expect([...seen, confinement.redirect]).toEqual([
        'within reach',
        'out of reach',
        'out of reach',
        undefined,
      ])
    }
  })

  it('leaves alone what carries no bearer token to a partner, or is not to be followed', async () => {
    const { hotels, stranger } = servers
    const { send } = confined(fetch, '/v2')
    hotels.redirect({ to: '/v2/there', path: '/v2', times: 3 })
    const manual = await send(hotels.url('/v2'), { redirect: 'manual' })
    expect(manual.response.status).toBe(302)
    for (const headers of [{ authorization: 'Basic own' }, {}]) {
      expect((await send(hotels.url('/v2'), { headers })).response.status).toBe(401)
    }
    expect(authorizations(hotels).slice(1)).toEqual([
      'Basic own',
      'Basic own',
      undefined,
      undefined,
    ])
    await send(stranger.url())
    expect(stranger.requests).toHaveLength(1)
  })
})

describe('a confined fetch', () => {
  it('is one for each fetch, so that what keeps it keeps nothing of an auth', () => {
    expect(confinedFetch(fetch)).toBe(confinedFetch(fetch))
    expect(confinedFetch(fetch)).not.toBe(confinedFetch(careless))
  })

  it('takes a URL and an init as well', async () => {
    const { hotels, stranger } = servers
    const auth = servers.createAuth()
    const authorization = String(await auth.authorization(hotels.url()))
    hotels.redirect({ to: stranger.url() })
    const confinement = { internals: internalsOf(auth), authorization, redirect: undefined }
    const http = confinedFetch(careless)
    await confine(confinement, () => http(hotels.url(), { headers: { authorization } }))
    expect([audiences(hotels), authorizations(stranger)]).toEqual([[did('b')], [undefined]])
  })
})
