import { redisStore } from 'orgid-bearer/store/redis'
import { createOrgidAuth } from '../../src/index.js'
import { did } from '../support.js'
import { type ClientName, clients } from './clients.js'

// Run by fleet.test.ts in processes of their own: one service of a fleet, whose key is elsewhere.

/** What such a process is started with. */
export interface FleetMember {
  readonly redisPort: number
  readonly client: ClientName
  /** Where signatures are made: POST the input, get 64 bytes. */
  readonly signer: string
  readonly publicKey: string
}

const member = JSON.parse(process.argv[2] as string) as FleetMember
const { client } = await clients[member.client](member.redisPort)
const auth = createOrgidAuth({
  issuer: `${did('a')}#webserver`,
  key: {
    alg: 'ES256K',
    publicKey: member.publicKey,
    sign: async (input, { signal }) => {
      const body = Buffer.from(input)
      const response = await fetch(member.signer, { method: 'POST', body, signal: signal ?? null })
      return new Uint8Array(await response.arrayBuffer())
    },
  },
  partners: [{ name: 'hotels', did: did('b'), origin: 'https://api.hotels.example' }],
  store: redisStore(client),
  signTimeout: 60,
})

process.on('message', async (kind: string) => {
  const { value } = await auth.token('hotels', { claims: { kind } })
  process.send?.(value)
})
process.on('disconnect', () => process.exit())
// Once by itself, so that the fleet does not wait for one that loads what it needs to sign
await auth.token('hotels', { claims: { kind: process.pid } })
process.send?.('ready')
