import { tracingChannel } from 'node:diagnostics_channel'
import axios from 'axios'
import { createOrgidAuth, type MintEvent, type OrgidEvents, onEvent } from 'orgid-bearer'
import { attachAuth } from 'orgid-bearer/axios'
import { startPartner } from 'orgid-bearer/testing'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { localSigner } from '../src/signers/local.js'
import { secretParts, shownBy } from './secrets.js'
import { codeOf, did, newKey, settle } from './support.js'
import { standingClock } from './tokens/fleet.js'

const { pem, publicKey } = newKey()
const issuer = `${did('a')}#webserver`
const hotels = { name: 'hotels', did: did('b'), origin: 'https://api.hotels.example' }
const offers = 'https://api.hotels.example/offers'
const names = [
  'orgid-bearer:miss',
  'orgid-bearer:refresh',
  'orgid-bearer:refused',
  'orgid-bearer:unauthorized',
  'orgid-bearer:retried',
  'orgid-bearer:skew',
  'orgid-bearer:signer-failed',
  'orgid-bearer:store-failed',
  'orgid-bearer:key-activated',
  'orgid-bearer:fallback',
] as const satisfies readonly (keyof OrgidEvents)[]

let heard: { readonly name: string; readonly event: unknown }[] = []
let ends: (() => void)[] = []
beforeEach(() => {
  heard = []
  ends = names.map((name) => onEvent(name, (event) => heard.push({ name, event })))
})
afterEach(() => {
  for (const end of ends) end()
})
const heardOf = (name: (typeof names)[number]) =>
  heard.filter((one) => one.name === name).map(({ event }) => event)

const ofHotels = { partner: 'hotels', keyId: 'webserver', audience: did('b') }

describe('events', () => {
  it('have names, and no others', () => {
    const strange = ['unauthorized', 'orgid-bearer:mint', '__proto__'] as unknown[]
    for (const name of strange as (keyof OrgidEvents)[])
      expect(codeOf(() => onEvent(name, () => {}))).toBe('ERR_INVALID_OPTION')
  })

  it('tell of an audience that is refused', () => {
    const auth = createOrgidAuth({ issuer, key: pem, partners: [hotels] })
    expect(codeOf(() => auth.authorization(offers, { audience: did('e') }))).toBe(
      'ERR_AUDIENCE_NOT_ALLOWED',
    )
    expect(heardOf('orgid-bearer:refused')).toMatchObject([
      { error: { code: 'ERR_AUDIENCE_NOT_ALLOWED' } },
    ])
  })

  it('tell of a call that waits for a token, and of tokens that are replaced', async () => {
    const clock = standingClock()
    const auth = createOrgidAuth({ issuer, key: pem, partners: [hotels], now: clock.now })
    auth.authorization(offers)
    expect(heardOf('orgid-bearer:miss')).toEqual([ofHotels])
    auth.authorization(offers)
    clock.pass(3_200)
    auth.authorization(offers)
    await settle()
    auth.authorization(offers, { forceRefresh: true })
    expect(heardOf('orgid-bearer:refresh')).toEqual([
      { ...ofHotels, reason: 'stale', remaining: expect.closeTo(400, -1) },
      { ...ofHotels, reason: 'forced', remaining: expect.closeTo(3_600, -1) },
    ])
    expect(heardOf('orgid-bearer:miss')).toHaveLength(1)
  })

  it('tell of a call that is refused', () => {
    const auth = createOrgidAuth({ issuer, key: pem, partners: [hotels], strict: true })
    expect(codeOf(() => auth.authorization('https://stranger.example'))).toBe('ERR_UNKNOWN_PARTNER')
    expect(codeOf(() => auth.authorization(offers, { partner: 'air' }))).toBe(
      'ERR_PARTNER_MISMATCH',
    )
    expect(heardOf('orgid-bearer:refused')).toEqual([
      { error: expect.objectContaining({ code: 'ERR_UNKNOWN_PARTNER' }) },
      { error: expect.objectContaining({ code: 'ERR_PARTNER_MISMATCH' }) },
    ])
  })

  it('tell of a 401, of the clock that is learnt from it, and of the call made once more', async () => {
    const partner = await startPartner({ did: did('b'), profile: 'older', publicKey })
    onTestFinished(() => partner.close())
    partner.clockSkew = 7_200
    const { origin } = partner
    const auth = createOrgidAuth({
      issuer,
      key: pem,
      partners: [{ ...hotels, origin, allowLoopbackHttp: true }],
    })
    const http = axios.create()
    attachAuth(http, auth)
    await http.get(partner.url('/offers'))
    const [{ hash: first }, { hash: second }] = [
      ...heardOf('orgid-bearer:unauthorized'),
      ...heardOf('orgid-bearer:retried'),
    ] as [{ hash: string }, { hash: string }]
    expect(first).toMatch(/^[0-9a-f]{8}$/)
    expect(second).toMatch(/^[0-9a-f]{8}$/)
    expect(second).not.toBe(first)
    const [skew] = heardOf('orgid-bearer:skew') as [{ offset: number }]
    expect(skew).toMatchObject({ partner: 'hotels', previous: 0 })
    expect(Math.abs(skew.offset - 7_200)).toBeLessThanOrEqual(2)
  })

  it('tell of a signer and of a store that fail', async () => {
    const key = { ...localSigner(pem), sign: () => Promise.reject(new Error('no')) }
    const store = { get: () => Promise.reject(new Error('down')), set: () => {} }
    const auth = createOrgidAuth({ issuer, key, partners: [hotels], store })
    await expect(auth.token('hotels')).rejects.toMatchObject({ code: 'ERR_SIGNER_FAILED' })
    expect(heardOf('orgid-bearer:signer-failed')).toEqual([
      { ...ofHotels, error: expect.objectContaining({ code: 'ERR_SIGNER_FAILED' }) },
    ])
    expect(heardOf('orgid-bearer:store-failed')).toContainEqual({
      operation: 'get',
      reason: 'error',
    })
  })

  it('tell of the key that begins to sign, and of the one before', () => {
    const clock = standingClock()
    const keys = [{ id: 'webserver', key: pem }]
    const auth = createOrgidAuth({ issuer: did('a'), keys, partners: [hotels], now: clock.now })
    auth.authorization(offers)
    auth.addKey({ id: 'webserver2', key: newKey().pem, activeFrom: clock.now() + 60 })
    auth.authorization(offers)
    clock.pass(61)
    auth.authorization(offers)
    expect(heardOf('orgid-bearer:key-activated')).toEqual([
      { keyId: 'webserver', previous: undefined },
      { keyId: 'webserver2', previous: 'webserver' },
    ])
  })

  it('tell of each mint, whether it takes its time or not, and whether it fails', async () => {
    const told: [string, MintEvent][] = []
    const tell = (name: string) => (event: MintEvent) => {
      told.push([name, { ...event }])
    }
    const subscribers = {
      start: tell('start'),
      end: tell('end'),
      asyncStart: tell('asyncStart'),
      asyncEnd: tell('asyncEnd'),
      error: tell('error'),
    }
    const channel = tracingChannel<unknown, MintEvent>('orgid-bearer:mint')
    channel.subscribe(subscribers)
    onTestFinished(() => channel.unsubscribe(subscribers))
    const facts = { hash: expect.stringMatching(/^[0-9a-f]{8}$/), expiresAt: expect.any(Number) }
    const token = expect.objectContaining(facts)

    const { sign, ...rest } = localSigner(pem)
    createOrgidAuth({ issuer, key: { ...rest, sign }, partners: [hotels] }).authorization(offers)
    expect(told).toEqual([
      ['start', ofHotels],
      ['end', { ...ofHotels, token }],
    ])

    told.length = 0
    const slow = { ...rest, sign: async (input: Uint8Array) => sign(input, {}) }
    await createOrgidAuth({ issuer, key: slow, partners: [hotels] }).authorization(offers)
    expect(told).toEqual([
      ['start', ofHotels],
      ['end', ofHotels],
      ['asyncStart', { ...ofHotels, token }],
      ['asyncEnd', { ...ofHotels, token }],
    ])

    told.length = 0
    const broken = { ...rest, sign: () => Promise.reject(new Error('no')) }
    const auth = createOrgidAuth({ issuer, key: broken, partners: [hotels] })
    await expect(auth.token('hotels')).rejects.toMatchObject({ code: 'ERR_SIGNER_FAILED' })
    expect(told.map(([name, { error }]) => [name, (error as { code?: string })?.code])).toEqual([
      ['start', undefined],
      ['end', undefined],
      ['error', 'ERR_SIGNER_FAILED'],
      ['asyncStart', 'ERR_SIGNER_FAILED'],
      ['asyncEnd', 'ERR_SIGNER_FAILED'],
    ])
  })

  it('hold no token', async () => {
    const auth = createOrgidAuth({ issuer, key: pem, partners: [hotels] })
    const header = auth.authorization(offers) as string
    const other = auth.authorization(offers, { forceRefresh: true }) as string
    const secrets = [...secretParts(header), ...secretParts(other)]
    const shown = shownBy(heard)
    expect(heard.length).toBeGreaterThan(1)
    expect(secrets.filter((secret) => shown.includes(secret))).toEqual([])
  })

  it('end when asked to', () => {
    for (const end of ends) end()
    createOrgidAuth({ issuer, key: pem, partners: [hotels] }).authorization(offers)
    expect(heard).toEqual([])
  })
})
