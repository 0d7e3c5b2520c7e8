import { Redis } from 'ioredis'
import type { redisStore } from 'orgid-bearer/store/redis'
import { createClient } from 'redis'

type RedisClient = Parameters<typeof redisStore>[0]

/** A client as its documentation sets it up, and how it is closed. */
export interface ConnectedClient {
  readonly client: RedisClient
  close(): void
}

export const clients = {
  ioredis: async (port: number): Promise<ConnectedClient> => {
    const client = new Redis(port, '127.0.0.1', { lazyConnect: true })
    client.on('error', () => {})
    await client.connect()
    return { client, close: () => client.disconnect() }
  },
  'node-redis': async (port: number): Promise<ConnectedClient> => {
    const client = createClient({ socket: { host: '127.0.0.1', port } })
    client.on('error', () => {})
    await client.connect()
    return { client, close: () => client.destroy() }
  },
}

export type ClientName = keyof typeof clients
export const clientNames = Object.keys(clients) as readonly ClientName[]
