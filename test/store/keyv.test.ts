import Keyv from 'keyv'
import { encryptedStore } from 'orgid-bearer/store/encrypted'
import { describe, expect, it } from 'vitest'
import { createOrgidAuth, type TokenStore } from '../../src/index.js'
import { localSigner } from '../../src/signers/local.js'
import { did, newKey, settle } from '../support.js'

const { pem } = newKey()

function startService(store: TokenStore) {
  const local = localSigner(pem, { backend: 'openssl' })
  const signed = { count: 0 }
  const sign = async (input: Uint8Array) => {
    signed.count += 1
    return local.sign(input, {})
  }
  const auth = createOrgidAuth({
    issuer: `${did('a')}#webserver`,
    key: { alg: 'ES256K', publicKey: local.publicKey, sign },
    partners: [{ name: 'hotels', did: did('b'), origin: 'https://api.hotels.example' }],
    store,
  })
  return { auth, signed }
}

describe('a Keyv', () => {
  it('is a store as it is', async () => {
    const store = new Keyv()
    const [first, second] = [startService(store), startService(store)]
    const { value } = await first.auth.token('hotels')
    await settle()
    expect((await second.auth.token('hotels')).value).toBe(value)
    expect([first.signed.count, second.signed.count]).toEqual([1, 0])
  })

  it('loses at once what is invalidated', async () => {
    const store = new Keyv()
    const { auth, signed } = startService(store)
    const first = await auth.token('hotels')
    await settle()
    auth.invalidate({ partner: 'hotels' })
    await settle()
    const second = startService(store)
    expect((await second.auth.token('hotels')).issuer).toBe(first.issuer)
    expect([signed.count, second.signed.count]).toEqual([1, 1])
  })

  it('can be encrypted', async () => {
    const store = new Keyv()
    const encrypted = encryptedStore(store, Buffer.alloc(32, 7))
    const { value } = await startService(encrypted).auth.token('hotels')
    await settle()
    const [stored] = [...(store.store as Map<string, string>).values()]
    expect(stored).toContain('v1.')
    expect(stored).not.toContain(value.split('.')[1])
    expect((await startService(encrypted).auth.token('hotels')).value).toBe(value)
  })

  it('that loses its connection fails no call', async () => {
    const lost = () => Promise.reject(new Error('no route to the store'))
    const adapter = { get: lost, set: lost, delete: lost, clear: lost, on: () => {}, opts: {} }
    const store = new Keyv({ store: adapter as never })
    store.on('error', () => {})
    const { auth, signed } = startService(store)
    await auth.token('hotels')
    await settle()
    expect(signed.count).toBe(1)
  })
})
