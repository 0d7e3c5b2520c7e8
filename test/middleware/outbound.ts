import { inspect } from 'node:util'
import axios from 'axios'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { OrgidAuth } from '../../src/index.js'
import type { Outbound, OutboundAuthOptions } from '../../src/middleware/outbound.js'
import { attachAuth } from '../../src/transports/axios.js'
import {
  attachedAxios,
  authFor,
  claimsOf,
  closeServers,
  deferred,
  fetchText,
  type Handle,
  type Partner,
  type Serve,
  startPartner,
} from './loopback.js'

/** What Koa and Express have in common, on real servers of one of them. */
export function bindsOutgoingCalls(
  serve: Serve,
  outboundAuth: (auth: OrgidAuth, options?: OutboundAuthOptions) => { readonly name: string },
): void {
  let partner: Partner
  let auth: OrgidAuth
  beforeEach(async () => {
    partner = await startPartner()
    auth = authFor(partner.origin)
  })
  afterEach(closeServers)

  test('calls carry our token, and the inbound Authorization goes nowhere', async () => {
    const stranger = await startPartner()
    const origin = await serve(auth, { axios: attachedAxios(auth) }, async (outbound) => {
      await outbound.axios.get(`${partner.origin}/now`)
      await outbound.axios.get(`${stranger.origin}/now`)
      return 'done'
    })
    await fetchText(origin, 'GET', { authorization: 'Bearer inbound-secret' })
    const [sent] = partner.requests
    expect(claimsOf(sent?.headers.authorization)).toMatchObject({
      aud: `did:orgid:0x${'a'.repeat(64)}`,
    })
    expect(stranger.requests).toHaveLength(1)
    const seen = JSON.stringify([partner.requests, stranger.requests].flat().map((r) => r.headers))
    expect(seen).not.toContain('inbound-secret')
    expect(stranger.requests[0]?.headers).not.toHaveProperty('authorization')
  })

  test('options around the middleware and inside the handler apply, the inner ones first', async () => {
    const scopes: unknown[] = []
    const origin = await serve(
      auth,
      { axios: attachedAxios(auth) },
      async ({ authorization }) => {
        const now = async () => claimsOf(await authorization(partner.origin)).scope
        scopes.push(await now())
        scopes.push(await auth.run({ partner: 'hotels', scope: ['book'] }, now))
        return 'done'
      },
      (next) => auth.run({ partner: 'hotels', scope: ['read'] }, next),
    )
    await fetchText(origin)
    expect(scopes).toEqual(['read', 'book'])
  })

  test('authorization and token serve the partner, and nobody else', async () => {
    const seen = deferred<unknown[]>()
    const origin = await serve(auth, undefined, async (outbound) => {
      const token = await outbound.token('hotels')
      seen.resolve([
        (await outbound.authorization(partner.origin)) === `Bearer ${token.value}`,
        await outbound.authorization('https://stranger.example'),
        (await outbound.token('hotels', { scope: ['read'] })).scope,
      ])
      return 'done'
    })
    await fetchText(origin)
    expect(await seen.promise).toEqual([true, undefined, ['read']])
  })

  test('outside of its request an outbound keeps the options it was made with', async () => {
    const started = deferred<Outbound>()
    const origin = await serve(
      auth,
      undefined,
      async (outbound) => {
        started.resolve(outbound)
        return 'done'
      },
      (next) => auth.run({ partner: 'hotels', scope: ['read'] }, next),
    )
    await fetchText(origin)
    const outbound = await started.promise
    const inOther = auth.run({ partner: 'hotels', scope: ['book'] }, () => outbound.token('hotels'))
    expect((await inOther).scope).toEqual(['read'])
  })

  test('outbound.axios is the given instance, of several the first', async () => {
    const [one, two] = [attachedAxios(auth), attachedAxios(auth)]
    const seen: unknown[] = []
    const handle: Handle = async (outbound) => {
      seen.push(outbound.axios)
      return 'done'
    }
    await fetchText(await serve(auth, { axios: one }, handle))
    await fetchText(await serve(auth, { axios: [two, one] }, handle))
    expect(seen).toEqual([one, two])
  })

  test('outbound.axios without an instance says what to pass', async () => {
    const seen = deferred<unknown>()
    const origin = await serve(auth, undefined, async (outbound) => {
      try {
        seen.resolve(outbound.axios)
      } catch (error) {
        seen.resolve(error)
      }
      return 'done'
    })
    await fetchText(origin)
    expect(await seen.promise).toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringContaining('{ axios }'),
    })
  })

  test('an outbound shows nothing when it is inspected or serialised', async () => {
    const started = deferred<Outbound>()
    const origin = await serve(auth, { axios: attachedAxios(auth) }, async (outbound) => {
      await outbound.token('hotels')
      started.resolve(outbound)
      return 'done'
    })
    await fetchText(origin, 'GET', { authorization: 'Bearer inbound-secret' })
    const outbound = await started.promise
    expect(JSON.stringify(outbound)).toBe('{}')
    const shown = inspect(outbound, { showHidden: true, depth: null, getters: true })
    for (const secret of ['Bearer ', 'eyJ', 'did:orgid', 'secret'])
      expect(shown).not.toContain(secret)
  })

  test('the middleware has a name', () => {
    expect(outboundAuth(auth).name).toBe('orgidOutboundAuth')
  })

  test.each<[string, (auth: OrgidAuth) => unknown, unknown]>([
    ['no auth', () => undefined, {}],
    ['another auth', () => ({ token: () => {} }), {}],
    ['an unknown option', (own) => own, { aborts: 'all' }],
    ['another way to abort', (own) => own, { abort: true }],
    ['something else than axios', (own) => own, { axios: 'axios' }],
    ['something else among several', (own) => own, { axios: [axios.create(), {}] }],
    ['null for options', (own) => own, null],
  ])('%s is refused at once', (_name, given, options) => {
    expect(() => outboundAuth(given(auth) as OrgidAuth, options as OutboundAuthOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
    )
  })

  test('an axios that carries no tokens of this auth is attached, before the first request is handled', async () => {
    const plain = axios.create()
    attachAuth(plain, authFor('http://127.0.0.1:1'))
    const origin = await serve(auth, { axios: [plain] }, async (outbound) => {
      await outbound.axios.get(`${partner.origin}/now`)
      return 'done'
    })
    await Promise.all([fetchText(origin), fetchText(origin)])
    await fetchText(origin)
    const audiences = partner.requests.map(({ headers }) => claimsOf(headers.authorization).aud)
    expect(audiences).toEqual(Array(3).fill(`did:orgid:0x${'a'.repeat(64)}`))
  })

  test('a polluted prototype configures nothing', async () => {
    const pollution = { value: 'sometimes', configurable: true }
    Object.defineProperty(Object.prototype, 'abort', pollution)
    try {
      expect(() => outboundAuth(auth, {})).not.toThrow()
    } finally {
      Reflect.deleteProperty(Object.prototype, 'abort')
    }
  })
}
