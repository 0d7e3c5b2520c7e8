import { describe } from '../errors.js'
import { invalidOption } from '../options.js'

/**
 * A second level of the token cache, shared by the processes of a fleet: anything that keeps
 * strings for a while. A `Keyv` is one as it is; `redisStore` makes one of a Redis client.
 *
 * Nothing in it is trusted, and nothing depends on it: each value that is read is verified as a
 * token of this very request and key, and what fails, hangs or is wrong counts as absent. Every
 * method may return its result or a promise of it, and may throw.
 */
export interface TokenStore {
  /** What was set under the key. Whatever is no string counts as nothing. */
  get(key: string): string | null | undefined | Promise<string | null | undefined>
  /** Keeps a value for so many milliseconds, in the place of the one before. */
  set(key: string, value: string, ttlMs: number): unknown
  /** Lets invalidated tokens go at once; without it they stay until they expire, and are passed over. */
  delete?(key: string): unknown
  /**
   * Sets a value unless the key has one, in one step, and tells whether it did. With this and
   * `remove` one process of a fleet mints while the others wait for its token; without, each that
   * finds none mints its own.
   */
  add?(key: string, value: string, ttlMs: number): boolean | Promise<boolean>
  /** Deletes the key if this is still its value, in one step. */
  remove?(key: string, value: string): unknown
}

const needed = ['get', 'set'] as const
const optional = ['delete', 'add', 'remove'] as const

/**
 * Checks the `store` option. Methods may be inherited: stores are instances of classes.
 *
 * @throws OrgidAuthError `ERR_INVALID_OPTION`
 * @internal
 */
export function readStore(input: unknown, where: string): TokenStore {
  if (typeof input !== 'object' || input === null) {
    throw invalidOption(where, 'an object with the methods get and set', describe(input))
  }
  const store = input as Record<string, unknown>
  for (const name of [...needed, ...optional]) {
    const method = store[name]
    if (typeof method === 'function') continue
    if (method === undefined && optional.some((other) => other === name)) continue
    throw invalidOption(
      `${where}.${name}`,
      'a function',
      describe(method),
      'For a Redis client use redisStore(client)',
    )
  }
  return input as TokenStore
}
