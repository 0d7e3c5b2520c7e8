import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createOrgidAuth, isOrgidAuthError, localSigner, type OrgidAuth } from '../../src/index.js'
import { did, newKey } from '../support.js'
import { type Client, transports } from '../transports/every.js'
import { type BrokenServer, startBrokenServer } from './broken-server.js'

const { pem } = newKey()
let server: BrokenServer
beforeAll(async () => {
  server = await startBrokenServer()
})
afterAll(() => server.close())

const unhandled = vi.fn()
beforeEach(() => {
  server.received.length = 0
  process.on('unhandledRejection', unhandled)
})
afterEach(() => {
  process.off('unhandledRejection', unhandled)
  expect(unhandled).not.toHaveBeenCalled()
})

function countingAuth() {
  const signer = localSigner(pem)
  const signed = { count: 0 }
  const sign: typeof signer.sign = (input, options) => {
    signed.count += 1
    return signer.sign(input, options)
  }
  const auth: OrgidAuth = createOrgidAuth({
    issuer: `${did('a')}#webserver`,
    key: { alg: 'ES256K', publicKey: signer.publicKey, sign },
    partners: [{ did: did('b'), origin: server.origin, allowLoopbackHttp: true }],
  })
  return { auth, signed }
}

describe.each(transports)('with $name', ({ name, open }) => {
  let client: Client
  let signed: { count: number }
  beforeEach(() => {
    const { auth, signed: counted } = countingAuth()
    signed = counted
    client = open(auth)
  })
  afterEach(() => client.close())

  const answers = async (path: string) => (await client.send(server.origin + path)).status
  const failure = (path: string, signal?: AbortSignal) =>
    client.send(server.origin + path, signal && { signal }).then(
      () => undefined,
      (error: unknown) => error,
    )

  it.each(['/reset', '/close', '/truncated', '/garbage'])(
    'a call that ends in %s fails with the client’s own error, is not repeated, and disturbs no other',
    async (path) => {
      const failures = await Promise.all([failure(path), answers('/json'), failure(path)])
      expect(failures[0]).toBeInstanceOf(Error)
      expect(isOrgidAuthError(failures[0])).toBe(false)
      expect(failures[1]).toBe(200)
      expect(server.received).toHaveLength(3)
      expect(await answers('/json')).toBe(200)
      expect(new Set(server.received).size).toBe(1)
      expect(signed.count).toBe(1)
    },
  )

  it.each(['/silent', '/slow-head', '/open-body'])(
    'a call that ends in %s is left when its signal says so',
    async (path) => {
      const controller = new AbortController()
      server.seen().then(() => setTimeout(() => controller.abort(), 20))
      expect(await failure(path, controller.signal)).toBeInstanceOf(Error)
      expect(await answers('/json')).toBe(200)
      expect(server.received).toHaveLength(2)
      expect(signed.count).toBe(1)
    },
  )

  // axios reads an answer to its end before it says that there is one
  const refusals = name.startsWith('axios') ? [] : ['/once/truncated-401', '/once/open-401']
  it.each(['/once/401', ...refusals])(
    'a 401 of %s is followed by another attempt',
    async (path) => {
      expect(await answers(path)).toBe(200)
      expect(server.received).toHaveLength(2)
      expect(new Set(server.received).size).toBe(2)
      expect(signed.count).toBe(2)
    },
  )
})
