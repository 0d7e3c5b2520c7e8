import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { noOptions } from '../../src/context.js'
import { internalsOf } from '../../src/interface.js'
import { withAuth } from '../../src/transports/fetch.js'
import { gate, settle } from '../support.js'
import { fetches, recording, type Servers, signerAfter, startServers } from './fetches.js'

let servers: Servers
beforeEach(async () => {
  servers = await startServers()
})
afterEach(() => servers[Symbol.asyncDispose]())

/** A fetch whose token comes once `open` is resolved. */
function waiting(fetch = globalThis.fetch) {
  const open = gate()
  return { open, http: withAuth(fetch, servers.createAuth({ key: signerAfter(open.promise) })) }
}

/** All rejections that nobody handles until the test is over. */
function unhandled(): unknown[] {
  const seen: unknown[] = []
  const note = (reason: unknown) => seen.push(reason)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  return seen
}

const reason = new Error('enough')

describe.each(fetches)('a signal, with $name', ({ fetch, Request }) => {
  it('ends the wait for a token at once, with its reason, be it the init’s or the Request’s', async () => {
    const { hotels } = servers
    const stray = unhandled()
    const { http, open } = waiting(fetch)
    const { signal, ...controller } = controllable()
    const calls = [http(hotels.url(), { signal }), http(new Request(hotels.url(), { signal }))]
    const outcomes = Promise.allSettled(calls)
    controller.abort()
    expect(await outcomes).toEqual(Array(2).fill({ status: 'rejected', reason }))
    open.resolve()
    await settle()
    expect(stray).toEqual([])
    expect(hotels.requests).toHaveLength(0)
  })

  it('that has been aborted before lets nothing be sent or signed', async () => {
    const { hotels, stranger } = servers
    const { fetch: recorder, calls } = recording(fetch)
    const auth = servers.createAuth()
    const http = withAuth(recorder, auth)
    const signal = AbortSignal.abort(reason)
    await expect(http(hotels.url(), { signal })).rejects.toBe(reason)
    await expect(http(new Request(hotels.url(), { signal }))).rejects.toBe(reason)
    expect(calls).toHaveLength(0)
    expect(auth.status().partners.map(({ tokens }) => tokens)).toEqual([0, 0])
    await expect(http(stranger.url(), { signal })).rejects.toThrow()
    expect(stranger.requests).toHaveLength(0)
  })

  it('of null takes the place of the Request’s', async () => {
    const { hotels } = servers
    const { http, open } = waiting(fetch)
    const signal = AbortSignal.abort(reason)
    const call = http(new Request(hotels.url(), { signal }), { signal: null })
    open.resolve()
    expect((await call).status).toBe(200)
  })

  it('disturbs no other call that waits for the same token', async () => {
    const { hotels } = servers
    const { http, open } = waiting(fetch)
    const { signal, abort } = controllable()
    const outcomes = Promise.allSettled([http(hotels.url(), { signal }), http(hotels.url())])
    abort()
    open.resolve()
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  })

  it('also ends the request that follows', async () => {
    const { hotels } = servers
    const { http, open } = waiting(fetch)
    const { signal, abort } = controllable()
    hotels.handler = () => {
      abort()
      return new Promise(() => {})
    }
    open.resolve()
    await expect(http(hotels.url(), { signal })).rejects.toThrow()
    expect(hotels.requests).toHaveLength(1)
  })
})

describe('the end of the inbound request', () => {
  function inbound(abort: 'safe' | 'all' | 'none', fetch = globalThis.fetch) {
    const auth = servers.createAuth()
    const { signal, abort: leave } = controllable()
    const http = withAuth(fetch, auth)
    const ambient = { general: noOptions, inbound: { signal, abort } }
    const inContext: typeof http = (...args) =>
      internalsOf(auth).context.run(ambient, () => http(...args))
    return { http: inContext, leave }
  }

  it.each([
    ['safe', 'GET', true],
    ['safe', 'options', true],
    ['safe', 'POST', false],
    ['all', 'POST', true],
    ['none', 'GET', false],
  ] as const)('with abort %j ends a %s: %j', async (abort, method, ends) => {
    for (const to of [servers.hotels, servers.stranger]) {
      const { http, leave } = inbound(abort)
      const arrived = gate()
      const answer = gate()
      to.handler = () => {
        arrived.resolve()
        return answer.promise.then(() => ({ body: 'late' }))
      }
      const call = http(to.url(), { method }).then(
        ({ status }) => status,
        (error: unknown) => error,
      )
      await arrived.promise
      leave()
      if (!ends) answer.resolve()
      expect(await call).toBe(ends ? reason : 200)
      answer.resolve()
    }
  })

  it('leaves a signal alone that is no AbortSignal, such as node-fetch takes', async () => {
    const { fetch, calls } = recording((async () => new Response()) as typeof globalThis.fetch)
    const signal = new EventTarget() as AbortSignal
    await inbound('safe', fetch).http(servers.stranger.url(), { signal })
    expect(calls[0]?.[1]?.signal).toBe(signal)
  })

  it('joins the caller’s own signal, of the init and of a Request', async () => {
    for (const ender of ['inbound', 'own'] as const) {
      const { http, leave } = inbound('safe')
      const { signal, abort } = controllable()
      servers.stranger.handler = () => new Promise(() => {})
      const calls = [
        http(servers.stranger.url(), { signal }),
        http(new Request(servers.stranger.url(), { signal, headers: { 'x-mine': 'yes' } })),
      ]
      const outcomes = Promise.allSettled(calls)
      if (ender === 'own') abort()
      else leave()
      expect(await outcomes).toEqual(Array(2).fill({ status: 'rejected', reason }))
    }
  })
})

function controllable() {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort(reason) }
}
