import { type RedisStoreOptions, redisStore } from 'orgid-bearer/store/redis'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createOrgidAuth } from '../../src/index.js'
import { localSigner } from '../../src/signers/local.js'
import { codeOf, did, newKey, settle } from '../support.js'
import { redisIsMissing } from '../tools.js'
import { type ClientName, clientNames, clients } from './clients.js'
import { type RunningRedis, startRedis } from './redis-server.js'

const { pem } = newKey()
const offers = 'https://api.hotels.example/offers'

describe('redisStore', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['the address of a Redis', 'redis://localhost'],
    ['an object that is no client', { get: async () => null, set: async () => 'OK' }],
    ['a client of node-redis 3', { get: () => true, connected: true }],
  ])('refuses %s', (_, client) => {
    expect(codeOf(() => redisStore(client as never))).toBe('ERR_INVALID_OPTION')
  })

  it.each([{ prefix: 7 }, { prefx: 'a' }])('refuses the options %j', (options) => {
    const client = { isOpen: true } as never
    expect(codeOf(() => redisStore(client, options as RedisStoreOptions))).toBe(
      'ERR_INVALID_OPTION',
    )
  })
})

describe.skipIf(redisIsMissing()).each(clientNames)('redisStore by %s', (name: ClientName) => {
  let redis: RunningRedis
  beforeAll(async () => {
    redis = await startRedis()
    return () => redis.stop()
  })
  const opened: (() => void)[] = []
  afterEach(async () => {
    await settle()
    for (const close of opened.splice(0)) close()
  })

  async function connect(options?: RedisStoreOptions) {
    const { client, close } = await clients[name](redis.port)
    opened.push(close)
    return { client, store: redisStore(client, options) }
  }

  it('gets what was set, until it expires or is deleted', async () => {
    const { store } = await connect()
    expect(await store.get('a')).toBeUndefined()
    await store.set('a', 'one', 60_000)
    await store.set('a', 'two', 60_000)
    expect(await store.get('a')).toBe('two')
    await store.delete?.('a')
    expect(await store.get('a')).toBeUndefined()
    await store.set('a', 'three', 1)
    await expect.poll(() => store.get('a')).toBeUndefined()
  })

  it('adds once, and again when the first has expired', async () => {
    const { store } = await connect()
    expect(await store.add?.('lock', 'mine', 60_000)).toBe(true)
    expect(await store.add?.('lock', 'yours', 60_000)).toBe(false)
    expect(await store.get('lock')).toBe('mine')
    expect(await store.add?.('short', 'mine', 1)).toBe(true)
    await expect.poll(() => store.add?.('short', 'yours', 60_000)).toBe(true)
  })

  it('removes what is still the same, and nothing else', async () => {
    const { store } = await connect()
    await store.add?.('held', 'mine', 60_000)
    await store.remove?.('held', 'yours')
    expect(await store.get('held')).toBe('mine')
    await store.remove?.('held', 'mine')
    expect(await store.get('held')).toBeUndefined()
  })

  it('names everything with the prefix', async () => {
    const { store } = await connect({ prefix: 'shop:' })
    const { store: bare } = await connect()
    await store.set('a', 'one', 60_000)
    await store.add?.('b', 'two', 60_000)
    expect(await Promise.all(['shop:a', 'shop:b', 'a'].map((key) => bare.get(key)))).toEqual([
      'one',
      'two',
      undefined,
    ])
    await store.remove?.('b', 'two')
    await store.delete?.('a')
    expect(await bare.get('shop:b')).toBeUndefined()
    expect(await bare.get('shop:a')).toBeUndefined()
  })

  it('shares a token, of which a hit is synchronous as ever', async () => {
    const local = localSigner(pem, { backend: 'openssl' })
    let signatures = 0
    const start = async () =>
      createOrgidAuth({
        issuer: `${did('a')}#webserver`,
        key: {
          alg: 'ES256K',
          publicKey: local.publicKey,
          sign: (input: Uint8Array) => {
            signatures += 1
            return local.sign(input, {})
          },
        },
        partners: [{ name: 'hotels', did: did('b'), origin: 'https://api.hotels.example' }],
        store: (await connect({ prefix: 'shop:' })).store,
      })
    const [first, second] = [await start(), await start()]
    const missed = first.authorization(offers)
    expect(missed).toBeInstanceOf(Promise)
    const header = await missed
    expect(first.authorization(offers)).toBe(header)
    await settle()
    expect(await second.authorization(offers)).toBe(header)
    expect(second.authorization(offers)).toBe(header)
    expect(signatures).toBe(1)
  })
})
