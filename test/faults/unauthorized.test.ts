import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createOrgidAuth, localSigner, type PartnerOptions } from '../../src/index.js'
import { startPartner, type TestPartner } from '../../src/testing/index.js'
import { did, newKey } from '../support.js'
import { type Client, type Transport, transports } from '../transports/every.js'

const { pem, publicKey } = newKey()

let hotels: TestPartner
beforeAll(async () => {
  hotels = await startPartner({ did: did('b'), publicKey, profile: 'older' })
})
afterAll(() => hotels.close())

const unhandled = vi.fn()
const clients: Client[] = []
beforeEach(() => {
  hotels.reset()
  process.on('unhandledRejection', unhandled)
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
  process.off('unhandledRejection', unhandled)
  expect(unhandled).not.toHaveBeenCalled()
})

function setUp(open: Transport['open'], partner: Partial<PartnerOptions> = {}, isRemote = false) {
  const local = localSigner(pem)
  const signed = { count: 0 }
  const auth = createOrgidAuth({
    issuer: `${did('a')}#webserver`,
    key: {
      alg: 'ES256K',
      publicKey: local.publicKey,
      sign: (input) => {
        signed.count += 1
        return isRemote ? Promise.resolve(local.sign(input, {})) : local.sign(input, {})
      },
    },
    partners: [
      { name: 'hotels', did: did('b'), origin: hotels.origin, allowLoopbackHttp: true, ...partner },
    ],
  })
  const client = open(auth)
  clients.push(client)
  return { auth, client, signed }
}

describe.each(transports)('with $name, a 401', ({ name, open }) => {
  // Below fetch every body is a stream
  const body = name.includes('Node’s own fetch') ? {} : { method: 'POST', body: 'nights=2' }

  it.each([false, true])(
    'makes the call once more, with another token (remote signer: %s)',
    async (isRemote) => {
      const { client, signed } = setUp(open, {}, isRemote)
      hotels.answer({ status: 401 })
      const { status, text } = await client.send(hotels.url('/'), body)
      expect([status, text]).toEqual([200, '{"ok":true}'])
      expect(hotels.requests.map((request) => request.text)).toEqual(Array(2).fill(body.body ?? ''))
      expect(hotels.tokens).toHaveLength(2)
      expect((await client.send(hotels.url('/'))).status).toBe(200)
      expect(hotels.tokens).toHaveLength(2)
      expect(signed.count).toBe(2)
    },
  )

  it('again is handed over untouched, and costs no more for the time being', async () => {
    const { client, signed } = setUp(open)
    const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
    hotels.answer({ status: 401, times: Number.POSITIVE_INFINITY, headers, body: 'not today' })
    for (let call = 0; call < 20; call += 1) {
      const answer = await client.send(hotels.url('/'))
      expect([answer.status, answer.text]).toEqual([401, 'not today'])
      expect(answer.header('www-authenticate')).toBe('Bearer error="invalid_token"')
    }
    expect(hotels.requests).toHaveLength(21)
    expect(signed.count).toBe(2)
  })

  it('to a streamed body is handed over, and the next call has another token', async () => {
    const { client } = setUp(open)
    const streamed = { method: 'POST', streamed: 'nights=2' }
    hotels.answer({ status: 401 })
    expect((await client.send(hotels.url('/'), streamed)).status).toBe(401)
    expect((await client.send(hotels.url('/'), streamed)).status).toBe(200)
    expect(hotels.requests.map((request) => request.text)).toEqual(['nights=2', 'nights=2'])
    expect(hotels.tokens).toHaveLength(2)
  })

  it('with retryUnauthorized: false is handed over, and the next call has another token', async () => {
    const { client } = setUp(open, { retryUnauthorized: false })
    hotels.answer({ status: 401 })
    expect((await client.send(hotels.url('/'))).status).toBe(401)
    expect((await client.send(hotels.url('/'))).status).toBe(200)
    expect(hotels.tokens).toHaveLength(2)
  })

  it.each([false, true])(
    'to fifty calls at once costs one mint (remote signer: %s)',
    async (isRemote) => {
      const { client, signed } = setUp(open, {}, isRemote)
      await client.send(hotels.url('/'))
      const [old] = hotels.tokens
      hotels.handler = ({ token }) => ({ status: token === old ? 401 : 200 })
      const all = await Promise.all(
        Array.from({ length: 50 }, async () => (await client.send(hotels.url('/'))).status),
      )
      expect(all).toEqual(Array(50).fill(200))
      expect(signed.count).toBe(2)
      const byToken = hotels.requests.map(({ token }) => token === old)
      expect(byToken.filter(Boolean).length).toBeLessThanOrEqual(51)
      expect(byToken.filter((isOld) => !isOld)).toHaveLength(50)
    },
  )

  it('to the caller’s own Authorization is the caller’s own', async () => {
    const { client, signed } = setUp(open)
    hotels.answer({ status: 401 })
    const headers = { Authorization: 'Basic b3duOm93bg==' }
    expect((await client.send(hotels.url('/'), { headers })).status).toBe(401)
    expect(hotels.requests.map(({ authorization }) => authorization)).toEqual([
      headers.Authorization,
    ])
    expect(signed.count).toBe(0)
  })

  it.each([
    ['behind', -600, 3_600],
    ['ahead', 600, 60],
  ])('of a partner whose clock is ten minutes %s tells its clock', async (_, skew, lifetime) => {
    const { auth, client, signed } = setUp(open, { lifetime })
    hotels.clockSkew = skew
    // As the one verifier does that looks at `iat` beside `exp`
    hotels.handler = ({ claims, receivedAt }) => ({
      status: Number(claims?.iat) < receivedAt ? 200 : 401,
    })
    expect((await client.send(hotels.url('/'))).status).toBe(200)
    expect((await client.send(hotels.url('/'))).status).toBe(200)
    expect(hotels.requests.map(({ status }) => status)).toEqual([401, 200, 200])
    const offset = Number(auth.status().partners[0]?.clockOffset)
    expect(Math.abs(offset - skew)).toBeLessThanOrEqual(1)
    expect(signed.count).toBe(2)
  })
})
