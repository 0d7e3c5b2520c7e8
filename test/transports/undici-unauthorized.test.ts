import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { Readable } from 'node:stream'
import { authInterceptor } from 'orgid-bearer/undici'
import type { Dispatcher } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { did, gate, settle } from '../support.js'
import { authFor, rejection, seen, statuses, useWorld, versions } from './undici-versions.js'

const world = useWorld()
const unhandled: unknown[] = []
const note = (reason: unknown) => unhandled.push(reason)
process.on('unhandledRejection', note)
const open: { destroy(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((agent) => agent.destroy()))
  await settle()
  expect(unhandled).toEqual([])
})

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('an abort', () => {
  type Below = Record<
    'onConnect' | 'onHeaders' | 'onData' | 'onComplete' | 'onError',
    (...all: unknown[]) => unknown
  >

  /** A dispatch in hand: what was sent, what the caller's handler was told, and its abort. */
  function inHand(
    wait?: NonNullable<Parameters<typeof authFor>[1]>['wait'],
    send: () => boolean = () => true,
  ) {
    const { auth } = authFor(world, wait && { wait })
    const sent: Below[] = []
    const told: unknown[] = []
    const stop = gate<(reason?: Error) => void>()
    const handler = {
      onConnect: stop.resolve,
      onHeaders: (status: number) => told.push(status) > 0,
      onData: () => told.push('data') > 0,
      onComplete: () => told.push('end'),
      onError: (error: Error) => told.push(error),
    }
    const dispatch = authInterceptor(auth)((_, below) => {
      sent.push(below as never)
      return send()
    })
    dispatch({ origin: world.hotels.origin, path: '/', method: 'GET' }, handler as never)
    return { sent, told, abort: async (given?: Error) => (await stop.promise)(given) }
  }
  const ignore = () => {}
  const reason = new Error('enough')

  it('while a refused response comes to its end keeps the request from being repeated', async () => {
    const { sent, told, abort } = inHand()
    sent[0]?.onConnect(ignore)
    sent[0]?.onHeaders(401, [], ignore)
    await abort(reason)
    sent[0]?.onComplete([])
    await settle()
    expect(sent).toHaveLength(1)
    expect(told).toEqual([reason])
  })

  it('is made of a refused request that begins again by itself', () => {
    const { sent, told } = inHand()
    const aborts: unknown[] = []
    sent[0]?.onConnect(ignore)
    sent[0]?.onHeaders(401, [], ignore)
    sent[0]?.onConnect((given: unknown) => aborts.push(given))
    sent[0]?.onHeaders(200, [], ignore)
    expect(aborts).toHaveLength(1)
    expect(told).toEqual([])
  })

  it('before another token could not be had is the last that is told', async () => {
    const down = gate()
    const { sent, told, abort } = inHand({ from: 1, until: down.promise })
    const aborts: unknown[] = []
    sent[0]?.onConnect((given: unknown) => aborts.push(given))
    expect(sent[0]?.onHeaders(401, [], ignore)).toBe(false)
    await abort(reason)
    down.reject(new Error('the key service is down'))
    await settle()
    sent[0]?.onData(Buffer.from('x'))
    sent[0]?.onError(new Error('closed'))
    expect(told).toEqual([reason])
    expect(aborts[0]).toBe(reason)
  })

  it('after the end does nothing', async () => {
    const { sent, told, abort } = inHand()
    sent[0]?.onConnect(ignore)
    sent[0]?.onHeaders(200, [], ignore)
    sent[0]?.onComplete([])
    await abort(reason)
    expect(told).toEqual([200, 'end'])
  })

  it('before the first token could not be had is told once', async () => {
    const down = gate()
    const { sent, told, abort } = inHand({ from: 0, until: down.promise })
    await abort(reason)
    down.reject(new Error('the key service is down'))
    await settle()
    expect(sent).toHaveLength(0)
    expect(told).toEqual([reason])
  })

  it('without a reason is reported as undici does', async () => {
    const { told, abort } = inHand({ from: 0, until: new Promise(() => {}) })
    await abort()
    expect(told).toEqual([expect.objectContaining({ name: 'AbortError', code: 'UND_ERR_ABORTED' })])
  })

  it('is not needed where the repetition cannot be sent: that is reported', async () => {
    const closed = new Error('closed')
    let sends = 0
    const { sent, told } = inHand(undefined, () => {
      sends += 1
      if (sends > 1) throw closed
      return true
    })
    sent[0]?.onConnect(ignore)
    sent[0]?.onHeaders(401, [], ignore)
    await settle()
    expect(told).toEqual([closed])
  })

  it('while the first token is waited for sends nothing when that comes', async () => {
    const signature = gate()
    const { sent, told, abort } = inHand({ from: 0, until: signature.promise })
    await abort(reason)
    signature.resolve()
    await settle()
    expect(sent).toHaveLength(0)
    expect(told).toEqual([reason])
  })
})

describe('a 401 that is handed over late', () => {
  const failing = () => {
    const until = Promise.reject(new Error('the key service is down'))
    until.catch(() => {})
    return { wait: { from: 1, until } }
  }
  const options = () => ({ origin: world.hotels.origin, path: '/', method: 'GET' }) as const

  it.each([true, false])('flows again if the handler says %s', async (flows) => {
    let below: Record<'onConnect' | 'onHeaders', (...all: unknown[]) => unknown> | undefined
    let resumed = 0
    const dispatch = authInterceptor(authFor(world, failing()).auth)((_, handler) => {
      below = handler as never
      return true
    })
    dispatch(options(), { onConnect() {}, onHeaders: () => flows } as never)
    below?.onConnect(() => {})
    expect(below?.onHeaders(401, [], () => (resumed += 1))).toBe(false)
    await settle()
    expect(resumed).toBe(flows ? 1 : 0)
  })

  it.each([true, false])('flows again unless the handler pauses: %s', async (pauses) => {
    let below: Dispatcher.DispatchHandler | undefined
    const calls: string[] = []
    const controller = {
      pause: () => calls.push('pause'),
      resume: () => calls.push('resume'),
    } as unknown as Dispatcher.DispatchController
    const dispatch = authInterceptor(authFor(world, failing()).auth)((_, handler) => {
      below = handler
      return true
    })
    dispatch(options(), {
      onRequestStart() {},
      onResponseStart: (given) => {
        expect(given.paused).toBe(false)
        if (pauses) given.pause()
        expect(given.paused).toBe(pauses)
      },
    })
    below?.onRequestStart?.(controller, null)
    below?.onResponseStart?.(controller, 401, {})
    expect(calls).toEqual(['pause'])
    await settle()
    expect(calls).toEqual(['pause', pauses ? 'pause' : 'resume'])
  })
})

describe.each(versions)('a 401 with undici %i', (version, undici) => {
  const { interceptors } = undici

  function composed(
    setUp?: Parameters<typeof authFor>[1],
    below: readonly Dispatcher.DispatcherComposeInterceptor[] = [],
    options: ConstructorParameters<typeof undici.Agent>[0] = {},
  ) {
    const { auth, signed } = authFor(world, setUp)
    const agent = new undici.Agent(options)
    open.push(agent)
    const dispatcher = agent.compose(...below, authInterceptor(auth))
    const call = (url: string, more: object = {}) =>
      undici.request(url, { dispatcher, ...more } as never)
    return { auth, signed, call, dispatcher }
  }
  const redirect = interceptors.redirect({ maxRedirections: 3 })

  it('is followed by the same request with another token, which is used from then on', async () => {
    const { call, signed } = composed()
    world.hotels.answer({ status: 401 })
    const { statusCode, body } = await call(world.hotels.url('/x'))
    expect([statusCode, await body.json()]).toEqual([200, { ok: true }])
    await call(world.hotels.url('/y'))
    expect(statuses(world.hotels)).toEqual([401, 200, 200])
    const [first, second, third] = world.hotels.requests.map(({ token }) => token)
    expect(second).not.toBe(first)
    expect(third).toBe(second)
    expect(signed.count).toBe(2)
  })

  it('is followed by the same request when the other token must be waited for', async () => {
    const signature = gate()
    const { call } = composed({ wait: { from: 1, until: signature.promise } })
    world.hotels.answer({ status: 401 })
    const answer = call(world.hotels.url('/'), { method: 'POST', body: 'x' })
    await seen(world.hotels, 1)
    await settle()
    signature.resolve()
    expect(await (await answer).body.json()).toEqual({ ok: true })
    expect(world.hotels.requests.map(({ text }) => text)).toEqual(['x', 'x'])
  })

  it.each([
    ['text', 'x'],
    ['bytes', Buffer.from('x')],
  ])('to a body of %s is followed by the same body', async (_, body) => {
    const { call } = composed()
    world.hotels.answer({ status: 401 })
    expect((await call(world.hotels.url('/'), { method: 'POST', body })).statusCode).toBe(200)
    expect(world.hotels.requests.map(({ text }) => text)).toEqual(['x', 'x'])
  })

  it.each([
    ['a stream', () => Readable.from(['x'])],
    ['an iterable', () => [Buffer.from('x')][Symbol.iterator]()],
    ['an async iterable', () => Readable.from(['x']).iterator()],
  ])(
    'to a body of %s is handed over, and only the next call has another token',
    async (_, body) => {
      const { call } = composed()
      world.hotels.answer({ status: 401 })
      const { statusCode, body: answer } = await call(world.hotels.url('/'), {
        method: 'POST',
        body: body(),
      })
      expect([statusCode, await answer.json()]).toMatchObject([401, { error: 'invalid_token' }])
      await call(world.hotels.url('/'))
      expect(world.hotels.requests.map(({ text }) => text)).toEqual(['x', ''])
      expect(world.hotels.tokens).toHaveLength(2)
    },
  )

  it('again is handed over, with its headers and its body', async () => {
    const { call } = composed()
    const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
    world.hotels.answer({ status: 401, times: 9, headers, body: { why: 'not today' } })
    const answer = await call(world.hotels.url('/'))
    expect(answer.statusCode).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"')
    expect(await answer.body.json()).toEqual({ why: 'not today' })
    expect(world.hotels.requests).toHaveLength(2)
    // The second one told that another token does not help: the next call is not repeated at all
    await call(world.hotels.url('/'))
    expect(world.hotels.requests).toHaveLength(3)
  })

  it('is not answered where the partner has retryUnauthorized: false', async () => {
    const { call } = composed({ partner: { retryUnauthorized: false } })
    world.hotels.answer({ status: 401 })
    expect((await call(world.hotels.url('/'))).statusCode).toBe(401)
    expect((await call(world.hotels.url('/'))).statusCode).toBe(200)
    expect(world.hotels.tokens).toHaveLength(2)
  })

  it('to a request without a token of ours is none of our business', async () => {
    const { call, signed } = composed()
    world.hotels.answer({ status: 401, times: 2 })
    world.stranger.answer({ status: 401 })
    await call(world.hotels.url('/'), { headers: { authorization: 'Basic own' } })
    await call(world.hotels.url('/'), { orgid: { skip: true } })
    await call(world.stranger.url('/'))
    expect([world.hotels.requests.length, world.stranger.requests.length]).toEqual([2, 1])
    expect(signed.count).toBe(0)
  })

  it('teaches the partner’s clock', async () => {
    const { call, auth } = composed()
    world.hotels.clockSkew = 7_200
    expect((await call(world.hotels.url('/'))).statusCode).toBe(200)
    expect(statuses(world.hotels)).toEqual([401, 200])
    expect(auth.status().partners[0]?.clockOffset).toBeGreaterThan(7_190)
  })

  it('keeps the options of the call and those around it, whoever opened the connection', async () => {
    const { call, auth } = composed({}, [], { connections: 1 })
    const url = world.hotels.url('/')
    const inside = (tenant: string) =>
      auth.run({ partner: 'hotels', claims: { tenant } }, async () => {
        await (await call(url, { orgid: { scope: ['read'] } })).body.dump()
      })
    await inside('one')
    world.hotels.answer({ status: 401 })
    await inside('two')
    world.hotels.answer({ status: 401 })
    await call(url)
    expect(statuses(world.hotels)).toEqual([200, 401, 200, 401, 200])
    expect(world.hotels.requests.map(({ claims }) => claims?.tenant)).toEqual([
      'one',
      'two',
      'two',
      undefined,
      undefined,
    ])
    expect(world.hotels.requests.map(({ claims }) => claims?.scope)).toEqual([
      '["read"]',
      '["read"]',
      '["read"]',
      undefined,
      undefined,
    ])
  })

  it('that comes out of a cache teaches no clock', async () => {
    const { call, auth } = composed()
    world.hotels.clockSkew = 7_200
    world.hotels.answer({ status: 401, headers: { age: '7' }, times: 2 })
    await call(world.hotels.url('/'))
    expect(auth.status().partners[0]?.clockOffset).toBe(0)
  })

  it('to fifty requests at once costs one mint, and each is made once more', async () => {
    const { call, signed } = composed({ wait: { from: 1, until: settle() } })
    await call(world.hotels.url('/'))
    const [old] = world.hotels.tokens
    world.hotels.handler = ({ token }) => ({ status: token === old ? 401 : 200 })
    const all = await Promise.all(Array.from({ length: 50 }, () => call(world.hotels.url('/'))))
    expect(all.map(({ statusCode }) => statusCode)).toEqual(Array(50).fill(200))
    expect(signed.count).toBe(2)
    expect(world.hotels.requests).toHaveLength(101)
  })

  it('is handed over whole when no other token can be had', async () => {
    const down = Promise.reject(new Error('the key service is down'))
    down.catch(() => {})
    const { call } = composed({ wait: { from: 1, until: down } })
    const body = Buffer.alloc(500_000, 'x')
    for (const method of ['GET', 'POST']) {
      world.hotels.answer({ status: 401, body })
      const answer = await call(world.hotels.url('/'), { method })
      expect(answer.statusCode).toBe(401)
      expect(Buffer.from(await answer.body.arrayBuffer()).equals(body)).toBe(true)
    }
  })

  it('is handed over to a slow reader at its pace, when no other token can be had', async () => {
    const failing = gate()
    const { call } = composed({ wait: { from: 1, until: failing.promise } })
    world.hotels.answer({ status: 401, body: Buffer.alloc(3_000_000, 'x') })
    const pending = call(world.hotels.url('/'), { highWaterMark: 100 })
    await seen(world.hotels, 1)
    await settle()
    failing.reject(new Error('the key service is down'))
    const { statusCode, body } = await pending
    expect(statusCode).toBe(401)
    let size = 0
    for await (const chunk of body) {
      size += chunk.length
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(size).toBe(3_000_000)
  })

  it('to HEAD is followed by another HEAD, waited for or not', async () => {
    for (const wait of [undefined, { from: 1, until: Promise.resolve() }]) {
      const { call } = composed(wait && { wait })
      world.hotels.answer({ status: 401 })
      expect((await call(world.hotels.url('/'), { method: 'HEAD' })).statusCode).toBe(200)
    }
    expect(world.hotels.requests.map(({ method }) => method)).toEqual(Array(4).fill('HEAD'))
  })

  it.each([
    ['at hand', {}],
    ['waited for', { wait: { from: 1, until: Promise.resolve() } }],
  ])('with a short body gives its socket back for another token %s', async (_, setUp) => {
    let connections = 0
    let requests = 0
    const server = createHttpServer((_, response) => {
      requests += 1
      response.writeHead(requests === 1 ? 401 : 200).end('short')
    })
    server.on('connection', () => {
      connections += 1
    })
    const origin = await listening(server)
    const { call } = composed({ ...setUp, partner: { origin } })
    expect((await call(`${origin}/`)).statusCode).toBe(200)
    expect([connections, requests]).toEqual([1, 2])
    server.close()
  })

  it('with a body that never ends has its socket given up', async () => {
    const sockets: string[] = []
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => {
        sockets.push('open')
        socket.once('close', () => sockets.push('closed'))
        socket.write(
          sockets.length === 1
            ? 'HTTP/1.1 401 Unauthorized\r\ncontent-length: 99\r\n\r\nand then nothing'
            : 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok',
        )
      })
    })
    const origin = await listening(server)
    const { call } = composed({ partner: { origin } }, [], { connections: 1 })
    const { statusCode, body } = await call(`${origin}/`)
    expect([statusCode, await body.text()]).toEqual([200, 'ok'])
    while (sockets.length < 4) await new Promise((resolve) => setImmediate(resolve))
    expect(sockets.filter((event) => event === 'closed')).toHaveLength(2)
    server.close()
  })

  it.each(['the other token', 'the second answer'])(
    'leaves a caller free to abort while %s is waited for',
    async (waited) => {
      const isMint = waited === 'the other token'
      const until = isMint ? new Promise<void>(() => {}) : Promise.resolve()
      const { call } = composed({ wait: { from: 1, until } })
      const stop = new AbortController()
      const reason = new Error('enough')
      world.hotels.answer({ status: 401 })
      const answer = call(world.hotels.url('/'), { signal: stop.signal })
      answer.catch(() => {})
      await seen(world.hotels, 1)
      world.hotels.delay(Number.POSITIVE_INFINITY)
      if (!isMint) await seen(world.hotels, 2)
      await settle()
      stop.abort(reason)
      expect(await rejection(answer)).toBe(reason)
      expect(world.hotels.requests).toHaveLength(isMint ? 1 : 2)
    },
  )

  it('whose repetition fails, fails the request', async () => {
    const signature = gate()
    const { call } = composed({ wait: { from: 1, until: signature.promise } })
    world.hotels.answer({ status: 401 })
    const answer = call(world.hotels.url('/'))
    answer.catch(() => {})
    await seen(world.hotels, 1)
    await settle()
    await world.hotels.close()
    signature.resolve()
    expect(await rejection(answer)).toMatch(/^(?:ECONNREFUSED|ECONNRESET|UND_ERR_SOCKET)$/)
  })

  it('starts the handler once, with a controller that outlives the first attempt', async () => {
    const { dispatcher } = composed()
    const events: unknown[] = []
    const ended = gate()
    const end = (event: unknown) => {
      events.push(event)
      ended.resolve()
    }
    const reason = new Error('enough')
    let abort = (_: Error) => {}
    // undici 8 knows no other handlers, and 6 none such
    const legacy = {
      onConnect: (given: typeof abort) => {
        abort = given
        events.push('start')
      },
      onHeaders: (status: number) => {
        events.push(status)
        abort(reason)
        return true
      },
      onData: () => true,
      onComplete: () => end('end'),
      onError: end,
    }
    const current: Dispatcher.DispatchHandler = {
      onRequestStart: (controller) => {
        abort = (why) => controller.abort(why)
        events.push('start')
      },
      onResponseStart: (controller, status) => {
        events.push(status)
        abort(reason)
        expect([controller.aborted, controller.reason]).toEqual([true, reason])
      },
      onResponseData: () => {},
      onResponseEnd: () => end('end'),
      onResponseError: (_, error) => end(error),
    }
    world.hotels.answer({ status: 401 })
    const handler = (version === 6 ? legacy : current) as never
    dispatcher.dispatch({ origin: world.hotels.origin, path: '/', method: 'GET' }, handler)
    await ended.promise
    await settle()
    expect(events).toEqual(['start', 200, reason])
  })

  it('handed over late reports to the handler what it throws itself', async () => {
    const down = Promise.reject(new Error('the key service is down'))
    down.catch(() => {})
    const { dispatcher } = composed({ wait: { from: 1, until: down } })
    const thrown = new Error('of the handler')
    const fail = () => {
      throw thrown
    }
    const legacy = { onConnect() {}, onHeaders: fail, onData: () => true, onComplete() {} }
    const current = { onRequestStart() {}, onResponseStart: fail }
    const rest = { onResponseData() {}, onResponseEnd() {} }
    const handler = version === 6 ? legacy : { ...current, ...rest }
    for (const body of ['short', Buffer.alloc(1_000_000)]) {
      const told = gate<unknown>()
      world.hotels.answer({ status: 401, body })
      dispatcher.dispatch({ origin: world.hotels.origin, path: '/', method: 'GET' }, {
        ...handler,
        onError: told.resolve,
        onResponseError: (_: unknown, error: unknown) => told.resolve(error),
      } as never)
      expect(await told.promise).toBe(thrown)
    }
  })

  describe('after a redirect below', () => {
    it('within the partner is followed by the whole request, if that is safe', async () => {
      const { call } = composed({}, [redirect])
      world.hotels.redirect({ to: '/there', status: 307, times: 9, path: '/here' })
      world.hotels.answer({ status: 401, path: '/there' })
      expect((await call(world.hotels.url('/here'))).statusCode).toBe(200)
      expect(world.hotels.requests.map(({ url, status }) => [url, status])).toEqual([
        ['/here', 307],
        ['/there', 401],
        ['/here', 307],
        ['/there', 200],
      ])
      world.hotels.answer({ status: 401, path: '/there' })
      const post = await call(world.hotels.url('/here'), { method: 'POST', body: 'x' })
      expect(post.statusCode).toBe(401)
      expect(world.hotels.requests).toHaveLength(6)
    })

    it.each(['stranger', 'air'] as const)(
      'from %s is handed over, and teaches nothing',
      async (at) => {
        const { call, auth, signed } = composed({}, [redirect])
        world.hotels.redirect({ to: world[at].url('/there') })
        world[at].clockSkew = 7_200
        world[at].answer({ status: 401 })
        expect((await call(world.hotels.url('/here'))).statusCode).toBe(401)
        expect([world.hotels.requests.length, world[at].requests.length]).toEqual([1, 1])
        expect(auth.status().partners.map(({ clockOffset }) => clockOffset)).toEqual([0, 0])
        expect(signed.count).toBe(1)
      },
    )

    it('from another partner at the same origin is handed over, and teaches nothing', async () => {
      const at = { origin: world.hotels.origin, allowLoopbackHttp: true }
      const partners = [
        { ...at, name: 'hotels', did: did('b'), pathPrefix: '/v2' },
        { ...at, name: 'air', did: did('c'), pathPrefix: '/v3' },
      ]
      const { call, auth, signed } = composed({ options: { partners } }, [redirect])
      world.hotels.clockSkew = 7_200
      world.hotels.redirect({ to: '/v3' })
      expect((await call(world.hotels.url('/v2'))).statusCode).toBe(401)
      expect([world.hotels.requests.length, signed.count]).toEqual([2, 1])
      expect(auth.status().partners.map(({ clockOffset }) => clockOffset)).toEqual([0, 0])
    })

    it('that led away and back again, to no token, is handed over', async () => {
      const { call, signed } = composed({}, [redirect])
      world.hotels.redirect({ to: world.stranger.url('/b') })
      world.stranger.redirect({ to: world.hotels.url('/c') })
      expect((await call(world.hotels.url('/a'))).statusCode).toBe(401)
      expect([world.hotels.requests.length, signed.count]).toEqual([2, 1])
    })
  })

  it('on a hop of a redirect above is followed by that hop alone', async () => {
    const { auth } = authFor(world)
    const agent = new undici.Agent()
    open.push(agent)
    const dispatcher = agent.compose(authInterceptor(auth), redirect)
    world.hotels.redirect({ to: world.air.url('/there') })
    world.air.answer({ status: 401 })
    const { statusCode } = await undici.request(world.hotels.url('/here'), { dispatcher })
    expect(statusCode).toBe(200)
    expect([statuses(world.hotels), statuses(world.air)]).toEqual([[302], [401, 200]])
    expect(world.air.requests.map(({ claims }) => claims?.aud)).toEqual([did('c'), did('c')])
  })

  it('goes along with retry, in either order', async () => {
    const { auth } = authFor(world)
    const retry = interceptors.retry({ minTimeout: 1, timeoutFactor: 1 })
    for (const order of [
      [authInterceptor(auth), retry],
      [retry, authInterceptor(auth)],
    ]) {
      const agent = new undici.Agent()
      open.push(agent)
      world.hotels.answer({ status: 503 })
      world.hotels.answer({ status: 401 })
      world.hotels.answer({ status: 503 })
      const dispatcher = agent.compose(...order)
      const { statusCode, body } = await undici.request(world.hotels.url('/'), { dispatcher })
      expect([statusCode, await body.json()]).toEqual([200, { ok: true }])
    }
    expect(statuses(world.hotels)).toEqual([503, 401, 503, 200, 503, 401, 503, 200])
  })

  it('of a MockAgent, which does not pause, is handed over whole', async () => {
    const down = Promise.reject(new Error('the key service is down'))
    down.catch(() => {})
    const { auth } = authFor(world, { wait: { from: 1, until: down } })
    const mock = new undici.MockAgent()
    mock.get(world.hotels.origin).intercept({ path: '/' }).reply(401, 'all of it')
    const dispatcher = mock.compose(authInterceptor(auth))
    const { statusCode, body } = await undici.request(world.hotels.url('/'), { dispatcher })
    expect([statusCode, await body.text()]).toEqual([401, 'all of it'])
    await mock.close()
  })

  it('of a MockAgent is followed by another of its answers', async () => {
    const { auth } = authFor(world, { wait: { from: 1, until: Promise.resolve() } })
    const mock = new undici.MockAgent()
    mock.disableNetConnect()
    const pool = mock.get(world.hotels.origin)
    pool.intercept({ path: '/' }).reply(401, 'no')
    pool.intercept({ path: '/' }).reply(200, 'yes')
    const dispatcher = mock.compose(authInterceptor(auth))
    const { body } = await undici.request(world.hotels.url('/'), { dispatcher })
    expect(await body.text()).toBe('yes')
    await mock.close()
  })
})
