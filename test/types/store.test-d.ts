import { Cluster, Redis } from 'ioredis'
import Keyv from 'keyv'
import { createClient, createClientPool, createCluster } from 'redis'
import { expectTypeOf } from 'vitest'
import type { TokenStore } from '../../src/index.js'
import { encryptedStore } from '../../src/store/encrypted.js'
import { redisStore } from '../../src/store/redis.js'

expectTypeOf(redisStore(new Redis())).toEqualTypeOf<TokenStore>()
expectTypeOf(redisStore(new Cluster([]), { prefix: 'shop:' })).toEqualTypeOf<TokenStore>()
expectTypeOf(redisStore(createClient())).toEqualTypeOf<TokenStore>()
expectTypeOf(redisStore(createClientPool())).toEqualTypeOf<TokenStore>()
expectTypeOf(redisStore(createCluster({ rootNodes: [] }))).toEqualTypeOf<TokenStore>()
expectTypeOf(new Keyv()).toExtend<TokenStore>()
expectTypeOf(encryptedStore(new Keyv(), process.env.STORE_KEY)).toEqualTypeOf<TokenStore>()

// @ts-expect-error not a client
redisStore(new Keyv())
