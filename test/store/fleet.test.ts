import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { localSigner } from '../../src/signers/local.js'
import { verifyToken } from '../../src/verify.js'
import { did, newKey } from '../support.js'
import { redisIsMissing } from '../tools.js'
import { clientNames } from './clients.js'
import type { FleetMember } from './fleet-process.js'
import { startRedis } from './redis-server.js'

const { pem, publicKey } = newKey()
const script = fileURLToPath(new URL('fleet-process.ts', import.meta.url))

const opened: (() => unknown)[] = []
const close = async () => {
  for (const end of opened.splice(0).reverse()) await end()
}

/** A key service on loopback that counts what it is asked for, and answers as it is told to. */
async function startSigner() {
  const local = localSigner(pem, { backend: 'noble' })
  const signer = {
    url: '',
    asked: 0,
    answer: (_asked: number, respond: () => void): void => respond(),
  }
  const server = createServer(async (request, response) => {
    const input = Buffer.concat(await request.toArray())
    signer.asked += 1
    signer.answer(signer.asked, async () => void response.end(await local.sign(input, {})))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.push(() => {
    server.closeAllConnections()
    server.close()
  })
  signer.url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  return signer
}

/** Eight processes, half of them with either client, that ask for a token when they are told to. */
async function startFleet(signer: string): Promise<readonly ChildProcess[]> {
  const redis = await startRedis()
  opened.push(() => redis.stop())
  const fleet = [...clientNames, ...clientNames, ...clientNames, ...clientNames].map((client) => {
    const member: FleetMember = {
      redisPort: redis.port,
      client,
      signer,
      publicKey: publicKey.export({ format: 'pem', type: 'spki' }) as string,
    }
    const child = fork(script, [JSON.stringify(member)], { execArgv: ['--import', 'tsx'] })
    opened.push(() => child.kill('SIGKILL'))
    return child
  })
  await Promise.all(fleet.map(messageOf))
  return fleet
}

async function messageOf(child: ChildProcess): Promise<string> {
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`fleet-process.ts ended with ${code}`)
  })
  const [message] = (await Promise.race([once(child, 'message'), failed])) as [string]
  return message
}

async function tokenOf(child: ChildProcess, kind: string): Promise<string> {
  const answer = messageOf(child)
  child.send(kind)
  const token = await answer
  await verifyToken(token, { audience: did('b'), key: publicKey })
  return token
}

describe.skipIf(redisIsMissing())('a fleet of eight processes that share a Redis', () => {
  let signer: Awaited<ReturnType<typeof startSigner>>
  let fleet: readonly ChildProcess[]
  beforeAll(async () => {
    signer = await startSigner()
    fleet = await startFleet(signer.url)
  }, 180_000)
  afterAll(close)

  // A process that gets no time of the machine's for as long as the store has to answer in signs
  // for itself, and should: then the cold start is made again, of another kind of token
  let attempt = 0
  it('makes one signature at a cold start', { retry: 3 }, async () => {
    attempt += 1
    const before = signer.asked
    signer.answer = (_, respond) => setTimeout(respond, 50)
    const tokens = await Promise.all(fleet.map((child) => tokenOf(child, `cold ${attempt}`)))
    expect(new Set(tokens).size).toBe(1)
    expect(signer.asked - before).toBe(1)
  })

  it('goes on when the process that is signing for it is killed', async () => {
    const before = signer.asked
    const [holder, ...others] = fleet as [ChildProcess, ...ChildProcess[]]
    const isSigning = new Promise<void>((resolve) => {
      signer.answer = (asked, respond) => (asked === before + 1 ? resolve() : respond())
    })
    holder.send('left')
    await isSigning
    const tokens = others.map((child) => tokenOf(child, 'left'))
    holder.kill('SIGKILL')
    expect(await Promise.all(tokens)).toHaveLength(7)
    expect(signer.asked - before).toBeGreaterThanOrEqual(2)
    expect(signer.asked - before).toBeLessThanOrEqual(8)
  })
})
