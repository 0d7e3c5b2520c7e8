import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as main from '../../src/index.js'
import { createOrgidAuth, type OrgidAuth } from '../../src/index.js'
import { startStranger, type TestPartner } from '../../src/testing/index.js'
import { secretParts, shownBy } from '../secrets.js'
import { did, newKey } from '../support.js'
import { type Client, type Sending, transports } from '../transports/every.js'
import { type BrokenServer, startBrokenServer } from './broken-server.js'

const { pem } = newKey()
let server: BrokenServer
let air: TestPartner
let auth: OrgidAuth
beforeAll(async () => {
  server = await startBrokenServer()
  air = await startStranger()
  const allowLoopbackHttp = true
  auth = createOrgidAuth({
    issuer: `${did('a')}#webserver`,
    key: pem,
    partners: [
      { name: 'hotels', did: did('b'), origin: server.origin, allowLoopbackHttp },
      { name: 'air', did: did('c'), origin: air.origin, allowLoopbackHttp },
    ],
  })
})
afterAll(() => Promise.all([server.close(), air.close()]))
beforeEach(() => {
  server.received.length = 0
  air.reset()
})

/** Aborts once the server has seen a request. */
function abortWhenSeen(): Sending {
  const controller = new AbortController()
  server.seen().then(() => setTimeout(() => controller.abort(new Error('enough')), 20))
  return { signal: controller.signal }
}

const nothing = (): Sending => ({})

const outcomes: readonly (readonly [name: string, path: string, sending: () => Sending])[] = [
  ['a result', '/json', nothing],
  ['the result of a call with a body', '/json', () => ({ method: 'POST', body: 'nights=2' })],
  ['a failure', '/500', nothing],
  ['a refusal', '/401', nothing],
  ['a repeated call', '/once/401', nothing],
  ['a redirected call', '/redirect', nothing],
  ['a connection that was reset', '/reset', nothing],
  ['a connection that was closed', '/close', nothing],
  ['a body that broke off', '/truncated', nothing],
  ['an answer that is no HTTP', '/garbage', nothing],
  ['a call left without an answer', '/silent', abortWhenSeen],
  ['a call left in the middle of a head', '/slow-head', abortWhenSeen],
  ['a call left in the middle of a body', '/open-body', abortWhenSeen],
]

describe.each(transports)('$name shows no token', ({ open }) => {
  let client: Client
  beforeEach(() => {
    client = open(auth)
  })
  afterEach(() => client.close())

  it.each(outcomes)('in %s', async (_, path, sending) => {
    const outcome: unknown = await client
      .send(server.origin + path, sending())
      .catch((error: unknown) => error)
    const raw = (outcome as { raw?: unknown }).raw ?? outcome
    const sent = [...server.received, ...air.requests.map(({ authorization }) => authorization)]
    // The server did see it, or the search below would prove nothing
    expect(sent[0]).toMatch(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/)
    const shown = shownBy(raw)
    for (const authorization of sent) {
      for (const part of secretParts(String(authorization))) expect(shown).not.toContain(part)
    }
  })
})

describe('no secret is shown', () => {
  const key = '0123456789abcdef'.repeat(4).slice(1)
  const secrets = () => [...pem.split('\n').slice(1, -2), key]

  it('by anything that this package exports, or that an auth hands out', async () => {
    const token = await auth.token('hotels')
    const signer = main.localSigner(pem)
    const parts = secretParts(`Bearer ${token.value}`)
    for (const value of [main, auth, token, signer, auth.status()]) {
      for (const options of [{}, { showHidden: true }, { showHidden: true, getters: true }]) {
        const shown = inspect(value, { depth: Number.POSITIVE_INFINITY, ...options })
        for (const part of [...parts, ...secrets()]) expect(shown).not.toContain(part)
      }
      for (const part of [...parts, ...secrets()]) expect(shownBy(value)).not.toContain(part)
    }
  })

  it('by the error of any option, wherever a secret was put by mistake', async () => {
    const partner = { name: 'p', did: did('c'), origin: 'https://p.example' }
    const good = { issuer: `${did('a')}#webserver`, key: pem, partners: [partner] }
    const token = (await auth.token('hotels')).value
    const tries: unknown[] = []
    for (const secret of [pem, key, token, `Bearer ${token}`]) {
      for (const name of ['issuer', 'key', 'keys', 'partners', 'lifetime', 'strict', 'now']) {
        tries.push({ ...good, [name]: secret })
        tries.push({ ...good, [name]: [secret] })
      }
      for (const name of ['name', 'did', 'origin', 'pathPrefix', 'issuer', 'scope', 'claims']) {
        tries.push({ ...good, partners: [{ ...partner, [name]: secret }] })
      }
      tries.push({ ...good, [secret]: true })
    }
    let refused = 0
    for (const options of tries) {
      try {
        createOrgidAuth(options as never)
      } catch (error) {
        refused += 1
        const shown = shownBy(error) + inspect(error, { showHidden: true, depth: 20 })
        for (const part of [...secretParts(token), ...secrets()]) expect(shown).not.toContain(part)
      }
    }
    expect(refused).toBeGreaterThan(tries.length * 0.8)
  })
})
