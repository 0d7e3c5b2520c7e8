import { Redis } from 'ioredis'
import { encryptedStore } from 'orgid-bearer/store/encrypted'
import { redisStore } from 'orgid-bearer/store/redis'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createOrgidAuth, type OrgidAuth, type TokenStore } from '../../src/index.js'
import { localSigner } from '../../src/signers/local.js'
import { verifyToken } from '../../src/verify.js'
import { did, newKey, settle } from '../support.js'
import { redisIsMissing } from '../tools.js'
import { type ClientName, clientNames, clients } from './clients.js'
import { type RunningRedis, startRedis } from './redis-server.js'
import { startSlowProxy } from './slow-proxy.js'

const { pem, publicKey } = newKey()
const operations = ['get', 'set', 'delete', 'add', 'remove'] as const

const unhandled = vi.fn()
const opened: (() => unknown)[] = []
beforeEach(() => process.on('unhandledRejection', unhandled))
afterEach(async () => {
  await settle()
  for (const close of opened.splice(0).reverse()) await close()
  await settle()
  process.off('unhandledRejection', unhandled)
  expect(unhandled).not.toHaveBeenCalled()
})

/** A service with its own connection, a signer that counts, and a store that counts. */
async function startService(name: ClientName, port: number) {
  const { client, close } = await clients[name](port)
  opened.push(close)
  const store = redisStore(client)
  const local = localSigner(pem, { backend: 'openssl' })
  const counts = { signatures: 0, asked: 0 }
  const counting = Object.fromEntries(
    operations.map((operation) => [
      operation,
      (...args: [string, string, number]) => {
        counts.asked += 1
        return store[operation]?.(...args)
      },
    ]),
  ) as unknown as TokenStore
  const auth = createOrgidAuth({
    issuer: `${did('a')}#webserver`,
    key: {
      alg: 'ES256K',
      publicKey: local.publicKey,
      sign: async (input: Uint8Array) => {
        counts.signatures += 1
        return local.sign(input, {})
      },
    },
    partners: [
      {
        name: 'hotels',
        did: did('b'),
        audiences: [did('c')],
        origin: 'https://api.hotels.example',
      },
    ],
    store: counting,
  })
  return { auth, counts }
}

/** Tokens of so many kinds, one after the other, all of them good. */
async function mintMany(auth: OrgidAuth, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const { value } = await auth.token('hotels', { claims: { index } })
    await verifyToken(value, { audience: did('b'), key: publicKey })
  }
}

const tokenKeys = async (raw: Redis) =>
  (await raw.keys('*')).filter((key) => !key.endsWith(':lock'))

describe.skipIf(redisIsMissing()).each(clientNames)('a Redis by %s', (name) => {
  let redis: RunningRedis
  beforeEach(async () => {
    redis = await startRedis()
    opened.push(() => redis.stop())
  })

  it.each(['killed', 'stopped in its tracks'] as const)(
    'that is %s fails no call, is hardly asked any more, and is used again when it is back',
    async (how) => {
      const { auth, counts } = await startService(name, redis.port)
      await auth.token('hotels')
      await settle()
      if (how === 'killed') await redis.kill()
      else redis.pause()
      counts.asked = 0
      await mintMany(auth, 40)
      expect(counts.signatures).toBe(41)
      // Three that failed, and perhaps a few later that nobody waited for
      expect(counts.asked).toBeGreaterThan(0)
      expect(counts.asked).toBeLessThanOrEqual(8)

      if (how === 'killed') {
        const again = await startRedis(redis.port)
        opened.push(() => again.stop())
      } else {
        redis.resume()
      }
      const { auth: reader } = await startService(name, redis.port)
      let index = 1_000
      const isShared = async () => {
        index += 1
        const options = { claims: { index } }
        const { value } = await auth.token('hotels', options)
        await new Promise((resolve) => setTimeout(resolve, 20))
        return (await reader.token('hotels', options)).value === value
      }
      await expect.poll(isShared, { timeout: 30_000, interval: 100 }).toBe(true)
    },
    45_000,
  )

  it('that is slower than its deadline fails no call, and is hardly asked', async () => {
    const proxy = await startSlowProxy(redis.port, 400)
    opened.push(() => proxy.close())
    const { auth, counts } = await startService(name, proxy.port)
    await mintMany(auth, 40)
    expect(counts.signatures).toBe(40)
    expect(counts.asked).toBeLessThanOrEqual(8)
  }, 30_000)

  it('that is slow, and within its deadline, costs three answers a token and fails no call', async () => {
    const proxy = await startSlowProxy(redis.port, 40)
    opened.push(() => proxy.close())
    const { auth, counts } = await startService(name, proxy.port)
    const reader = await startService(name, redis.port)
    const token = await auth.token('hotels')
    // Read, lock and read again before it; written and let go behind it
    expect([counts.asked, counts.signatures]).toEqual([4, 1])
    await expect.poll(() => counts.asked).toBe(5)
    expect((await reader.auth.token('hotels')).value).toBe(token.value)
    expect([reader.counts.asked, reader.counts.signatures]).toEqual([1, 0])
  })

  const poisons: [string, (raw: Redis, key: string, stranger: string) => Promise<unknown>][] = [
    ['another audience’s token', (raw, key, stranger) => raw.set(key, stranger)],
    [
      'alg none',
      (raw, key, stranger) => raw.set(key, `eyJhbGciOiJub25lIn0.${stranger.split('.')[1]}.`),
    ],
    ['a megabyte', (raw, key) => raw.set(key, 'A'.repeat(1_048_576))],
    ['garbage', (raw, key) => raw.set(key, Buffer.from([0, 255, 10, 46, 46]))],
    ['a list', (raw, key) => raw.del(key).then(() => raw.rpush(key, 'a'))],
  ]

  it.each(poisons)('that is poisoned with %s fails no call, and is mended', async (_, poison) => {
    const first = await startService(name, redis.port)
    const stranger = await first.auth.token('hotels', { audience: did('c') })
    const raw = new Redis(redis.port, '127.0.0.1')
    opened.push(() => raw.disconnect())
    await expect.poll(() => tokenKeys(raw)).toHaveLength(1)
    const others = await tokenKeys(raw)
    await first.auth.token('hotels')
    await expect.poll(() => tokenKeys(raw)).toHaveLength(2)
    const key = (await tokenKeys(raw)).find((one) => !others.includes(one)) as string
    await poison(raw, key, stranger.value)

    const second = await startService(name, redis.port)
    const { value } = await second.auth.token('hotels')
    await verifyToken(value, { audience: did('b'), key: publicKey })
    expect(second.counts.signatures).toBe(1)
    await expect.poll(() => raw.get(key)).toBe(value)
  })

  it('holds no part of a token where it is encrypted, and no name', async () => {
    const { client, close } = await clients[name](redis.port)
    opened.push(close)
    const auth = createOrgidAuth({
      issuer: `${did('a')}#webserver`,
      key: pem,
      partners: [{ name: 'hotels', did: did('b'), origin: 'https://api.hotels.example' }],
      store: encryptedStore(redisStore(client), Buffer.alloc(32, 7)),
    })
    const { value } = await auth.token('hotels')
    const raw = new Redis(redis.port, '127.0.0.1')
    opened.push(() => raw.disconnect())
    await expect.poll(() => tokenKeys(raw)).toHaveLength(1)
    const [key = ''] = await tokenKeys(raw)
    const stored = (await raw.get(key)) as string
    const seen = key + stored + Buffer.from(stored.slice(3), 'base64url').toString('latin1')
    const decoded = value
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
    for (const secret of [...value.split('.'), ...decoded]) {
      for (let at = 0; at + 8 <= secret.length; at += 1) {
        expect(seen.includes(secret.slice(at, at + 8))).toBe(false)
      }
    }
    expect(seen).not.toMatch(/did:orgid|hotels|webserver/)
    expect(await raw.pttl(key)).toBeGreaterThan(3_500_000)
  })
})
