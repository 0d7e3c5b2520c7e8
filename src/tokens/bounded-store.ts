import { randomUUID } from 'node:crypto'
import type { StoreFailedEvent } from '../events.js'
import { createBreaker } from './breaker.js'
import type { Clock } from './clock.js'
import type { TokenStore } from './store.js'

/** Lets a lock go. @internal */
export type Release = () => void

/**
 * A store that takes its time no longer than a deadline, and is left alone where it fails.
 *
 * @internal
 */
export interface BoundedStore {
  /** @throws (rejected) when there is no answer in time, or the store is left alone. */
  get(key: string): Promise<unknown>
  /** Behind calls; never rejects. */
  set(key: string, value: string, ttlMs: number): Promise<void>
  /** Behind calls; never rejects. */
  delete(key: string): Promise<void>
  readonly hasLocks: boolean
  /**
   * Takes the lock of a key, for so long at most.
   *
   * @returns what lets it go; undefined if another has it.
   * @throws (rejected) as `get`.
   */
  lock(key: string, ttlMs: number): Promise<Release | undefined>
}

/** @internal */
export interface BoundedStoreOptions {
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly onFailure?: ((failure: StoreFailedEvent) => void) | undefined
}

/** Milliseconds that a store may take for an answer: clients of Redis by themselves wait for ever. */
const deadlineMs = 250

/** @internal */
export function boundStore(store: TokenStore, options: BoundedStoreOptions): BoundedStore {
  const { onFailure } = options
  const breaker = createBreaker(options)

  /** @param late what to do with an answer that nobody waits for any more. */
  const ask = <T>(
    operation: StoreFailedEvent['operation'],
    question: () => T | PromiseLike<T>,
    late?: (answer: T) => void,
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      let isOver = false
      const end = (reason?: 'timeout' | 'error') => {
        isOver = true
        clearTimeout(timer)
        if (reason === undefined) return breaker.succeeded()
        breaker.failed()
        onFailure?.({ operation, reason })
        reject(new Error(`store: ${operation} ended with ${reason}`))
      }
      const endUnanswered = () => {
        if (!isOver) end('timeout')
      }
      // An answer may be there that a busy event loop has not read: immediates come after it
      const timer = setTimeout(() => setImmediate(endUnanswered), deadlineMs)
      const answered = (answer: T) => {
        if (isOver) return late?.(answer)
        end()
        resolve(answer)
      }
      const failed = () => {
        if (!isOver) end('error')
      }
      // Its own async function, so that what is thrown is rejected
      const asked = async () => question()
      asked().then(answered, failed)
    })

  const awaited: typeof ask = (...question) =>
    breaker.allows(true) ? ask(...question) : Promise.reject(new Error('store: left alone'))

  const behind = async (operation: 'set' | 'delete', question: () => unknown): Promise<void> => {
    if (!breaker.allows(false)) return
    await ask(operation, question).catch(() => {})
  }

  const lock: BoundedStore['lock'] = async (key, ttlMs) => {
    const name = `${key}:lock`
    const owner = randomUUID()
    const release = () => void behind('delete', () => store.remove?.(name, owner))
    const take = () => store.add?.(name, owner, ttlMs)
    const isOurs = await awaited('add', take, (isLate) => isLate === true && release())
    return isOurs === true ? release : undefined
  }

  return {
    get: (key) => awaited('get', () => store.get(key)),
    set: (key, value, ttlMs) => behind('set', () => store.set(key, value, ttlMs)),
    delete: (key) => behind('delete', () => store.delete?.(key)),
    hasLocks: store.add !== undefined && store.remove !== undefined,
    lock,
  }
}
