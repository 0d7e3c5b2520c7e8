import type { KeyObject } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import axios from 'axios'
import { Redis } from 'ioredis'
import { createOrgidAuth, type OrgidAuth, orgJsonEntries } from 'orgid-bearer'
import { attachAuth } from 'orgid-bearer/axios'
import { pkcs11Signer } from 'orgid-bearer/signers/pkcs11'
import { redisStore } from 'orgid-bearer/store/redis'
import { startPartner, type TestPartner } from 'orgid-bearer/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { softHsm } from '../signers/softhsm.js'
import { startRedis } from '../store/redis-server.js'
import { did } from '../support.js'
import { redisIsMissing, softHsmIsMissing } from '../tools.js'

const issuer = did('a')
/** Seconds. */
const lifetime = 3_600

/** Two processes of a service, and two partners, in a time that passes as told. */
async function startFleet() {
  const hsm = softHsm()
  const redis = await startRedis()
  const clients: Redis[] = []
  const close: (() => unknown)[] = [hsm.close, () => redis.stop()]
  onTestFinished(async () => {
    for (const client of clients) client.disconnect()
    for (const end of close.reverse()) await end()
  })

  let elapsed = 0
  const start = Date.now() / 1_000
  const now = () => start + elapsed

  const open = async (label: string) => {
    const { pkcs11, token, pin } = hsm
    const signer = await pkcs11Signer({ pkcs11, token, pin, label, reinitialize: true })
    close.push(() => signer.close())
    return signer
  }
  const first = await open(hsm.label)
  const partners: TestPartner[] = []
  for (const digit of ['b', 'c']) {
    const partner = await startPartner({
      did: did(digit),
      profile: 'current',
      orgJson: documentOf({ webserver: hsm.publicKey }),
      now,
    })
    close.push(() => partner.close())
    partners.push(partner)
  }
  const [prompt, stale] = partners as [TestPartner, TestPartner]

  const auths = [0, 1].map(() => {
    const client = new Redis({ port: redis.port, maxRetriesPerRequest: 1 })
    client.on('error', () => {})
    clients.push(client)
    return createOrgidAuth({
      issuer,
      keys: [{ id: 'webserver', key: first }],
      store: redisStore(client),
      lifetime,
      now,
      partners: partners.map(({ did: of, origin }, index) => ({
        name: `partner${index}`,
        did: of as string,
        origin,
        allowLoopbackHttp: true,
      })),
    })
  })
  const services = auths.map((auth) => {
    const http = axios.create()
    attachAuth(http, auth)
    return http
  })

  const failed: unknown[] = []
  let calls = 0
  /** Both processes call both partners, every two minutes, for so many seconds. */
  const pass = async (seconds: number, step = 120) => {
    for (const end = elapsed + seconds; elapsed < end; ) {
      elapsed += step
      for (const service of services) {
        for (const partner of partners) {
          calls += 1
          await service.post(partner.url('/bookings'), { nights: 2 }).catch((error: unknown) => {
            failed.push(error)
          })
        }
      }
    }
  }
  return { hsm, redis, auths, prompt, stale, open, now, pass, failed, calls: () => calls }
}

function documentOf(keys: Readonly<Record<string, KeyObject>>) {
  const methods = Object.entries(keys).flatMap(
    ([name, key]) => orgJsonEntries(`${issuer}#${name}`, key).verificationMethod,
  )
  return { id: issuer, verificationMethod: methods }
}

/** Waits, in real time, until it is so: what backs off does so by the real clock. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await condition()) return
    await wait(50)
  }
  throw new Error('it did not come true within ten seconds')
}

const errorsOf = (auth: OrgidAuth) => auth.status().partners.map((one) => one.lastError?.code)
const keysOf = (auth: OrgidAuth) => auth.status().partners.map(({ keyId }) => keyId)

describe.skipIf(softHsmIsMissing() || redisIsMissing())('a service on an HSM with Redis', () => {
  it('keeps calling while the HSM is gone for half a lifetime, Redis stops, and a key is rotated', async () => {
    const fleet = await startFleet()
    const { hsm, redis, auths, prompt, stale, pass, failed } = fleet
    await pass(1_200)
    expect(failed).toEqual([])
    // One signature a partner, for both processes: each got the tokens of the other
    expect([prompt, stale].map(({ tokens }) => tokens.length)).toEqual([1, 1])

    redis.pause()
    await pass(240)
    hsm.remove()
    // Long enough for every token to be due; none can be refreshed
    await pass(lifetime / 2)
    expect(failed).toEqual([])
    expect([prompt, stale].map(({ tokens }) => tokens.length)).toEqual([1, 1])
    // A refresh waits for the paused store in real time, while the clock here is our own
    await until(() => auths.flatMap(errorsOf).some((code) => code?.startsWith('ERR_SIGNER')))

    hsm.restore()
    await until(async () => {
      await pass(1, 1)
      return prompt.tokens.length >= 2 && stale.tokens.length >= 2
    })
    await redis.kill()
    await pass(2 * lifetime)
    expect(failed).toEqual([])

    const second = hsm.newKey({ label: 'second', id: Buffer.from([2]) }) as KeyObject
    const both = documentOf({ webserver: hsm.publicKey, webserver2: second })
    prompt.orgJson = both
    const key = await fleet.open('second')
    for (const auth of auths) auth.addKey({ id: 'webserver2', key })
    await pass(lifetime)
    expect(auths.map(keysOf)).toEqual([
      ['webserver2', 'webserver'],
      ['webserver2', 'webserver'],
    ])

    stale.orgJson = both
    await pass(4 * lifetime)
    expect(auths.map(keysOf)).toEqual([
      ['webserver2', 'webserver2'],
      ['webserver2', 'webserver2'],
    ])
    for (const auth of auths) auth.invalidate({ keyId: 'webserver' })
    await pass(lifetime)

    expect(failed).toEqual([])
    expect(prompt.acceptedCount + stale.acceptedCount).toBe(fleet.calls())
    expect(prompt.refusedCount).toBe(0)
    // It was asked again and again whether it takes the new key, and not at every call
    expect(stale.refusedCount).toBeGreaterThan(0)
    expect(stale.refusedCount).toBeLessThan(10)
  }, 120_000)
})
