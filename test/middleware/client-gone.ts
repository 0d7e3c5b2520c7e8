import { EventEmitter, once } from 'node:events'
import axios, { type AxiosResponse } from 'axios'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { OrgidAuth } from '../../src/index.js'
import type { Outbound, OutboundAuthOptions } from '../../src/middleware/outbound.js'
import {
  attachedAxios,
  authFor,
  closedConnections,
  closeServers,
  type Deferred,
  deferred,
  fetchText,
  type Partner,
  type Serve,
  silentSigner,
  startPartner,
  visit,
} from './loopback.js'

/** One forwarded request: what the handler was given, and what came of the outgoing call. */
interface Call {
  readonly outbound: Deferred<Outbound>
  readonly answer: Deferred<PromiseSettledResult<AxiosResponse<string>>>
}

/** What Koa and Express have in common when a client goes away, on real servers of one of them. */
export function endsWithItsClient(serve: Serve): void {
  let partner: Partner
  let auth: OrgidAuth
  beforeEach(async () => {
    partner = await startPartner()
    auth = authFor(partner.origin)
  })
  afterEach(closeServers)

  /** Serves a handler that passes each request on, and tells of each call what came of it. */
  async function forwarding(abort: OutboundAuthOptions['abort']) {
    const calls = new Map<string, Call>()
    const call = (path: string): Call => {
      const known = calls.get(path) ?? { outbound: deferred(), answer: deferred() }
      calls.set(path, known)
      return known
    }
    const options =
      abort === undefined ? { axios: attachedAxios(auth) } : { axios: attachedAxios(auth), abort }
    const origin = await serve(auth, options, async (outbound, path, method) => {
      call(path).outbound.resolve(outbound)
      const sent = outbound.axios.request<string>({ method, url: partner.origin + path })
      const [answer] = await Promise.allSettled([sent])
      call(path).answer.resolve(answer)
      return answer.status
    })
    return { origin, call }
  }

  /** A client asks, the partner gets the call, the client leaves: what the partner then sees. */
  async function leave(method: string, abort?: OutboundAuthOptions['abort']) {
    const { origin, call } = await forwarding(abort)
    const visitor = visit(`${origin}/x`, method)
    const held = await partner.arrival('/x')
    const { signal } = await call('/x').outbound.promise
    const gone = once(signal, 'abort')
    visitor.destroy()
    await gone
    return { held, answer: call('/x').answer.promise, signal }
  }

  test.each([
    ['GET', undefined],
    ['HEAD', 'safe'],
    ['OPTIONS', 'safe'],
    ['GET', 'all'],
    ['POST', 'all'],
  ] as const)(
    'a %s is aborted at the partner when the client leaves (%s)',
    async (method, abort) => {
      const { held, answer, signal } = await leave(method, abort)
      expect(await held.closed).toBe(false)
      expect((await answer).status).toBe('rejected')
      expect(signal.reason).toMatchObject({ code: 'ERR_CLIENT_GONE' })
    },
  )

  test.each([
    ['POST', undefined],
    ['PUT', 'safe'],
    ['DELETE', 'safe'],
    ['GET', 'none'],
    ['POST', 'none'],
  ] as const)('a %s completes after the client has left (%s)', async (method, abort) => {
    const { held, answer } = await leave(method, abort)
    held.response.end('done')
    expect(await held.closed).toBe(true)
    expect(await answer).toMatchObject({ status: 'fulfilled', value: { data: 'done' } })
  })

  test('a client that leaves ends its own outgoing calls and nobody else’s', async () => {
    const { origin, call } = await forwarding('all')
    const leaver = visit(`${origin}/a`)
    const stayer = fetchText(`${origin}/b`)
    const [a, b] = [await partner.arrival('/a'), await partner.arrival('/b')]
    leaver.destroy()
    expect(await a.closed).toBe(false)
    b.response.end('done')
    expect(await stayer).toBe('fulfilled')
    const [outboundA, outboundB] = [
      await call('/a').outbound.promise,
      await call('/b').outbound.promise,
    ]
    expect(outboundA).not.toBe(outboundB)
    expect([outboundA.signal.aborted, outboundB.signal.aborted]).toEqual([true, false])
  })

  test('a call that starts after the client has left is aborted as well', async () => {
    const [started, outcome] = [deferred<Outbound>(), deferred<unknown>()]
    const origin = await serve(auth, { axios: attachedAxios(auth) }, async (outbound) => {
      started.resolve(outbound)
      await once(outbound.signal, 'abort')
      await outbound.axios.get(`${partner.origin}/now`).then(outcome.resolve, outcome.resolve)
      return 'late'
    })
    const visitor = visit(origin)
    await started.promise
    visitor.destroy()
    expect(axios.isAxiosError(await outcome.promise) || axios.isCancel(await outcome.promise)).toBe(
      true,
    )
    expect(partner.requests).toHaveLength(0)
  })

  test('a client that left before the middleware ran is noticed', async () => {
    const [arrived, left, seen] = [deferred<void>(), deferred<void>(), deferred<Outbound>()]
    const origin = await serve(
      auth,
      undefined,
      async (outbound) => {
        seen.resolve(outbound)
        return 'late'
      },
      async (next) => {
        arrived.resolve()
        await left.promise
        return next()
      },
    )
    const visitor = visit(origin)
    await arrived.promise
    visitor.destroy()
    await closedConnections(origin)
    left.resolve()
    expect((await seen.promise).signal.reason).toMatchObject({ code: 'ERR_CLIENT_GONE' })
  })

  test('any number of calls may listen to the signal', async () => {
    const warnings: Error[] = []
    const note = (warning: Error) => warnings.push(warning)
    process.on('warning', note)
    const origin = await serve(auth, undefined, async ({ signal }) => {
      for (let call = 0; call < 20; call++) signal.addEventListener('abort', () => {})
      return 'done'
    })
    await fetchText(origin)
    process.off('warning', note)
    expect(warnings).toEqual([])
  })

  // Before Node 24 a response counts as finished when its connection breaks: nothing to test there
  const tells = Number(process.versions.node.split('.')[0]) >= 24
  if (tells)
    test('a client that leaves in the middle of its answer is noticed', async () => {
      const seen = deferred<AbortSignal>()
      const origin = await serve(auth, undefined, async ({ signal }) => {
        seen.resolve(signal)
        return 'x'.repeat(2 ** 25) // more than the kernel takes from the server at once
      })
      const visitor = visit(origin)
      const signal = await seen.promise
      const gone = once(signal, 'abort')
      await once(visitor, 'response')
      visitor.destroy()
      await gone
      expect(signal.reason).toMatchObject({ code: 'ERR_CLIENT_GONE' })
    })

  test('the signal stays quiet when the answer was written', async () => {
    const seen = deferred<AbortSignal>()
    const origin = await serve(auth, undefined, async ({ signal }) => {
      seen.resolve(signal)
      return 'done'
    })
    expect(await fetchText(origin)).toBe('done')
    await closedConnections(origin)
    expect((await seen.promise).aborted).toBe(false)
  })

  test.each([
    ['all', 'ERR_CLIENT_GONE'],
    ['safe', undefined],
    ['none', undefined],
  ] as const)(
    'with abort %s, a token asked for from outside the request after the client left gives %s',
    async (abort, code) => {
      const shared = new EventEmitter()
      const started = deferred<Outbound>()
      const origin = await serve(auth, { abort }, async (outbound) => {
        started.resolve(outbound)
        await once(shared, 'end')
        return 'late'
      })
      const visitor = visit(origin)
      const outbound = await started.promise
      const gone = once(outbound.signal, 'abort')
      visitor.destroy()
      await gone
      const [result] = await Promise.allSettled([outbound.token('hotels')])
      const reason: unknown = result.status === 'rejected' ? result.reason : {}
      expect(reason).toEqual(code ? expect.objectContaining({ code }) : {})
      shared.emit('end')
    },
  )

  test('with abort all, waiting for a token ends with the client, or with a signal of the call', async () => {
    const slow = authFor(partner.origin, silentSigner)
    const [waiting, ended] = [deferred<void>(), deferred<unknown[]>()]
    const [explicit, ambient] = [new AbortController(), new AbortController()]
    const origin = await serve(slow, { abort: 'all' }, async ({ token, authorization }) => {
      const calls = [
        token('hotels', { signal: explicit.signal }),
        slow.run({ signal: ambient.signal }, () => token('hotels')),
        slow.run({ partner: 'hotels', signal: ambient.signal }, () => token('hotels')),
        token('hotels'),
        authorization(partner.origin, { signal: new AbortController().signal }),
      ]
      waiting.resolve()
      const results = await Promise.allSettled(calls)
      ended.resolve(results.map((result) => result.status === 'rejected' && result.reason))
      return 'late'
    })
    const visitor = visit(origin)
    await waiting.promise
    const [mine, around] = [new RangeError('mine'), new RangeError('around')]
    explicit.abort(mine)
    ambient.abort(around)
    visitor.destroy()
    const gone = expect.objectContaining({ code: 'ERR_CLIENT_GONE' })
    expect(await ended.promise).toEqual([mine, around, around, gone, gone])
  })
}
