import { stat } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readStore, type TokenStore } from '../../src/tokens/store.js'
import { codeOf, gate, newKey, settle } from '../support.js'
import { memoryStore, request, standingClock, startProcess } from './fleet.js'

const { pem } = newKey()

const unhandled = vi.fn()
beforeEach(() => process.on('unhandledRejection', unhandled))
afterEach(async () => {
  await settle()
  process.off('unhandledRejection', unhandled)
  expect(unhandled).not.toHaveBeenCalled()
})

const never = () => new Promise<never>(() => {})
const reject = () => Promise.reject(new Error('no route to the store'))
const raise = () => {
  throw new Error('not connected')
}
const broken: [string, TokenStore][] = [
  ['rejects', { get: reject, set: reject, delete: reject, add: reject, remove: reject }],
  ['throws', { get: raise, set: raise, delete: raise, add: raise, remove: raise }],
  ['never answers', { get: never, set: never, delete: never, add: never, remove: never }],
]
const all = { partner: undefined, keyId: undefined, token: undefined }

/** Counts what a store is asked. */
function counted(store: TokenStore) {
  const asked = { count: 0 }
  const counting = Object.fromEntries(
    Object.entries(store).map(([name, method]) => [
      name,
      (...args: never[]) => {
        asked.count += 1
        return (method as (...args: never[]) => unknown)(...args)
      },
    ]),
  ) as unknown as TokenStore
  return { asked, store: counting }
}

describe.each(broken)('a store that %s', (_, store) => {
  it('fails no call, and is left alone after three failures', async () => {
    const { asked, store: counting } = counted(store)
    const { get, signed } = startProcess({ store: counting, clock: standingClock(), key: pem })
    for (let call = 1; call <= 50; call += 1) {
      expect((await get(request({ lifetime: 1_000 + call }))).value).toBeTruthy()
    }
    expect(signed.count).toBe(50)
    expect(asked.count).toBeLessThanOrEqual(4)
  })

  it('is asked by many calls at once, and told of each failure', async () => {
    const { get, failures } = startProcess({ store, clock: standingClock(), key: pem })
    const calls = Array.from({ length: 20 }, (_, index) => get(request({ lifetime: 60 + index })))
    expect(new Set((await Promise.all(calls)).map(({ value }) => value)).size).toBe(20)
    expect(failures.length).toBeGreaterThanOrEqual(20)
    expect(new Set(failures.map(({ operation }) => operation))).toContain('get')
  })

  it('is tried again after a pause, behind a call', async () => {
    const memory = memoryStore()
    let isBroken = true
    const mended = Object.fromEntries(
      Object.keys(memory.store).map((name) => {
        const key = name as keyof typeof memory.store
        const working = memory.store[key] as (...args: string[]) => unknown
        return [
          name,
          (...args: string[]) =>
            isBroken ? store[key]?.(...(args as [never, never, never])) : working(...args),
        ]
      }),
    ) as unknown as TokenStore
    const clock = standingClock()
    const { get, failures } = startProcess({ store: mended, clock, key: pem })
    while (failures.length < 3) {
      await get(request())
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    isBroken = false
    await get(request())
    await settle()
    expect(memory.asked).toEqual([])
    clock.pass(60)
    await get(request())
    await settle()
    expect(memory.asked).toEqual(['set'])
    const { value } = await get(request())
    expect(memory.tokens()).toEqual([value])
  })

  it('in one of its methods alone fails no call either', async () => {
    const memory = memoryStore()
    for (const part of ['get', 'set', 'remove', 'add'] as const) {
      const half = { ...memory.store, [part]: store[part] } as TokenStore
      const { get, signed } = startProcess({ store: half, clock: standingClock(), key: pem })
      expect((await get(request())).value).toBeTruthy()
      expect(signed.count).toBe(1)
      memory.values.clear()
    }
  })

  it('makes invalidating no worse', async () => {
    const { invalidate } = startProcess({ store, clock: standingClock(), key: pem })
    expect(invalidate(all, [request()])).toBeUndefined()
  })
})

describe('an answer that comes too late', () => {
  it('with a token is dropped', async () => {
    const memory = memoryStore()
    const common = { clock: standingClock(), key: pem }
    const { value } = await startProcess({ ...common, store: memory.store }).get(request())
    await settle()
    const open = gate<string>()
    const store = { ...memory.store, get: () => open.promise }
    const { get, signed } = startProcess({ ...common, store })
    await get(request())
    open.resolve(value)
    await settle()
    expect(signed.count).toBe(1)
  })

  it('for a busy process, while it was there in time, is not', async () => {
    const memory = memoryStore()
    const common = { clock: standingClock(), key: pem }
    const { value } = await startProcess({ ...common, store: memory.store }).get(request())
    const get = async (key: string) => {
      await stat('.')
      return memory.values.get(key)
    }
    const { signed, ...busy } = startProcess({ ...common, store: { ...memory.store, get } })
    const token = busy.get(request())
    const until = performance.now() + 300
    while (performance.now() < until);
    expect((await token).value).toBe(value)
    expect([signed.count, busy.failures]).toEqual([0, []])
  })

  it('with the lock lets it go', async () => {
    const memory = memoryStore()
    const open = gate()
    const add: typeof memory.store.add = async (...args) => {
      await open.promise
      return memory.store.add(...args)
    }
    const store = { ...memory.store, add }
    const { get } = startProcess({ store, clock: standingClock(), key: pem })
    await get(request())
    open.resolve()
    await settle()
    expect(memory.asked).toContain('add')
    expect(memory.locks()).toEqual([])
  })

  it('with an error ends nothing', async () => {
    const memory = memoryStore()
    const open = gate<string>()
    const store = { ...memory.store, get: () => open.promise }
    const { get, failures } = startProcess({ store, clock: standingClock(), key: pem })
    expect((await get(request())).value).toBeTruthy()
    open.reject(new Error('gone'))
    await settle()
    expect(failures).toEqual([{ operation: 'get', reason: 'timeout' }])
  })
})

describe('a store option', () => {
  it.each([
    ['a string', 'redis://localhost', 'store'],
    ['null', null, 'store'],
    ['without set', { ...memoryStore().store, set: undefined }, 'store.set'],
    ['with a lock that is none', { ...memoryStore().store, add: true }, 'store.add'],
  ])('%s is refused', (_, store, where) => {
    expect(codeOf(() => readStore(store, 'store'))).toBe('ERR_INVALID_OPTION')
    expect(() => readStore(store, 'store')).toThrow(`${where}: expected`)
  })

  it('may be an instance whose methods need it, and answer at once', async () => {
    class Plain {
      readonly values = new Map<string, string>()
      get(key: string) {
        return this.values.get(key)
      }
      set(key: string, value: string) {
        this.values.set(key, value)
      }
      delete(key: string) {
        return this.values.delete(key)
      }
    }
    const store = readStore(new Plain(), 'store')
    const common = { store, clock: standingClock(), key: pem }
    const [first, second] = [startProcess(common), startProcess(common)]
    const { value } = await first.get(request())
    expect((await second.get(request())).value).toBe(value)
    second.invalidate(all, [request()])
    expect((store as Plain).values.size).toBe(0)
    expect([...first.failures, ...second.failures]).toEqual([])
  })
})
