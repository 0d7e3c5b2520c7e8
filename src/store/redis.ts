import { describe } from '../errors.js'
import { invalidOption, readOptions } from '../options.js'
import type { TokenStore } from '../tokens/store.js'

export type { TokenStore } from '../tokens/store.js'

/** What is used of a client or cluster of `ioredis`. */
export interface IoredisClient {
  get(key: string): Promise<string | null>
  set(key: string, value: string, px: 'PX', milliseconds: number): Promise<unknown>
  set(key: string, value: string, px: 'PX', milliseconds: number, nx: 'NX'): Promise<unknown>
  del(key: string): Promise<unknown>
  eval(script: string, keyCount: number, key: string, argument: string): Promise<unknown>
  /** By this one it is told apart. */
  defineCommand(name: string, definition: { readonly lua: string }): unknown
}

/** What is used of a client, pool or cluster of `redis` (node-redis). */
export interface NodeRedisClient {
  get(key: string): Promise<unknown>
  set(
    key: string,
    value: string,
    options: { readonly PX: number; readonly NX?: true },
  ): Promise<unknown>
  del(key: string): Promise<unknown>
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  /** By this one it is told apart. */
  readonly isOpen: boolean
}

/** How a {@link redisStore} names what it keeps. */
export interface RedisStoreOptions {
  /** What all keys begin with, for a Redis that others use as well. Default: nothing. */
  readonly prefix?: string
}

/** The four commands, in the words of either client. */
interface Commands {
  get(key: string): Promise<unknown>
  set(key: string, value: string, ttlMs: number): Promise<unknown>
  setIfAbsent(key: string, value: string, ttlMs: number): Promise<unknown>
  del(key: string): Promise<unknown>
  eval(script: string, key: string, argument: string): Promise<unknown>
}

// A lock that has expired may be another's by now
const removeIfEqual = `
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
return 0`

/**
 * A {@link TokenStore} in Redis, by the client that you have: `ioredis` 5 and 6, or `redis`
 * (node-redis) 4 to 6, single or cluster. It is yours to connect, to close, and to listen to its
 * `error` events.
 *
 * Uses GET, SET with PX and NX, DEL, and EVAL to let a lock go.
 *
 * @throws OrgidAuthError `ERR_INVALID_OPTION`
 *
 * @example
 * ```ts
 * createOrgidAuth({ …, store: redisStore(new Redis({ enableOfflineQueue: false })) })
 * ```
 */
export function redisStore(
  client: IoredisClient | NodeRedisClient,
  options: RedisStoreOptions = {},
): TokenStore {
  const { prefix = '' } = readOptions<RedisStoreOptions>(options, ['prefix'], 'options')
  if (typeof prefix !== 'string') throw invalidOption('prefix', 'a string', describe(prefix))
  const commands = commandsOf(client)
  const named = (key: string) => prefix + key
  return Object.freeze({
    get: async (key: string) => {
      const value = await commands.get(named(key))
      return typeof value === 'string' ? value : undefined
    },
    set: (key: string, value: string, ttlMs: number) => commands.set(named(key), value, ttlMs),
    delete: (key: string) => commands.del(named(key)),
    add: async (key: string, value: string, ttlMs: number) =>
      (await commands.setIfAbsent(named(key), value, ttlMs)) === 'OK',
    remove: (key: string, value: string) => commands.eval(removeIfEqual, named(key), value),
  })
}

function commandsOf(client: IoredisClient | NodeRedisClient): Commands {
  if (isIoredis(client)) {
    return {
      get: (key) => client.get(key),
      set: (key, value, ttlMs) => client.set(key, value, 'PX', ttlMs),
      setIfAbsent: (key, value, ttlMs) => client.set(key, value, 'PX', ttlMs, 'NX'),
      del: (key) => client.del(key),
      eval: (script, key, argument) => client.eval(script, 1, key, argument),
    }
  }
  if (isNodeRedis(client)) {
    return {
      get: (key) => client.get(key),
      set: (key, value, ttlMs) => client.set(key, value, { PX: ttlMs }),
      setIfAbsent: (key, value, ttlMs) => client.set(key, value, { PX: ttlMs, NX: true }),
      del: (key) => client.del(key),
      eval: (script, key, argument) => client.eval(script, { keys: [key], arguments: [argument] }),
    }
  }
  throw invalidOption(
    'client',
    'a client of ioredis, or of redis (node-redis) 4 or later',
    describe(client),
  )
}

function isIoredis(client: unknown): client is IoredisClient {
  return typeof (client as Partial<IoredisClient> | null | undefined)?.defineCommand === 'function'
}

// Version 3, which answers to callbacks, has no such property
function isNodeRedis(client: unknown): client is NodeRedisClient {
  return typeof (client as Partial<NodeRedisClient> | null | undefined)?.isOpen === 'boolean'
}
