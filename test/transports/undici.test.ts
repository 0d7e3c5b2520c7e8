import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { gunzipSync, gzipSync } from 'node:zlib'
import { authInterceptor } from 'orgid-bearer/undici'
import type { Dispatcher } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { did, gate, settle } from '../support.js'
import { certificate, certificateKey } from '../testing/certificate.js'
import {
  audiences,
  authFor,
  rejection,
  seen,
  type Undici,
  useWorld,
  versions,
} from './undici-versions.js'

const world = useWorld()
const unhandled: unknown[] = []
const note = (reason: unknown) => unhandled.push(reason)
process.on('unhandledRejection', note)
afterEach(async () => {
  await settle()
  expect(unhandled).toEqual([])
})

/** A dispatch that only notes what comes, and the interceptor over it. */
function recording(auth = authFor(world).auth) {
  const dispatched: Dispatcher.DispatchOptions[] = []
  const dispatch = authInterceptor(auth)((options) => {
    dispatched.push(options)
    return true
  })
  return { dispatch, dispatched }
}

const handler = { onRequestStart() {}, onResponseError() {} }

describe('authInterceptor', () => {
  it('is a named function', () => {
    expect(authInterceptor(authFor(world).auth).name).toBe('orgidAuth')
  })

  it('refuses what createOrgidAuth did not make', () => {
    expect(() => authInterceptor({} as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
    )
  })

  it('passes a request to a stranger on as the very object it was', () => {
    const { dispatch, dispatched } = recording()
    const options = { origin: world.stranger.origin, path: '/', method: 'GET' } as const
    dispatch(options, handler)
    expect(dispatched[0]).toBe(options)
  })

  it('changes neither the options of a request nor their headers', () => {
    const { dispatch, dispatched } = recording()
    for (const headers of [{ a: '1' }, ['a', '1'], [['a', '1']], null] as never[]) {
      const options = Object.freeze({
        origin: world.hotels.origin,
        path: '/',
        method: 'GET',
        headers: Object.freeze(headers),
      } as const)
      dispatch(options, handler)
      expect(dispatched.at(-1)).not.toBe(options)
      expect(JSON.stringify(dispatched.at(-1)?.headers)).toMatch(/Bearer ey/)
    }
  })

  it.each([
    ['a record', { Authorization: 'Basic own' }],
    ['a record in capitals', { AUTHORIZATION: 'Basic own' }],
    ['a flat list', ['accept', '*/*', 'authorization', 'Basic own']],
    ['a list of bytes', [Buffer.from('Authorization'), Buffer.from('Basic own')]],
    [
      'a list of pairs',
      [
        ['accept', '*/*'],
        ['Authorization', 'Basic own'],
      ],
    ],
    ['a record with an empty one', { authorization: '' }],
  ])('leaves the caller’s own Authorization alone in %s', (_, headers) => {
    const { dispatch, dispatched } = recording()
    const options = { origin: world.hotels.origin, path: '/', method: 'GET', headers } as never
    dispatch(options, handler)
    expect(dispatched[0]).toBe(options)
  })

  it('takes a header of undefined for none, as undici does', () => {
    const { dispatch, dispatched } = recording()
    const headers = { Authorization: undefined }
    dispatch({ origin: world.hotels.origin, path: '/', method: 'GET', headers }, handler)
    expect(dispatched[0]?.headers).toHaveProperty('authorization')
  })

  it('sends nothing to an authority or an absolute URL in the place of a path', () => {
    const { dispatch, dispatched } = recording()
    const { origin, host } = new URL(world.hotels.origin)
    for (const path of [host, world.hotels.url('/'), `@${host}/`, '.evil.example/', '']) {
      dispatch({ origin, path, method: 'CONNECT' }, handler)
    }
    dispatch(
      { origin: 'http://stranger.example', path: world.hotels.url('/'), method: 'GET' },
      handler,
    )
    expect(dispatched.map(({ headers }) => headers)).toEqual(Array(6).fill(undefined))
  })

  it('knows an origin given as a URL, in capitals or with a slash', () => {
    const { dispatch, dispatched } = recording(
      authFor(world, { partner: { pathPrefix: '/v2' } }).auth,
    )
    const { origin } = world.hotels
    for (const form of [origin, new URL(origin), `${origin}/`, origin.toUpperCase()]) {
      dispatch({ origin: form, path: '/v2/x', method: 'GET' }, handler)
      dispatch({ origin: form, path: '/v20', method: 'GET' }, handler)
    }
    expect(dispatched.map(({ headers }) => headers !== undefined)).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
      true,
      false,
    ])
  })

  it('sends nothing to look-alikes of a partner’s origin', () => {
    const { dispatch, dispatched } = recording()
    const { host, port } = new URL(world.hotels.origin)
    const origins = [
      `https://${host}`,
      `http://user@${host}`,
      `http://127.0.0.1.:${port}x`,
      `http://${host}.evil.example`,
      `http://evil.example?@${host}`,
      `http://evil.example#@${host}`,
      'null',
    ]
    for (const origin of origins) dispatch({ origin, path: '/', method: 'GET' }, handler)
    expect(dispatched.map(({ headers }) => headers)).toEqual(origins.map(() => undefined))
  })

  it('takes options by own properties alone', () => {
    const { dispatch, dispatched } = recording()
    const options = Object.create({ orgid: { skip: true } }) as Dispatcher.DispatchOptions
    Object.assign(options, { origin: world.hotels.origin, path: '/', method: 'GET' })
    dispatch(options, handler)
    expect(dispatched[0]?.headers).toHaveProperty('authorization')
  })

  it('sends nothing any more once a request has named no origin: then it is a Client’s', () => {
    const { dispatch, dispatched } = recording()
    const partners = { origin: world.hotels.origin, path: '/', method: 'GET' } as const
    dispatch(partners, handler)
    dispatch({ path: '/', method: 'GET' }, handler)
    dispatch(partners, handler)
    expect(dispatched.map(({ headers }) => headers !== undefined)).toEqual([true, false, false])
  })
})

describe('what a handler does early,', () => {
  it('such as a pause, reaches a request that is sent later', async () => {
    let below: Dispatcher.DispatchHandler | undefined
    const { auth } = authFor(world, { wait: { from: 0, until: Promise.resolve() } })
    const dispatch = authInterceptor(auth)((_, handler) => {
      below = handler
      return true
    })
    dispatch(
      { origin: world.hotels.origin, path: '/', method: 'GET' },
      { onRequestStart: (controller) => controller.pause() },
    )
    await settle()
    let paused = 0
    const pause = () => {
      paused += 1
    }
    below?.onRequestStart?.({ pause } as Dispatcher.DispatchController, null)
    expect(paused).toBe(1)
  })

  it('such as an abort between two hops of a redirect below, ends the second as soon as it starts', () => {
    type Handler = { onConnect(abort: (reason?: Error) => void): void }
    const { auth } = authFor(world)
    let below: Handler | undefined
    const dispatch = authInterceptor(auth)((_, handler) => {
      below = handler as unknown as Handler
      return true
    })
    let abort: (reason?: Error) => void = () => {}
    let starts = 0
    const legacy = {
      onConnect(given: typeof abort) {
        abort = given
        starts += 1
      },
    }
    dispatch({ origin: world.hotels.origin, path: '/', method: 'GET' }, legacy as never)
    const aborts: unknown[] = []
    below?.onConnect((reason) => aborts.push(['first', reason]))
    const reason = new Error('enough')
    abort(reason)
    below?.onConnect((given) => aborts.push(['second', given]))
    expect(aborts).toEqual([
      ['first', reason],
      ['second', reason],
    ])
    expect(starts).toBe(1)
  })
})

/** undici 6 has none. */
function decompress({ interceptors }: Undici): Dispatcher.DispatcherComposeInterceptor[] {
  return interceptors.decompress ? [interceptors.decompress()] : []
}

describe.each(versions)('with undici %i, authInterceptor', (version, undici) => {
  const { Agent, request, stream, pipeline, interceptors } = undici
  const open: { destroy(): Promise<void> }[] = []
  afterEach(() => Promise.all(open.splice(0).map((agent) => agent.destroy())))

  function composed(
    setUp?: Parameters<typeof authFor>[1],
    ...more: Dispatcher.DispatcherComposeInterceptor[]
  ) {
    const { auth, signed } = authFor(world, setUp)
    const agent = new Agent()
    open.push(agent)
    return { auth, signed, agent, dispatcher: agent.compose(authInterceptor(auth), ...more) }
  }

  it('gives a partner’s requests its token, and a stranger’s none', async () => {
    const { dispatcher } = composed()
    const { statusCode, body } = await request(world.hotels.url('/offers'), { dispatcher })
    expect([statusCode, await body.json()]).toEqual([200, { ok: true }])
    await request(world.air.url('/'), { dispatcher })
    await request(world.stranger.url('/'), { dispatcher })
    expect(audiences(world.hotels)).toEqual([did('b')])
    expect(audiences(world.air)).toEqual([did('c')])
    expect(world.stranger.requests[0]?.authorization).toBeUndefined()
    expect([world.hotels.acceptedCount, world.air.acceptedCount]).toEqual([1, 1])
  })

  it.each([
    ['a record', () => ({ 'x-mine': '1' })],
    ['a flat list', () => ['x-mine', '1']],
    ['a Map', () => new Map([['x-mine', '1']])],
    ['a Headers', () => new undici.Headers({ 'x-mine': '1' })],
    ['pairs from an iterator', () => new Map([['x-mine', '1']]).entries()],
  ])('adds to headers given as %s', async (_, headers) => {
    const { dispatcher } = composed()
    await request(world.hotels.url('/'), { dispatcher, headers: headers() as never })
    await request(world.stranger.url('/'), { dispatcher, headers: headers() as never })
    expect(audiences(world.hotels)).toEqual([did('b')])
    for (const server of [world.hotels, world.stranger]) {
      expect(server.requests[0]?.headers['x-mine']).toBe('1')
    }
  })

  it.each([
    ['a record', () => ({ AuThorization: 'Basic own' })],
    ['a Map', () => new Map([['Authorization', 'Basic own']])],
    ['pairs from an iterator', () => new Map([['authorization', 'Basic own']]).entries()],
  ])('lets the caller’s own Authorization win in %s', async (_, headers) => {
    const { dispatcher, signed } = composed()
    await request(world.hotels.url('/'), { dispatcher, headers: headers() as never })
    expect(world.hotels.requests[0]?.authorization).toBe('Basic own')
    expect(signed.count).toBe(0)
  })

  it('takes call options from the request and from around it', async () => {
    const { dispatcher, auth } = composed()
    const read = { dispatcher, orgid: { scope: ['read'] } }
    await request(world.hotels.url('/'), read)
    await auth.run({ partner: 'hotels', scope: ['book'] }, () =>
      request(world.hotels.url('/'), { dispatcher }),
    )
    const skip = { dispatcher, orgid: { skip: true } }
    await request(world.hotels.url('/'), skip)
    expect(world.hotels.requests.map(({ claims }) => claims?.scope)).toEqual([
      '["read"]',
      '["book"]',
      undefined,
    ])
    expect(world.hotels.requests[2]?.authorization).toBeUndefined()
  })

  it('fails a request that must not or cannot have its token, and sends nothing', async () => {
    const { dispatcher } = composed({ options: { strict: true } })
    const url = world.hotels.url('/')
    const mismatch = { dispatcher, orgid: { partner: 'air' } }
    expect(await rejection(request(url, mismatch))).toBe('ERR_PARTNER_MISMATCH')
    const wrong = { dispatcher, orgid: { scope: ['"'] } }
    expect(await rejection(request(url, wrong))).toBe('ERR_INVALID_SCOPE')
    expect(await rejection(request(world.stranger.url('/'), { dispatcher }))).toBe(
      'ERR_UNKNOWN_PARTNER',
    )
    expect(await rejection(undici.fetch(world.stranger.url('/'), { dispatcher }))).toBe(
      'ERR_UNKNOWN_PARTNER',
    )
    expect([world.hotels.requests.length, world.stranger.requests.length]).toEqual([0, 0])
  })

  it('sends a body once, whatever it is', async () => {
    const { dispatcher } = composed()
    const url = world.hotels.url('/')
    for (const body of ['text', Buffer.from('text'), Readable.from(['te', 'xt'])]) {
      await request(url, { dispatcher, method: 'POST', body })
    }
    await undici.fetch(url, { dispatcher, method: 'POST', body: 'text' })
    expect(world.hotels.requests.map((one) => one.text)).toEqual(Array(4).fill('text'))
    expect(world.hotels.acceptedCount).toBe(4)
  })

  it('works for fetch, stream and pipeline, and for upgrades', async () => {
    const { dispatcher } = composed()
    const url = world.hotels.url('/')
    expect(await (await undici.fetch(url, { dispatcher })).json()).toEqual({ ok: true })
    const chunks: string[] = []
    const sink = () =>
      new Writable({
        write(chunk, _encoding, done) {
          chunks.push(String(chunk))
          done()
        },
      })
    await stream(url, { dispatcher, method: 'GET' }, sink)
    const through = pipeline(url, { dispatcher, method: 'POST' }, ({ body }) => body)
    through.end('body')
    expect([...chunks, await text(through)]).toEqual(['{"ok":true}', '{"ok":true}'])
    await rejection(undici.upgrade(url, { dispatcher, protocol: 'x' }))
    expect(audiences(world.hotels)).toEqual(Array(4).fill(did('b')))
  })

  it('lets a request be upgraded', async () => {
    const server = createServer()
    const authorization = gate<string | undefined>()
    server.on('upgrade', ({ headers }, socket) => {
      authorization.resolve(headers.authorization)
      socket.end('HTTP/1.1 101 Upgraded\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nhello')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { dispatcher } = composed({ partner: { origin } })
    const { socket } = await undici.upgrade(`${origin}/`, { dispatcher, protocol: 'x' })
    expect(await text(socket)).toBe('hello')
    expect(await authorization.promise).toMatch(/^Bearer ey/)
    server.close()
  })

  it('tells a handler of what is sent, and when an answer begins, as undici does', async () => {
    const { dispatcher } = composed()
    const bare = new Agent()
    open.push(bare)
    const eventsThrough = async (through: Dispatcher) => {
      const events = new Set<string>()
      const { promise, resolve, reject } = gate()
      const notes = {
        onBodySent: () => events.add('body sent'),
        onRequestSent: () => events.add('request sent'),
        onResponseStarted: () => events.add('started'),
      }
      const legacy = {
        onConnect() {},
        onHeaders: () => true,
        onData: () => true,
        onComplete: () => resolve(),
        onError: reject,
      }
      const current = {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData() {},
        onResponseEnd: () => resolve(),
        onResponseError: (_: unknown, error: unknown) => reject(error),
      }
      through.dispatch({ origin: world.hotels.origin, path: '/', method: 'POST', body: 'x' }, {
        ...notes,
        ...(version === 6 ? legacy : current),
      } as never)
      await promise
      return events
    }
    const events = await eventsThrough(dispatcher)
    expect(events.size).toBeGreaterThan(0)
    expect(events).toEqual(await eventsThrough(bare))
  })

  it('goes along with decompression', async () => {
    const { dispatcher } = composed(undefined, ...decompress(undici))
    world.hotels.answer({ body: gzipSync('plain'), headers: { 'content-encoding': 'gzip' } })
    const { body } = await request(world.hotels.url('/'), { dispatcher })
    const bytes = Buffer.from(await body.arrayBuffer())
    expect(String(version === 6 ? gunzipSync(bytes) : bytes)).toBe('plain')
  })

  it('lets a large answer flow at the reader’s pace', async () => {
    const { dispatcher } = composed()
    world.hotels.answer({ body: Buffer.alloc(3_000_000, 'x') })
    const { body } = await request(world.hotels.url('/'), { dispatcher, highWaterMark: 1_000 })
    await settle()
    let size = 0
    for await (const chunk of body) size += chunk.length
    expect(size).toBe(3_000_000)
  })

  it('lets a request be aborted, before and while it is answered', async () => {
    const { dispatcher } = composed()
    world.hotels.delay(Number.POSITIVE_INFINITY)
    const stop = new AbortController()
    const reason = new Error('enough')
    const call = request(world.hotels.url('/'), { dispatcher, signal: stop.signal })
    await seen(world.hotels, 1)
    stop.abort(reason)
    expect(await rejection(call)).toBe(reason)
    expect(
      await rejection(request(world.hotels.url('/'), { dispatcher, signal: stop.signal })),
    ).toBe(reason)
    expect(world.hotels.requests).toHaveLength(1)
  })

  describe('while a remote signer is at work', () => {
    it('waits, and then sends', async () => {
      const signature = gate()
      const { dispatcher } = composed({ wait: { from: 0, until: signature.promise } })
      const call = request(world.hotels.url('/'), { dispatcher, method: 'POST', body: 'x' })
      await settle()
      expect(world.hotels.requests).toHaveLength(0)
      signature.resolve()
      expect(await (await call).body.json()).toEqual({ ok: true })
      expect(world.hotels.requests.map((one) => one.text)).toEqual(['x'])
      expect(world.hotels.acceptedCount).toBe(1)
    })

    it('lets a caller leave at once, and others go on', async () => {
      const signature = gate()
      const { dispatcher } = composed({ wait: { from: 0, until: signature.promise } })
      const stop = new AbortController()
      const reason = new Error('enough')
      const url = world.hotels.url('/')
      const left = request(url, { dispatcher, signal: stop.signal })
      const fetched = undici.fetch(url, { dispatcher, signal: stop.signal })
      const stayed = request(url, { dispatcher })
      fetched.catch(() => {})
      await settle()
      stop.abort(reason)
      expect(await rejection(left)).toBe(reason)
      expect(await rejection(fetched)).toBe(reason)
      signature.resolve()
      expect((await stayed).statusCode).toBe(200)
      await settle()
      expect(world.hotels.requests).toHaveLength(1)
    })

    it('fails the request when the signer fails', async () => {
      const until = Promise.reject(new Error('the key service is down'))
      until.catch(() => {})
      const { dispatcher } = composed({ wait: { from: 0, until } })
      const url = world.hotels.url('/')
      expect(await rejection(request(url, { dispatcher }))).toBe('ERR_SIGNER_FAILED')
      expect(await rejection(undici.fetch(url, { dispatcher }))).toBe('ERR_SIGNER_FAILED')
      expect(
        await rejection(stream(url, { dispatcher, method: 'GET' }, () => new Writable())),
      ).toBe('ERR_SIGNER_FAILED')
      expect(world.hotels.requests).toHaveLength(0)
    })

    it('sends nothing for a handler that fails when it is started', async () => {
      const signature = gate()
      const { dispatcher } = composed({ wait: { from: 0, until: signature.promise } })
      const fail = () => {
        throw new Error('of the handler')
      }
      const legacy = { onConnect: fail, onHeaders() {}, onData() {}, onComplete() {}, onError() {} }
      const current = { onRequestStart: fail, onResponseError() {} }
      const options = { origin: world.hotels.origin, path: '/', method: 'GET' } as const
      const handler = (version === 6 ? legacy : current) as never
      expect(() => dispatcher.dispatch(options, handler)).toThrow('of the handler')
      signature.resolve()
      await settle()
      expect(world.hotels.requests).toHaveLength(0)
    })

    it('ends the wait with the call’s own signal', async () => {
      const { dispatcher } = composed({ wait: { from: 0, until: new Promise(() => {}) } })
      const stop = new AbortController()
      const options = { dispatcher, orgid: { signal: stop.signal } }
      const call = request(world.hotels.url('/'), options)
      const reason = new Error('enough')
      stop.abort(reason)
      expect(await rejection(call)).toBe(reason)
    })

    it('sends nothing through a dispatcher that is closed by then', async () => {
      const signature = gate()
      const { dispatcher, agent } = composed({ wait: { from: 0, until: signature.promise } })
      const call = request(world.hotels.url('/'), { dispatcher })
      await agent.close()
      signature.resolve()
      expect(await rejection(call)).toMatch(/^UND_ERR_(?:CLOSED|DESTROYED)$/)
    })
  })

  it('starts a handler once, and tells it of an abort once', async () => {
    const { dispatcher } = composed({ wait: { from: 0, until: Promise.resolve() } })
    const events: unknown[] = []
    const ended = gate()
    const end = (name: string) => {
      events.push(name)
      ended.resolve()
    }
    // undici 8 knows no other handlers, and 6 knows none such
    const legacy = {
      onConnect: () => events.push('start'),
      onHeaders: (status: number) => events.push(status) > 0,
      onData: () => true,
      onComplete: () => end('end'),
      onError: () => end('error'),
    }
    const current = {
      onRequestStart: () => events.push('start'),
      onResponseStart: (_: unknown, status: number) => events.push(status),
      onResponseData: () => {},
      onResponseEnd: () => end('end'),
      onResponseError: () => end('error'),
    }
    dispatcher.dispatch(
      { origin: world.hotels.origin, path: '/', method: 'GET' },
      (version === 6 ? legacy : current) as never,
    )
    await ended.promise
    expect(events).toEqual(['start', 200, 'end'])
  })

  it('gives each retry a token, whichever of the two comes first', async () => {
    const quick = { minTimeout: 1, timeoutFactor: 1 }
    const { auth } = authFor(world)
    for (const order of [
      [authInterceptor(auth), interceptors.retry(quick)],
      [interceptors.retry(quick), authInterceptor(auth)],
    ]) {
      const agent = new Agent()
      open.push(agent)
      world.hotels.answer({ status: 503 })
      const { statusCode } = await request(world.hotels.url('/'), {
        dispatcher: agent.compose(...order),
      })
      expect(statusCode).toBe(200)
    }
    expect(world.hotels.requests.map(({ status }) => status)).toEqual([503, 200, 503, 200])
    expect(world.hotels.acceptedCount).toBe(4)
  })

  it('works over a MockAgent', async () => {
    const { auth } = authFor(world)
    const mock = new undici.MockAgent()
    mock.disableNetConnect()
    mock
      .get(world.hotels.origin)
      .intercept({ path: '/', headers: { authorization: /^Bearer ey/ } })
      .reply(200, 'mocked')
    const { body } = await request(world.hotels.url('/'), {
      dispatcher: mock.compose(authInterceptor(auth)),
    })
    expect(await body.text()).toBe('mocked')
    await mock.close()
  })

  it('works over a Client that is told origins, and never gives it another’s token', async () => {
    const { auth } = authFor(world)
    const client = new undici.Client(world.stranger.origin)
    open.push(client)
    const dispatcher = client.compose(
      authInterceptor(auth),
      interceptors.redirect({ maxRedirections: 2 }),
    )
    world.stranger.redirect({ to: world.hotels.url('/there') })
    await dispatcher.request({ path: '/', method: 'GET' })
    expect(world.stranger.requests.map(({ authorization }) => authorization)).toEqual([
      undefined,
      undefined,
    ])
    const own = new undici.Client(world.hotels.origin)
    open.push(own)
    const { origin } = world.hotels
    await own.compose(authInterceptor(auth)).request({ path: '/', method: 'GET', origin })
    if (version >= 8) await own.compose(authInterceptor(auth)).request({ path: '/', method: 'GET' })
    expect(audiences(world.hotels)).toEqual(Array(version >= 8 ? 2 : 1).fill(did('b')))
  })

  it('works with HTTP/2', async () => {
    const server = createSecureServer({ key: certificateKey, cert: certificate, allowHTTP1: false })
    const headers = gate<string | undefined>()
    server.on('stream', (http2, sent) => {
      headers.resolve(sent.authorization)
      http2.respond({ ':status': 200 })
      http2.end('two')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const origin = `https://localhost:${(server.address() as AddressInfo).port}`
    const { auth } = authFor(world, { partner: { origin } })
    const agent = new Agent({ allowH2: true, connect: { ca: certificate } })
    open.push(agent)
    const { body } = await request(`${origin}/`, {
      dispatcher: agent.compose(authInterceptor(auth)),
    })
    expect(await body.text()).toBe('two')
    expect(await headers.promise).toMatch(/^Bearer ey/)
    await agent.destroy()
    server.close()
  })

  it('of two auths gives each partner the token of its own', async () => {
    const hotels = authFor(world, { partners: ['hotels'] })
    const air = authFor(world, { partners: ['air'] })
    const agent = new Agent()
    open.push(agent)
    const dispatcher = agent.compose(authInterceptor(hotels.auth), authInterceptor(air.auth))
    await request(world.hotels.url('/'), { dispatcher })
    await request(world.air.url('/'), { dispatcher })
    expect([...audiences(world.hotels), ...audiences(world.air)]).toEqual([did('b'), did('c')])
  })
})
