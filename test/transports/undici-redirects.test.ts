import { authInterceptor } from 'orgid-bearer/undici'
import type { Dispatcher } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { did, gate } from '../support.js'
import { audiences, authFor, rejection, useWorld, versions } from './undici-versions.js'

const world = useWorld()
const redirects = [301, 302, 303, 307, 308] as const
const orders = ['nearest to the sockets', 'above redirect'] as const
const cases = versions.flatMap(([version, undici]) =>
  orders.flatMap((order) => redirects.map((status) => ({ version, undici, order, status }))),
)
const open: { destroy(): Promise<void> }[] = []
afterEach(() => Promise.all(open.splice(0).map((agent) => agent.destroy())))

type Case = Pick<(typeof cases)[number], 'undici' | 'order'>

/** Makes requests that follow redirects. */
function follower({ undici, order }: Case, setUp?: Parameters<typeof authFor>[1]) {
  const { auth, signed } = authFor(world, setUp)
  const redirect = undici.interceptors.redirect({ maxRedirections: 5 })
  const agent = new undici.Agent()
  open.push(agent)
  const dispatcher =
    order === 'above redirect'
      ? agent.compose(redirect, authInterceptor(auth))
      : agent.compose(authInterceptor(auth), redirect)
  const get = (
    url: string,
    options: Partial<Dispatcher.RequestOptions> & { orgid?: object } = {},
  ) => undici.request(url, { dispatcher, ...options } as never)
  return { get, auth, signed }
}

const headersAt = () => world.stranger.requests.map(({ authorization }) => authorization)

describe.each(cases)('a $status redirect with undici $version, authInterceptor $order,', (one) => {
  const { order, status } = one
  const isNearest = order === 'nearest to the sockets'

  it('keeps the token within a partner', async () => {
    world.hotels.redirect({ to: '/there', status })
    await follower(one).get(world.hotels.url('/here'))
    expect(world.hotels.requests.map(({ url }) => url)).toEqual(['/here', '/there'])
    expect(audiences(world.hotels)).toEqual([did('b'), did('b')])
  })

  it('takes no token along to a stranger at another port, with or without scheme', async () => {
    const { get } = follower(one)
    for (const to of [world.stranger.url('/a'), world.stranger.url('/b').replace('http:', '')]) {
      world.hotels.redirect({ to, status })
      await get(world.hotels.url('/'), { method: 'POST', body: 'body' })
    }
    expect(headersAt()).toEqual([undefined, undefined])
  })

  it('takes no token along to another name of the same host', async () => {
    world.hotels.redirect({
      to: world.hotels.url('/there').replace('127.0.0.1', 'localhost'),
      status,
    })
    await follower(one).get(world.hotels.url('/'))
    expect(audiences(world.hotels)).toEqual([did('b'), undefined])
  })

  it('brings another partner its own token, or none', async () => {
    world.hotels.redirect({ to: world.air.url('/there'), status })
    await follower(one).get(world.hotels.url('/'))
    expect(audiences(world.hotels)).toEqual([did('b')])
    expect(audiences(world.air)).toEqual([isNearest ? did('c') : undefined])
  })

  it('gives each hop what is its own, away and back again', async () => {
    world.hotels.redirect({ to: world.stranger.url('/b'), status })
    world.stranger.redirect({ to: world.hotels.url('/c'), status })
    await follower(one).get(world.hotels.url('/a'))
    expect(audiences(world.hotels)).toEqual([did('b'), isNearest ? did('b') : undefined])
    expect(headersAt()).toEqual([undefined])
  })

  it('leads from a stranger to a partner with that partner’s token, or none', async () => {
    world.stranger.redirect({ to: world.air.url('/there'), status })
    await follower(one).get(world.stranger.url('/'))
    expect(headersAt()).toEqual([undefined])
    expect(audiences(world.air)).toEqual([isNearest ? did('c') : undefined])
  })
})

describe.each(versions)('a redirect with undici %i', (_, undici) => {
  const nearest = { undici, order: orders[0] }
  const above = { undici, order: orders[1] }

  it('out of the path prefix takes no token along', async () => {
    world.hotels.redirect({ to: '/v20/there' })
    await follower(nearest, { partner: { pathPrefix: '/v2' } }).get(world.hotels.url('/v2/here'))
    expect(audiences(world.hotels)).toEqual([did('b'), undefined])
  })

  it('waits for the token of a hop, and lets the wait be aborted', async () => {
    const signature = gate()
    const wait = { from: 1, until: signature.promise }
    const { get, auth } = follower(nearest, { wait })
    world.hotels.redirect({ to: world.air.url('/there'), times: 2 })
    const stop = new AbortController()
    const reason = new Error('enough')
    const left = get(world.hotels.url('/'), { signal: stop.signal })
    const stayed = get(world.hotels.url('/'))
    while (auth.status().partners[0]?.tokens !== 1 || world.hotels.requests.length < 2) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    stop.abort(reason)
    expect(await rejection(left)).toBe(reason)
    signature.resolve()
    expect((await stayed).statusCode).toBe(200)
    expect(audiences(world.air)).toEqual([did('c')])
  })

  it('to a stranger fails when strict', async () => {
    world.hotels.redirect({ to: world.stranger.url('/there') })
    const { get } = follower(nearest, { options: { strict: true } })
    expect(await rejection(get(world.hotels.url('/')))).toBe('ERR_UNKNOWN_PARTNER')
    expect(world.stranger.requests).toHaveLength(0)
  })

  it('of a call with skip gets no token of ours', async () => {
    world.hotels.redirect({ to: world.air.url('/there') })
    await follower(nearest).get(world.hotels.url('/'), { orgid: { skip: true } })
    expect(audiences(world.air)).toEqual([undefined])
  })

  it('is decided in the context of its own call, whoever opened the connection', async () => {
    const { get, auth } = follower(nearest)
    const inside = (fn: () => Promise<unknown>) =>
      auth.run({ partner: 'hotels', scope: ['book'] }, fn)
    const call = async () => (await get(world.hotels.url('/'))).body.dump()
    await inside(call)
    world.hotels.redirect({ to: '/there' })
    await call()
    world.hotels.redirect({ to: '/there' })
    await inside(call)
    const book = '["book"]'
    expect(world.hotels.requests.map(({ claims }) => claims?.scope)).toEqual([
      book,
      undefined,
      undefined,
      book,
      book,
    ])
  })

  it('whose call names its partner fails where it leads to another', async () => {
    world.hotels.redirect({ to: world.air.url('/there') })
    const call = follower(nearest).get(world.hotels.url('/'), { orgid: { partner: 'hotels' } })
    expect(await rejection(call)).toBe('ERR_PARTNER_MISMATCH')
    expect(world.air.requests).toHaveLength(0)
  })

  it('keeps the caller’s own header within an origin, and drops it elsewhere', async () => {
    const own = { headers: { authorization: 'Basic own' } }
    const { get } = follower(nearest)
    world.hotels.redirect({ to: '/there' })
    await get(world.hotels.url('/'), own)
    world.hotels.redirect({ to: world.stranger.url('/') })
    await get(world.hotels.url('/'), own)
    expect(world.hotels.requests.map(({ authorization }) => authorization)).toEqual(
      Array(3).fill('Basic own'),
    )
    expect(headersAt()).toEqual([undefined])
  })

  it('tells of its history, also where its token was waited for', async () => {
    const { get } = follower(above, { wait: { from: 0, until: Promise.resolve() } })
    world.hotels.redirect({ to: '/there' })
    const { context } = await get(world.hotels.url('/here'))
    expect((context as { history: URL[] }).history.map(({ pathname }) => pathname)).toEqual([
      '/here',
      '/there',
    ])
  })
})
