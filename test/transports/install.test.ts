import { execFileSync } from 'node:child_process'
import { request as nodeRequest } from 'node:http'
import { fileURLToPath } from 'node:url'
import axios from 'axios'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { install } from '../../src/transports/install.js'
import { did, gate, settle } from '../support.js'
import {
  audiences,
  authFor,
  rejection,
  seen,
  statuses,
  useWorld,
  versions,
} from './undici-versions.js'

const world = useWorld()
const [, [, undici]] = versions as [unknown, (typeof versions)[number]]
const symbols = [1, 2].map((version) => Symbol.for(`undici.globalDispatcher.${version}`))
const globals = globalThis as unknown as Record<symbol, { dispatch(...all: never[]): boolean }>
const current = () => symbols.map((symbol) => globals[symbol])

const unhandled: unknown[] = []
const note = (reason: unknown) => unhandled.push(reason)
process.on('unhandledRejection', note)

let before: ReturnType<typeof current>
beforeEach(() => {
  new Headers()
  before = current()
})
afterEach(async () => {
  symbols.forEach((symbol, index) => {
    if (before[index] !== undefined) globals[symbol] = before[index]
  })
  await settle()
  expect(unhandled).toEqual([])
})

/** The very same ones. */
function expectGlobals(expected: ReturnType<typeof current>) {
  for (const [index, dispatcher] of current().entries()) expect(dispatcher).toBe(expected[index])
}

/** Puts another dispatcher of Node's own undici in the place of the global one. */
function replace(wrapper: (dispatcher: (typeof globals)[symbol]) => unknown) {
  symbols.forEach((symbol, index) => {
    if (before[index] !== undefined) globals[symbol] = wrapper(globals[symbol] as never) as never
  })
}

function installed(setUp?: Parameters<typeof authFor>[1]) {
  const { auth, signed } = authFor(world, setUp)
  return { auth, signed, uninstall: install(auth) }
}

describe('install', () => {
  it('gives Node’s own fetch the token of each partner, and strangers none', async () => {
    installed()
    expect(await (await fetch(world.hotels.url('/'))).json()).toEqual({ ok: true })
    await fetch(new Request(world.air.url('/'), { method: 'POST', body: 'x' }))
    await fetch(world.stranger.url('/'))
    expect(audiences(world.hotels)).toEqual([did('b')])
    expect(audiences(world.air)).toEqual([did('c')])
    expect(world.air.requests[0]?.text).toBe('x')
    expect(world.stranger.requests[0]?.authorization).toBeUndefined()
    expect([world.hotels.acceptedCount, world.air.acceptedCount]).toEqual([1, 1])
  })

  it.each([301, 302, 303, 307, 308] as const)(
    'decides each hop of a %i redirect by its own URL',
    async (status) => {
      installed()
      world.hotels.redirect({ to: world.stranger.url('/b'), status })
      world.stranger.redirect({ to: world.air.url('/c'), status })
      world.air.redirect({ to: world.hotels.url('/d'), status })
      expect((await fetch(world.hotels.url('/a'))).status).toBe(200)
      expect(audiences(world.hotels)).toEqual([did('b'), did('b')])
      expect(audiences(world.air)).toEqual([did('c')])
      expect(world.stranger.requests.map(({ authorization }) => authorization)).toEqual([undefined])
    },
  )

  it('lets the caller’s own Authorization win', async () => {
    const { signed } = installed()
    await fetch(world.hotels.url('/'), { headers: { Authorization: 'Basic own' } })
    expect(world.hotels.requests[0]?.authorization).toBe('Basic own')
    expect(signed.count).toBe(0)
  })

  it('takes options from around the call', async () => {
    const { auth } = installed()
    const book = { partner: 'hotels', scope: ['book'] }
    await auth.run(book, () => fetch(world.hotels.url('/')))
    await auth.run({ skip: true }, () => fetch(world.hotels.url('/')))
    expect(world.hotels.requests.map(({ claims }) => claims?.scope)).toEqual([
      '["book"]',
      undefined,
    ])
    expect(world.hotels.requests[1]?.authorization).toBeUndefined()
  })

  it('fails a fetch that cannot have its token, and sends nothing', async () => {
    const until = Promise.reject(new Error('the key service is down'))
    until.catch(() => {})
    installed({ wait: { from: 0, until }, options: { strict: true } })
    expect(await rejection(fetch(world.hotels.url('/')))).toBe('ERR_SIGNER_FAILED')
    expect(await rejection(fetch(world.stranger.url('/')))).toBe('ERR_UNKNOWN_PARTNER')
    expect([world.hotels.requests.length, world.stranger.requests.length]).toEqual([0, 0])
  })

  it('lets a fetch be aborted, while it waits for its token and while it is answered', async () => {
    const signature = gate()
    installed({ wait: { from: 0, until: signature.promise } })
    world.hotels.delay(Number.POSITIVE_INFINITY)
    for (const count of [0, 1]) {
      const stop = new AbortController()
      const reason = new Error('enough')
      const call = fetch(world.hotels.url('/'), { signal: stop.signal })
      call.catch(() => {})
      if (count === 0) await settle()
      else await seen(world.hotels, 1)
      stop.abort(reason)
      expect(await rejection(call)).toBe(reason)
      expect(world.hotels.requests).toHaveLength(count)
      signature.resolve()
      await settle()
    }
  })

  it('repeats a fetch after a 401, unless it has a body', async () => {
    installed()
    world.hotels.answer({ status: 401 })
    expect(await (await fetch(world.hotels.url('/'))).json()).toEqual({ ok: true })
    world.hotels.answer({ status: 401 })
    const refused = await fetch(world.hotels.url('/'), { method: 'POST', body: 'x' })
    expect([refused.status, await refused.json()]).toMatchObject([401, { error: 'invalid_token' }])
    expect(statuses(world.hotels)).toEqual([401, 200, 401])
    await fetch(world.hotels.url('/'))
    expect(world.hotels.tokens).toHaveLength(3)
  })

  it('repeats a fetch after a 401 when the other token must be waited for', async () => {
    installed({ wait: { from: 0, until: Promise.resolve() } })
    world.hotels.answer({ status: 401 })
    expect(await (await fetch(world.hotels.url('/'))).json()).toEqual({ ok: true })
    expect(statuses(world.hotels)).toEqual([401, 200])
  })

  it('covers each undici whose global dispatcher is Node’s, or was there before', async () => {
    installed()
    for (const [, { request, fetch: npmFetch }] of versions) {
      await (await request(world.hotels.url('/'))).body.dump()
      await (await npmFetch(world.hotels.url('/'))).text()
    }
    expect(audiences(world.hotels)).toEqual(Array(2 * versions.length).fill(did('b')))
  })

  it('covers requests made of the global dispatcher itself', async () => {
    installed()
    const global = undici.getGlobalDispatcher()
    const options = { origin: world.hotels.origin, path: '/', method: 'GET' } as const
    await new Promise((resolve, reject) => {
      const handler = {
        onConnect() {},
        onHeaders: () => true,
        onData: () => true,
        onComplete: resolve,
        onError: reject,
      }
      global.dispatch(options, handler as never)
    })
    const composed = global.compose((dispatch) => dispatch)
    for (const dispatcher of [global, composed]) {
      await (await dispatcher.request(options)).body.dump()
    }
    expect(audiences(world.hotels)).toEqual(Array(3).fill(did('b')))
  })

  it('attaches the axios instances given, and detaches them', async () => {
    const { auth } = authFor(world)
    const [one, two] = [axios.create(), axios.create({ validateStatus: null })]
    const uninstall = install(auth, { axios: one })
    install(auth, { axios: [two] })
    await one.get(world.hotels.url('/'))
    await two.get(world.hotels.url('/'))
    uninstall()
    await two.get(world.hotels.url('/'))
    expect(audiences(world.hotels)).toEqual([did('b'), did('b'), undefined])
  })

  it('leaves node:http alone', async () => {
    installed()
    const status = await new Promise((resolve, reject) => {
      nodeRequest(world.hotels.url('/'), (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end()
    })
    expect(status).toBe(401)
    expect(audiences(world.hotels)).toEqual([undefined])
  })

  it.each([
    ['an unknown option', { axois: axios } as never],
    ['no axios instance', { axios: [axios.create(), {}] as never }],
    ['no options', null as never],
  ])('refuses %s before it changes anything', async (_, options) => {
    const { auth } = authFor(world)
    expect(() => install(auth, options)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
    )
    expect(() => install({} as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
    )
    expectGlobals(before)
    await fetch(world.hotels.url('/'))
    expect(audiences(world.hotels)).toEqual([undefined])
  })

  it('of an auth that is installed already is the same installation', async () => {
    const { auth, uninstall } = installed()
    const first = current()
    expect(install(auth)).toBe(uninstall)
    expectGlobals(first)
    uninstall()
    expectGlobals(before)
  })

  it('of several auths gives each partner the token of its own', async () => {
    const hotels = installed({ partners: ['hotels'] })
    const air = installed({ partners: ['air'] })
    const both = current()
    install(hotels.auth)
    expectGlobals(both)
    await fetch(world.hotels.url('/'))
    await fetch(world.air.url('/'))
    expect([...audiences(world.hotels), ...audiences(world.air)]).toEqual([did('b'), did('c')])
    air.uninstall()
    hotels.uninstall()
    expectGlobals(before)
  })

  it('keeps the dispatcher what it was, private fields and all', async () => {
    class Private extends undici.Agent {
      #secret = 'kept'
      secret() {
        return this.#secret
      }
      get same() {
        return this.#secret
      }
      set same(value) {
        this.#secret = value
      }
    }
    const agent = new Private()
    replace(() => agent)
    const { uninstall } = installed()
    const wrapped = globals[symbols[0] as symbol] as unknown as Private
    expect(wrapped).not.toBe(agent)
    expect(wrapped).toBeInstanceOf(Private)
    expect([wrapped.secret(), wrapped.same]).toEqual(['kept', 'kept'])
    expect(wrapped.secret).toBe(wrapped.secret)
    expect(wrapped.constructor).toBe(Private)
    expect(wrapped.on('connect', () => {})).toBe(wrapped)
    expect(agent.listenerCount('connect')).toBe(1)
    wrapped.same = 'set'
    expect(agent.same).toBe('set')
    uninstall()
    expect(globals[symbols[0] as symbol]).toBe(agent)
    await wrapped.close()
    expect(agent.closed).toBe(true)
  })

  it('gives a Client in the place of the global dispatcher no token of others', async () => {
    const client = new undici.Client(world.stranger.origin)
    replace(() => client)
    installed()
    await fetch(world.hotels.url('/'))
    expect(world.hotels.requests).toHaveLength(0)
    expect(world.stranger.requests[0]?.authorization).toBeUndefined()
    await client.close()
  })

  it('keeps a token from a proxy that would read it', async () => {
    const agents = [
      new undici.ProxyAgent(world.stranger.origin),
      new undici.EnvHttpProxyAgent({ httpProxy: world.stranger.origin }),
    ]
    for (const agent of agents) {
      const until = Promise.reject(new Error('the key service is down'))
      until.catch(() => {})
      const { auth } = authFor(world, { wait: { from: 0, until } })
      replace(() => agent.compose((dispatch) => dispatch))
      const uninstall = install(auth)
      expect(await rejection(fetch(world.hotels.url('/')))).toBe('ERR_PLAINTEXT_PROXY')
      expect(await rejection(fetch(world.hotels.url('/')))).toBe('ERR_PLAINTEXT_PROXY')
      expect(world.stranger.requests).toHaveLength(0)
      uninstall()
      await agent.close()
    }
  })
})

describe('install, in a process of its own,', () => {
  it('covers Node’s own fetch before anything was fetched', () => {
    expect(inFreshProcess([])).toEqual({ fetch: 'Bearer' })
  })

  it.each(versions.map(([version]) => version))(
    'covers undici %i that was loaded before',
    (version) => {
      expect(inFreshProcess([String(version)])).toEqual({ fetch: 'Bearer', request: 'Bearer' })
    },
  )
})

/** What a new Node sends, having loaded these versions of undici. */
function inFreshProcess(loaded: string[]): unknown {
  const script = fileURLToPath(new URL('undici-fresh-process.ts', import.meta.url))
  const output = execFileSync(process.execPath, ['--import', 'tsx', script, ...loaded])
  return JSON.parse(String(output))
}

describe('uninstall', () => {
  it('puts back the very dispatcher that was there, however often it is called', async () => {
    const { uninstall } = installed()
    expect(current()[0]).not.toBe(before[0])
    const warn = vi.spyOn(process, 'emitWarning')
    uninstall()
    uninstall()
    expectGlobals(before)
    await fetch(world.hotels.url('/'))
    expect(audiences(world.hotels)).toEqual([undefined])
    expect(warn).not.toHaveBeenCalled()
  })

  it('of an installation that is over does nothing to the next one', async () => {
    const { auth, uninstall } = installed()
    uninstall()
    const next = install(auth)
    uninstall()
    await fetch(world.hotels.url('/'))
    next()
    await fetch(world.hotels.url('/'))
    expect(audiences(world.hotels)).toEqual([did('b'), undefined])
  })

  it('leaves a dispatcher that has come since, goes out of work and says so', async () => {
    const { auth, uninstall } = installed()
    replace((wrapped) => new Proxy(wrapped, {}))
    const since = current()
    await fetch(world.hotels.url('/'))
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    uninstall()
    expectGlobals(since)
    await fetch(world.hotels.url('/'))
    expect(audiences(world.hotels)).toEqual([did('b'), undefined])
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('global dispatcher'), {
      type: 'OrgidBearerWarning',
      code: 'ORGID_DISPATCHER_REPLACED',
    })
    install(auth)
    await fetch(world.hotels.url('/'))
    expect(audiences(world.hotels)).toEqual([did('b'), undefined, did('b')])
  })

  it('beneath another installation goes out of work, and the last one clears up', async () => {
    const hotels = installed({ partners: ['hotels'] })
    const air = installed({ partners: ['air'] })
    const warn = vi.spyOn(process, 'emitWarning')
    hotels.uninstall()
    await fetch(world.hotels.url('/'))
    await fetch(world.air.url('/'))
    expect([...audiences(world.hotels), ...audiences(world.air)]).toEqual([undefined, did('c')])
    air.uninstall()
    expectGlobals(before)
    expect(warn).not.toHaveBeenCalled()
  })

  it('and install again covers a dispatcher that was put in place meanwhile', async () => {
    const { auth, uninstall } = installed()
    const agent = new undici.Agent()
    replace(() => agent)
    await fetch(world.hotels.url('/'))
    install(auth)
    await fetch(world.hotels.url('/'))
    expect(audiences(world.hotels)).toEqual([undefined, did('b')])
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    uninstall()
    expect(globals[symbols[0] as symbol]).toBe(agent)
    await agent.close()
  })
})
