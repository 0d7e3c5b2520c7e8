import { createPrivateKey } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Token } from '../../src/tokens/token.js'
import { codeOf, gate, newKey, settle } from '../support.js'
import {
  lifetime,
  memoryStore,
  type ProcessOptions,
  request,
  standingClock,
  startProcess,
} from './fleet.js'

const { pem } = newKey()
const other = newKey()

const unhandled = vi.fn()
beforeEach(() => process.on('unhandledRejection', unhandled))
afterEach(async () => {
  await settle()
  process.off('unhandledRejection', unhandled)
  expect(unhandled).not.toHaveBeenCalled()
})

/** Two processes, the first of which has filled the store. */
async function setUp(options: Partial<ProcessOptions> = {}) {
  const memory = memoryStore()
  const clock = standingClock()
  const common = { store: memory.store, clock, key: pem, ...options }
  const first = startProcess(common)
  const second = startProcess(common)
  const token = await first.get(request())
  await settle()
  return { memory, clock, first, second, token, common }
}

const textOf = async (token: Token | Promise<Token>) => (await token).value

describe('a shared source', () => {
  it('takes the token that another process has minted', async () => {
    const { first, second, token } = await setUp()
    expect(await textOf(second.get(request()))).toBe(token.value)
    expect([first.signed.count, second.signed.count]).toEqual([1, 0])
  })

  it('draws for itself how long that token is fresh, from 70 to 85 % of its life', async () => {
    const { clock, common, token } = await setUp()
    clock.pass(100)
    const early = await startProcess({ ...common, random: () => 0 }).get(request())
    const late = await startProcess({ ...common, random: () => 0.999_999 }).get(request())
    const mintedAt = token.expiresAt - lifetime
    expect(early.value).toBe(late.value)
    expect(early.freshUntil - mintedAt).toBeCloseTo(700)
    expect(late.freshUntil - mintedAt).toBeCloseTo(850)
  })

  it('mints what the store does not have, and keeps it there for as long as it lives', async () => {
    const { memory, token } = await setUp()
    expect(memory.tokens()).toEqual([token.value])
    const [name = ''] = memory.values.keys()
    expect(name).toMatch(/^orgid-bearer:v1:[\w-]{43}$/)
    expect(memory.ttls.get(name)).toBe(lifetime * 1_000)
  })

  it('answers before the store has taken the token, and lets the lock go afterwards', async () => {
    const memory = memoryStore()
    const open = gate()
    const set: typeof memory.store.set = async (...args) => {
      await open.promise
      await memory.store.set(...args)
    }
    const clock = standingClock()
    const { get } = startProcess({ store: { ...memory.store, set }, clock, key: pem })
    const { value } = await get(request())
    await settle()
    expect([memory.tokens(), memory.locks().length]).toEqual([[], 1])
    open.resolve()
    await settle()
    expect([memory.tokens(), memory.locks().length]).toEqual([[value], 0])
  })

  it('answers, and lets the lock go, though the clock fails behind the call', async () => {
    const memory = memoryStore()
    const clock = standingClock()
    let isFailing = false
    const now = () => {
      if (isFailing) throw new Error('no time')
      return clock.now()
    }
    const wait = async () => {
      isFailing = true
    }
    const { get } = startProcess({ store: memory.store, clock: { ...clock, now }, key: pem, wait })
    expect((await get(request())).value).toBeTruthy()
    await settle()
    expect([memory.tokens(), memory.locks()]).toEqual([[], []])
  })

  it.each([
    ['audience', { audience: `did:orgid:0x${'c'.repeat(64)}` }],
    ['scope', { scope: ['read'] }],
    ['claims', { claims: { tenant: 'b' } }],
    ['lifetime', { lifetime: lifetime + 1 }],
    ['partner', { partner: 'air' }],
  ])('shares no token among requests that differ in their %s', async (_, parts) => {
    const { second, memory } = await setUp()
    await second.get(request(parts))
    await settle()
    expect(second.signed.count).toBe(1)
    expect(memory.tokens()).toHaveLength(2)
  })

  it.each<[string, Partial<ProcessOptions>]>([
    ['another key under the same name', { key: other.pem }],
    ['another issuedAtBackdate', { issuedAtBackdate: 60 }],
  ])('keeps apart what processes with %s mint', async (_, options) => {
    const { common, memory, first, token } = await setUp()
    const { get, signed, failures } = startProcess({ ...common, ...options })
    await get(request())
    await settle()
    expect([signed.count, memory.tokens().length, failures]).toEqual([1, 2, []])
    expect(await textOf(first.get(request()))).toBe(token.value)
  })

  it('leaves single-use tokens out of the store', async () => {
    const { memory, second, token } = await setUp()
    memory.asked.length = 0
    expect(await textOf(second.get(request({ singleUse: true })))).not.toBe(token.value)
    await settle()
    expect(memory.asked).toEqual([])
    expect(memory.tokens()).toEqual([token.value])
  })

  it('takes nothing of a key that was retired', async () => {
    const { second, memory } = await setUp()
    const { signer } = startProcess({
      store: memory.store,
      clock: standingClock(),
      key: pem,
    }).keyring.active(1)
    second.keyring.add({ id: 'webserver2', signer, activeFrom: 1 })
    second.keyring.retire('webserver', 2)
    memory.asked.length = 0
    expect(codeOf(() => second.get(request()))).toBe('ERR_NO_ACTIVE_KEY')
    expect(memory.asked).toEqual([])
  })

  it('goes without the store where what a signer says of its public key is none', async () => {
    const { memory, second } = await setUp()
    const { sign } = second.keyring.active(1).signer
    const signer = { alg: 'ES256K' as const, publicKey: 'none', sign }
    second.keyring.add({ id: 'other', signer, activeFrom: 1 })
    memory.asked.length = 0
    await second.get(request({ keyId: 'other' }))
    expect([memory.asked, second.signed.count]).toEqual([[], 1])
  })

  it('follows a signer behind which another key was put', async () => {
    const { common, memory, token } = await setUp()
    let current = createPrivateKey(pem)
    const { keyring, get } = startProcess(common)
    const changing = {
      alg: 'ES256K' as const,
      get publicKey() {
        return current
      },
      sign: keyring.active(1).signer.sign,
    }
    keyring.add({ id: 'changing', signer: changing, activeFrom: 1 })
    const asked = request({ keyId: 'changing' })
    await get(asked)
    current = createPrivateKey(other.pem)
    await get(asked)
    await settle()
    expect(memory.tokens()).toHaveLength(3)
    expect(memory.tokens()).toContain(token.value)
  })
})

describe('a token in the place of another', () => {
  it('is the one that another process has minted since', async () => {
    const { clock, first, second, token } = await setUp()
    clock.pass(750)
    const next = await first.get(request(), token)
    await settle()
    expect(next.value).not.toBe(token.value)
    expect(await textOf(second.get(request(), token))).toBe(next.value)
    expect([first.signed.count, second.signed.count]).toEqual([2, 0])
  })

  it('is never the same, nor an older one, but minted, and the one that all have then', async () => {
    const { clock, memory, first, second, token } = await setUp()
    clock.pass(10)
    const next = await second.get(request(), token)
    expect(next.value).not.toBe(token.value)
    await settle()
    memory.overwrite(token.value)
    clock.pass(10)
    const last = await second.get(request(), next)
    await settle()
    expect([token.value, next.value]).not.toContain(last.value)
    expect(memory.tokens()).toEqual([last.value])
    expect(await textOf(first.get(request(), token))).toBe(last.value)
    expect([first.signed.count, second.signed.count]).toEqual([1, 2])
  })

  it('may be of the same second', async () => {
    const { first, second, token } = await setUp()
    const next = await first.get(request(), token)
    await settle()
    expect(next.expiresAt).toBe(token.expiresAt)
    expect(await textOf(second.get(request(), token))).toBe(next.value)
    expect(second.signed.count).toBe(0)
    expect(await textOf(second.get(request(), next))).not.toBe(next.value)
  })

  it('may be an earlier one of another key, which takes over again', async () => {
    const { clock, second, token } = await setUp()
    clock.pass(100)
    const elsewhere = new Token('Bearer a.b.c', {
      issuer: `${token.issuer}2`,
      audience: token.audience,
      issuedAt: clock.now() - 30,
      freshUntil: clock.now(),
      expiresAt: clock.now() + lifetime,
    })
    expect(await textOf(second.get(request(), elsewhere))).toBe(token.value)
  })
})

describe('a lock', () => {
  it('has one of eight processes sign for all of them at a cold start', async () => {
    const memory = memoryStore()
    const clock = standingClock()
    const open = gate()
    const processes = Array.from({ length: 8 }, () =>
      startProcess({ store: memory.store, clock, key: pem, wait: () => open.promise }),
    )
    const tokens = processes.map(({ get }) => textOf(get(request())))
    setTimeout(open.resolve, 100)
    expect(new Set(await Promise.all(tokens)).size).toBe(1)
    expect(processes.reduce((sum, { signed }) => sum + signed.count, 0)).toBe(1)
    await settle()
    expect(memory.locks()).toEqual([])
  })

  it('outlives the mint that it is for', async () => {
    const { memory } = await setUp({ signTimeout: 7 })
    const [, ttl] = [...memory.ttls].find(([key]) => key.endsWith(':lock')) ?? []
    expect(ttl).toBe(8_000)
  })

  it('is followed by another look at the store, and let go if the token is there now', async () => {
    const { memory, common, token } = await setUp()
    let looks = 0
    const get = async (key: string) => (looks++ === 0 ? undefined : memory.store.get(key))
    const late = startProcess({ ...common, store: { ...memory.store, get } })
    expect(await textOf(late.get(request()))).toBe(token.value)
    await settle()
    expect([late.signed.count, looks, memory.locks()]).toEqual([0, 2, []])
  })

  it('is let go by a process whose signer fails, for the next one to try', async () => {
    const memory = memoryStore()
    const clock = standingClock()
    const common = { store: memory.store, clock, key: pem }
    const open = gate()
    const failing = startProcess({ ...common, wait: () => open.promise })
    const waiting = startProcess(common)
    const failed = expect(failing.get(request())).rejects.toMatchObject({
      code: 'ERR_SIGNER_FAILED',
    })
    await settle()
    const token = waiting.get(request())
    await settle()
    expect(waiting.signed.count).toBe(0)
    open.reject(new Error('no route to the vault'))
    await failed
    expect(await textOf(token)).toBeTruthy()
    expect(waiting.signed.count).toBe(1)
  })

  it('that its holder never lets go holds nobody up for longer than signTimeout', async () => {
    const memory = memoryStore()
    const clock = { ...standingClock(), monotonic: () => performance.now() / 1_000 }
    const add = async (key: string, value: string, ttlMs: number) => {
      if (!memory.values.has(key)) await memory.store.add(key, 'a dead process', ttlMs)
      return memory.store.add(key, value, ttlMs)
    }
    const store = { ...memory.store, add }
    const { get, signed } = startProcess({ store, clock, key: pem, signTimeout: 0.1 })
    const { value } = await get(request())
    await settle()
    expect(signed.count).toBe(1)
    expect(memory.tokens()).toEqual([value])
    expect([...memory.values.values()]).toContain('a dead process')
    expect(memory.asked.filter((operation) => operation === 'add').length).toBeLessThan(8)
  })

  it('is left out where a store cannot add and remove', async () => {
    const { store, asked, tokens } = memoryStore()
    const plain = { get: store.get, set: store.set, add: store.add }
    const { get, signed } = startProcess({ store: plain, clock: standingClock(), key: pem })
    const { value } = await get(request())
    await settle()
    expect([asked, tokens(), signed.count]).toEqual([['get', 'set'], [value], 1])
  })
})

describe('invalidated tokens', () => {
  const all = { partner: undefined, keyId: undefined, token: undefined }

  it.each([
    ['all', all],
    ['those of the partner', { ...all, partner: 'hotels' }],
    ['those of the key', { ...all, keyId: 'webserver' }],
  ])('do not come back out of the store: %s', async (_, what) => {
    const { clock, first, second, token } = await setUp()
    second.invalidate(what, [])
    clock.pass(6)
    const next = await second.get(request())
    await settle()
    expect(next.value).not.toBe(token.value)
    clock.pass(1)
    second.invalidate({ ...all, partner: 'air' }, [])
    second.invalidate({ ...all, keyId: 'other' }, [])
    expect(await textOf(second.get(request()))).toBe(next.value)
    expect(await textOf(first.get(request()))).toBe(next.value)
  })

  it('do not come back once their partner’s clock is known to be slow', async () => {
    const { clock, second, token } = await setUp()
    clock.pass(10)
    second.invalidate(all, [])
    second.learn(-300)
    // By that clock the token lives longer, and is not to seem younger
    clock.pass(300)
    expect(await textOf(second.get(request()))).not.toBe(token.value)
  })

  it.each([
    ['5 s after it, by a clock that may be ahead,', 5, 1],
    ['later', 6, 0],
  ])('are those minted until %s', async (_, seconds, signatures) => {
    const { common, clock, second } = await setUp({ store: memoryStore().store })
    second.invalidate(all, [])
    const ahead = { ...clock, now: () => clock.now() + seconds }
    const theirs = startProcess({ ...common, clock: ahead })
    await theirs.get(request({ scope: ['read'] }))
    await settle()
    clock.pass(1)
    await second.get(request({ scope: ['read'] }))
    expect(second.signed.count).toBe(signatures)
  })

  it('are deleted from the store, if it can', async () => {
    const { memory, second } = await setUp()
    second.invalidate(all, [request()])
    await settle()
    expect(memory.tokens()).toEqual([])
    const { get, set } = memory.store
    const plain = startProcess({ store: { get, set }, clock: standingClock(), key: pem })
    plain.invalidate(all, [request()])
    await settle()
    expect(plain.failures).toEqual([])
  })

  it('are remembered, however often others are invalidated', async () => {
    const { clock, second, token } = await setUp()
    second.invalidate({ ...all, partner: 'hotels' }, [])
    clock.pass(1)
    for (let time = 0; time < 2_000; time += 1) second.invalidate({ ...all, partner: 'air' }, [])
    expect(await textOf(second.get(request()))).not.toBe(token.value)
  })

  it('named by value are those alone', async () => {
    const { clock, memory, second, token } = await setUp()
    second.invalidate({ ...all, token: 'another' }, [])
    expect(await textOf(second.get(request()))).toBe(token.value)
    second.invalidate({ ...all, token: token.value }, [])
    clock.pass(1)
    const next = await textOf(second.get(request()))
    expect(next).not.toBe(token.value)
    await settle()
    memory.overwrite(token.value)
    expect(await textOf(second.get(request()))).not.toBe(token.value)
  })
})
