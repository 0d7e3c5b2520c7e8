import axios from 'axios'
import { attachAuth } from 'orgid-bearer/axios'
import { encryptedStore } from 'orgid-bearer/store/encrypted'
import { startPartner } from 'orgid-bearer/testing'
import { describe, expect, it } from 'vitest'
import {
  createOrgidAuth,
  createOrgidAuthFromEnv,
  loadOrgidAuth,
  type OrgidAuthOptions,
} from '../../src/index.js'
import { localSigner } from '../../src/signers/local.js'
import { secretParts, shownBy } from '../secrets.js'
import { codeOf, did, newKey, settle } from '../support.js'
import { memoryStore, standingClock } from '../tokens/fleet.js'

const { pem, publicKey } = newKey()
const issuer = `${did('a')}#webserver`
const hotels = { name: 'hotels', did: did('b'), origin: 'https://api.hotels.example' }
const offers = 'https://api.hotels.example/offers'

function startService(options: Partial<OrgidAuthOptions>) {
  const local = localSigner(pem, { backend: 'noble' })
  const signed = { count: 0 }
  const sign = async (input: Uint8Array) => {
    signed.count += 1
    return local.sign(input, {})
  }
  const key = { alg: 'ES256K' as const, publicKey: local.publicKey, sign }
  const auth = createOrgidAuth({ issuer, key, partners: [hotels], ...options })
  return { auth, signed }
}

describe('an auth with a store', () => {
  it('refuses a store that is none', () => {
    for (const store of ['redis://localhost', { get: async () => null }]) {
      const options = { issuer, key: pem, partners: [hotels], store: store as never }
      expect(codeOf(() => createOrgidAuth(options))).toBe('ERR_INVALID_OPTION')
    }
  })

  it('is made of environment and file as well, since a store is given in code', async () => {
    const { store, tokens } = memoryStore()
    const env = { ORGID_ISSUER: issuer, ORGID_PARTNERS: JSON.stringify([hotels]) }
    const auth = createOrgidAuthFromEnv({ env, key: pem, store })
    const header = await auth.authorization(offers)
    await settle()
    expect(tokens().map((token) => `Bearer ${token}`)).toEqual([header])
    using loaded = await loadOrgidAuth({ env, key: pem, store })
    expect(await loaded.authorization(offers)).toBe(header)
  })

  it('shows neither a token nor the key of its store', async () => {
    const key = Buffer.alloc(32, 'store key')
    const store = encryptedStore(memoryStore().store, key)
    const { auth } = startService({ store })
    const header = (await auth.authorization(offers)) as string
    const shown = shownBy([auth, store, auth.status(), await auth.token('hotels')])
    const secrets = [
      ...secretParts(header),
      'store key',
      key.toString('hex'),
      key.toString('base64'),
    ]
    expect(secrets.filter((secret) => shown.includes(secret))).toEqual([])
  })

  it('takes nothing back out of it that was invalidated, and leaves the rest', async () => {
    const { store } = memoryStore()
    const air = { name: 'air', did: did('c'), origin: 'https://air.example' }
    const clock = standingClock()
    const options = { store, partners: [hotels, air], now: clock.now }
    const [first, second] = [startService(options), startService(options)]
    const names = ['hotels', 'air']
    const before = await Promise.all(names.map((name) => first.auth.token(name)))
    await settle()
    second.auth.invalidate({ partner: 'hotels' })
    clock.pass(1)
    const after = await Promise.all(names.map((name) => second.auth.token(name)))
    expect(after[0]?.value).not.toBe(before[0]?.value)
    expect(after[1]?.value).toBe(before[1]?.value)
  })

  it('has a token of a partner with another clock replaced once for the whole fleet', async () => {
    const clock = standingClock()
    const now = () => clock.now() + 300
    await using partner = await startPartner({ did: did('b'), publicKey, profile: 'older', now })
    const partners = [{ ...hotels, origin: partner.origin, allowLoopbackHttp: true }]
    const { store } = memoryStore()
    const options = { store, partners, now: clock.now, lifetime: 200 }
    const fleet = Array.from({ length: 3 }, () => {
      const service = startService(options)
      const http = axios.create()
      attachAuth(http, service.auth)
      return { ...service, get: () => http.get(partner.url('/')) }
    })
    for (const { auth } of fleet) {
      await auth.prepare()
      await settle()
    }
    for (const { get } of fleet) {
      expect((await get()).status).toBe(200)
      await settle()
    }
    expect(partner.requests.map(({ status }) => status)).toEqual([401, 200, 401, 200, 401, 200])
    expect(fleet.map(({ signed }) => signed.count)).toEqual([2, 0, 0])
    expect(new Set(partner.requests.map(({ token }) => token)).size).toBe(2)
  })
})
