import { PassThrough } from 'node:stream'
import superagent from 'superagent'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { gotWithAuth } from '../../examples/recipes/got.js'
import { kyWithAuth } from '../../examples/recipes/ky.js'
import { nodeFetchWithAuth } from '../../examples/recipes/node-fetch.js'
import { superagentPlugin } from '../../examples/recipes/superagent.js'
import type { OrgidAuth } from '../../src/index.js'
import { did, gate, newKey, settle } from '../support.js'
import {
  audiences,
  authorizations,
  partner,
  type Servers,
  signerAfter,
  startServers,
} from '../transports/fetches.js'

let servers: Servers
beforeEach(async () => {
  servers = await startServers()
})
afterEach(() => servers[Symbol.asyncDispose]())

interface Options {
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly signal?: AbortSignal
}

/** A call, whose status is the answer; no status is an error. */
type Call = (url: string, options?: Options) => Promise<number>

interface Recipe {
  readonly name: string
  /** Whether a hop to another partner brings that partner's token, or none. */
  readonly hops: 'decided' | 'hidden'
  client(auth: OrgidAuth): Call
}

const recipes: readonly Recipe[] = [
  {
    name: 'got',
    hops: 'decided',
    client(auth) {
      const got = gotWithAuth(auth)
      return async (url, options) => {
        const method = options?.body === undefined ? 'GET' : 'POST'
        const retry = { limit: 0 }
        return (await got(url, { method, retry, throwHttpErrors: false, ...options })).statusCode
      }
    },
  },
  {
    name: 'ky',
    hops: 'hidden',
    client(auth) {
      const ky = kyWithAuth(auth)
      return async (url, options) => {
        const method = options?.body === undefined ? 'GET' : 'POST'
        return (await ky(url, { method, retry: 0, throwHttpErrors: false, ...options })).status
      }
    },
  },
  {
    name: 'superagent',
    hops: 'decided',
    client(auth) {
      const plugin = superagentPlugin(auth)
      return async (url, { headers = {}, body, signal } = {}) => {
        const request = body === undefined ? superagent.get(url) : superagent.post(url).send(body)
        signal?.addEventListener('abort', () => void request.abort())
        return (
          await request
            .use(plugin)
            .set(headers)
            .ok(() => true)
        ).status
      }
    },
  },
  {
    name: 'node-fetch',
    hops: 'hidden',
    client(auth) {
      const fetch = nodeFetchWithAuth(auth)
      return async (url, options) => {
        const method = options?.body === undefined ? 'GET' : 'POST'
        return (await fetch(url, { method, ...options })).status
      }
    },
  },
]
const statuses = [301, 302, 303, 307, 308] as const
const cases = recipes.flatMap((recipe) => statuses.map((status) => ({ ...recipe, status })))

/** Audiences that each server saw; a token that is not its own would show here. */
const seen = () => [servers.hotels, servers.air, servers.stranger].map(audiences)
const hotelsDid = did('b')
const airDid = did('c')

describe.each(recipes)('the recipe for $name', ({ client }) => {
  it('gives a partner its token, fresh, and a stranger none', async () => {
    const { hotels, air, stranger } = servers
    const auth = servers.createAuth()
    const call = client(auth)
    for (const url of [hotels.url(), stranger.url(), air.url()]) expect(await call(url)).toBe(200)
    expect(seen()).toEqual([[hotelsDid], [airDid], [undefined]])
    auth.invalidate()
    await call(hotels.url(), { body: 'room' })
    expect(hotels.acceptedCount).toBe(2)
    expect(hotels.requests[1]).toMatchObject({ method: 'POST', text: 'room' })
  })

  it('gives nothing to another port, another name of the host, or no scheme', async () => {
    const { hotels, stranger } = servers
    const call = client(servers.createAuth())
    const ways = [
      stranger.url(),
      stranger.url().replace('http:', ''),
      hotels.url().replace('127.0.0.1', 'localhost'),
      hotels.url().replace('127.0.0.1', 'localhost').replace('http:', ''),
    ]
    for (const to of ways) {
      hotels.redirect({ to })
      await call(hotels.url())
    }
    const mine = hotelsDid
    expect(seen()).toEqual([
      [mine, mine, mine, undefined, mine, undefined],
      [],
      [undefined, undefined],
    ])
  })

  it('lets the caller’s own Authorization win', async () => {
    const { hotels } = servers
    const call = client(servers.createAuth())
    const own = { headers: { Authorization: 'Bearer own' } }
    hotels.redirect({ to: '/there' })
    await call(hotels.url(), own)
    expect(authorizations(hotels)).toEqual(['Bearer own', 'Bearer own'])
  })

  it('waits for a signer that takes its time', async () => {
    const { hotels } = servers
    const open = gate()
    const auth = servers.createAuth({ key: signerAfter(open.promise) })
    const answer = client(auth)(hotels.url())
    await settle()
    expect(hotels.requests).toHaveLength(0)
    open.resolve()
    expect(await answer).toBe(200)
    expect(hotels.acceptedCount).toBe(1)
  })

  it('fails a call that cannot get its token, without sending it', async () => {
    const { publicKey } = newKey()
    const failing = () => Promise.reject(new Error('no vault'))
    const signers = [
      failing,
      () => {
        throw new Error('no vault')
      },
    ]
    for (const sign of signers) {
      const auth = servers.createAuth({ key: { alg: 'ES256K', publicKey, sign } })
      await expect(client(auth)(servers.hotels.url())).rejects.toThrow(/signer/i)
    }
    const strict = client(servers.createAuth({ strict: true }))
    await expect(strict(servers.stranger.url())).rejects.toThrow(/partner/)
    expect([...servers.hotels.requests, ...servers.stranger.requests]).toHaveLength(0)
  })

  it('sends nothing once the caller has left, while the token was waited for', async () => {
    const { hotels } = servers
    const open = gate()
    const auth = servers.createAuth({ key: signerAfter(open.promise) })
    const { signal, leave } = leaving()
    const answer = client(auth)(hotels.url(), { signal, body: 'room' })
    const outcome = expect(answer).rejects.toThrow()
    await settle()
    leave()
    await outcome
    open.resolve()
    await settle()
    expect(hotels.requests).toHaveLength(0)
  })
})

describe.each(cases)('the recipe for $name, on a $status', ({ client, hops, status }) => {
  it('keeps the token within the partner, and a stranger gets none', async () => {
    const { hotels, stranger } = servers
    const call = client(servers.createAuth())
    hotels.redirect({ to: '/there', status, path: '/' })
    hotels.redirect({ to: stranger.url(), status, path: '/there' })
    expect(await call(hotels.url())).toBe(200)
    expect(seen()).toEqual([[hotelsDid, hotelsDid], [], [undefined]])
  })

  it('gives another partner its own token or none', async () => {
    const { hotels, air } = servers
    hotels.redirect({ to: air.url(), status })
    await client(servers.createAuth())(hotels.url())
    expect(seen()).toEqual([[hotelsDid], [hops === 'decided' ? airDid : undefined], []])
  })

  it('leaves the token behind on the way away and back again', async () => {
    const { hotels, air, stranger } = servers
    hotels.redirect({ to: stranger.url(), status, path: '/a' })
    stranger.redirect({ to: air.url(), status })
    air.redirect({ to: hotels.url('/b'), status })
    hotels.answer({ status: 200, path: '/b' })
    expect(await client(servers.createAuth())(hotels.url('/a'))).toBe(200)
    const decided = hops === 'decided'
    expect(seen()).toEqual([
      [hotelsDid, decided ? hotelsDid : undefined],
      [decided ? airDid : undefined],
      [undefined],
    ])
  })

  it('gives nothing to the rest of an origin, beyond the partner’s path', async () => {
    const { hotels } = servers
    const partners = [
      { did: hotelsDid, origin: hotels.origin, pathPrefix: '/v2', allowLoopbackHttp: true },
    ]
    hotels.redirect({ to: '/v20', status })
    await client(servers.createAuth({ partners }))(hotels.url('/v2'))
    expect(seen()[0]).toEqual([hotelsDid, undefined])
  })

  it('resends a body as the client does, with the token of the hop', async () => {
    const { hotels } = servers
    hotels.redirect({ to: '/there', status, path: '/' })
    expect(await client(servers.createAuth())(hotels.url(), { body: 'room' })).toBe(200)
    expect(hotels.acceptedCount).toBe(2)
    const [, { method, text } = { method: '' }] = hotels.requests
    expect(text).toBe(method === 'POST' ? 'room' : '')
    if (status >= 307) expect(method).toBe('POST')
  })
})

describe('the recipe for got', () => {
  it('decides again before a retry', async () => {
    const { hotels } = servers
    hotels.answer({ status: 503 })
    // with a token for each call, deciding again shows
    const partners = [{ ...partner('hotels', hotels), singleUse: true }]
    const retry = { limit: 1, calculateDelay: () => 1 }
    const got = gotWithAuth(servers.createAuth({ partners }))
    expect((await got(hotels.url(), { retry })).statusCode).toBe(200)
    expect(hotels.tokens).toHaveLength(2)
  })
})

describe('the recipe for superagent', () => {
  it('pipes, where the token is at hand', async () => {
    const { hotels } = servers
    const sink = new PassThrough()
    superagent.get(hotels.url()).use(superagentPlugin(servers.createAuth())).pipe(sink)
    expect(Buffer.concat(await sink.toArray()).toString()).toBe('{"ok":true}')
    expect(hotels.acceptedCount).toBe(1)
  })
})

function leaving() {
  const controller = new AbortController()
  return { signal: controller.signal, leave: () => controller.abort(new Error('enough')) }
}
