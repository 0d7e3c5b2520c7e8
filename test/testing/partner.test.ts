import { createPublicKey } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { orgJsonEntries } from '../../src/keys/orgjson.js'
import { startPartner, startStranger, type TestPartner } from '../../src/testing/index.js'
import {
  caller,
  chainPartner,
  partner as did,
  goodClaims,
  goodHeader,
  now,
} from '../interop/corpus.js'
import { callerKey, otherKey, signToken } from '../interop/tokens.js'
import { certificate, certificateKey } from './certificate.js'

const publicKey = createPublicKey(callerKey)
const token = signToken({ claims: goodClaims })
const authorization = `Bearer ${token}`

const running: TestPartner[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((partner) => partner.close()))
})

async function start(options: object = {}): Promise<TestPartner> {
  const usual = { did, profile: 'older', publicKey, now: () => now } as const
  const partner = await startPartner({ ...usual, ...options })
  running.push(partner)
  return partner
}

async function stranger(options: object = {}): Promise<TestPartner> {
  const partner = await startStranger({ now: () => now, ...options })
  running.push(partner)
  return partner
}

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

function call(url: string, options: object = {}, body?: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? httpsRequest : httpRequest
    request(url, { agent: false, headers: { authorization }, ...options }, (response) => {
      response.toArray().then((chunks) => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: response.statusCode as number, headers: response.headers, body: text })
      }, reject)
    })
      .on('error', reject)
      .end(body)
  })
}

describe('startPartner', () => {
  it('answers 200 to a token of the profile, and records the request', async () => {
    const partner = await start()
    const headers = { authorization, 'x-trace': '7' }
    const reply = await call(partner.url('/offers?q=1'), { method: 'POST', headers }, '{"a":1}')
    expect(reply.status).toBe(200)
    expect(JSON.parse(reply.body)).toEqual({ ok: true })
    expect(partner.requests).toHaveLength(1)
    const [seen] = partner.requests
    expect(seen).toMatchObject({
      method: 'POST',
      url: '/offers?q=1',
      headers: { 'x-trace': '7' },
      text: '{"a":1}',
      receivedAt: now,
      verdict: { accepted: true },
      header: goodHeader,
      claims: goodClaims,
      status: 200,
      authorization,
      token,
    })
    expect(seen?.headers).not.toHaveProperty('authorization')
    expect(Buffer.from(seen?.body as Uint8Array).toString()).toBe('{"a":1}')
  })

  it('answers 401 with the reason to a token that the profile refuses', async () => {
    const partner = await start()
    const refused = signToken({ header: { alg: 'ES256K' }, claims: goodClaims })
    const reply = await call(partner.url(), { headers: { authorization: `Bearer ${refused}` } })
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toBe(
      'Bearer error="invalid_token", error_description="typ is missing in the header"',
    )
    expect(JSON.parse(reply.body)).toEqual({
      ok: false,
      error: 'invalid_token',
      reason: 'typ is missing in the header',
    })
    expect(partner.requests[0]).toMatchObject({
      status: 401,
      verdict: { accepted: false, reason: 'typ is missing in the header' },
      claims: goodClaims,
    })
  })

  it('asks for a Bearer token, with no error code, where none came', async () => {
    const partner = await start()
    const reply = await call(partner.url(), { headers: {} })
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toBe('Bearer')
    expect(partner.requests[0]).toMatchObject({
      authorization: undefined,
      token: undefined,
      claims: undefined,
    })
  })

  it('judges by the profile and scope it was started with', async () => {
    const withoutType = `Bearer ${signToken({ header: { alg: 'ES256K' }, claims: goodClaims })}`
    const current = await start({ profile: 'current' })
    expect((await call(current.url(), { headers: { authorization: withoutType } })).status).toBe(
      200,
    )
    const scoped = await start({ profile: 'current', requiredScope: ['book'] })
    expect((await call(scoped.url())).status).toBe(401)
    const scope = `Bearer ${signToken({ claims: { ...goodClaims, scope: '["book"]' } })}`
    expect((await call(scoped.url(), { headers: { authorization: scope } })).status).toBe(200)
  })

  it('looks keys up in the ORG.JSON it was given', async () => {
    const known = await start({
      orgJson: orgJsonEntries(`${caller}#webserver`, publicKey),
      publicKey: undefined,
    })
    expect((await call(known.url())).status).toBe(200)
    const foreign = orgJsonEntries(`${caller}#webserver`, createPublicKey(otherKey))
    const unknown = await start({ orgJson: [{}, foreign], publicKey: undefined })
    expect((await call(unknown.url())).status).toBe(401)
  })

  it('counts what it accepts and refuses, and lists each token once', async () => {
    const partner = await start()
    const other = signToken({ claims: { ...goodClaims, exp: 1 } })
    for (const one of [token, token, other]) {
      await call(partner.url(), { headers: { authorization: `Bearer ${one}` } })
    }
    await call(partner.url(), { headers: {} })
    expect(partner.acceptedCount).toBe(2)
    expect(partner.refusedCount).toBe(2)
    expect(partner.tokens).toEqual([token, other])
  })

  it('shows no token to inspect, JSON or structuredClone', async () => {
    const partner = await start()
    await call(partner.url())
    partner.answer({ status: 401 })
    await call(partner.url())
    const request = partner.requests[0]
    for (const value of [partner, partner.requests, request, { partner, request }]) {
      const shown = [
        inspect(value, { showHidden: true, depth: Infinity }),
        inspect(value, { showHidden: true, depth: Infinity, getters: true }),
        inspect(value, { showHidden: true, depth: Infinity, customInspect: false }),
        JSON.stringify(value),
        inspect(structuredClone(value), { showHidden: true, depth: Infinity }),
      ].join('\n')
      expect(shown).toContain(did)
      for (const part of [token, ...token.split('.')]) expect(shown).not.toContain(part)
    }
    expect(structuredClone(partner.requests)[0]).toMatchObject({ claims: goodClaims })
    expect(request?.token).toBe(token)
  })

  it('serves https with a certificate', async () => {
    const partner = await start({
      tls: { key: certificateKey, cert: certificate },
      hostname: 'localhost',
    })
    expect(partner.origin).toMatch(/^https:\/\/localhost:\d+$/)
    expect((await call(partner.url(), { ca: certificate })).status).toBe(200)
  })

  it('listens on the port it is given, and says so if that is taken', async () => {
    const first = await start()
    const { port } = new URL(first.origin)
    await expect(start({ port: Number(port) })).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
    })
    await first.close()
    expect((await start({ port: Number(port) })).origin).toBe(first.origin)
  })

  it.each([
    ['ERR_INVALID_OPTION', 'an unknown option', { proflie: 'older' }],
    ['ERR_INVALID_OPTION', 'an unknown profile', { profile: 'newest' }],
    ['ERR_INVALID_DID', 'a did that is none', { did: 'hotels' }],
    ['ERR_INVALID_OPTION', 'a did with fragment', { did: `${did}#x` }],
    ['ERR_INVALID_OPTION', 'a chain with the older profile', { did: chainPartner }],
    ['ERR_INVALID_OPTION', 'no keys', { publicKey: undefined }],
    ['ERR_INVALID_OPTION', 'keys in both ways', { orgJson: {} }],
    ['ERR_INVALID_OPTION', 'no documents', { publicKey: undefined, orgJson: [] }],
    ['ERR_INVALID_OPTION', 'a document that is none', { publicKey: undefined, orgJson: ['x'] }],
    ['ERR_INVALID_KEY', 'a public key that is none', { publicKey: 'x' }],
    ['ERR_INVALID_OPTION', 'a scope in one string', { requiredScope: 'a b' }],
    ['ERR_INVALID_OPTION', 'a port that is none', { port: 65_536 }],
    ['ERR_INVALID_OPTION', 'a host other than loopback', { hostname: '0.0.0.0' }],
    ['ERR_INVALID_OPTION', 'a clock that is a number', { now }],
    ['ERR_INVALID_OPTION', 'a certificate without key', { tls: { cert: certificate } }],
    ['ERR_INVALID_OPTION', 'a certificate that is none', { tls: { cert: 'x', key: 'y' } }],
  ])('rejects with %s for %s', async (code, _, options) => {
    await expect(start(options)).rejects.toMatchObject({ code })
  })
})

describe('a test partner told what to do', () => {
  it('answers as scripted, as often as scripted, in order', async () => {
    const partner = await start()
    partner.answer({ status: 401, times: 2 })
    partner.answer({ status: 503, headers: { 'Retry-After': '1' }, body: 'later' })
    const replies = [
      await call(partner.url()),
      await call(partner.url()),
      await call(partner.url()),
      await call(partner.url()),
    ]
    expect(replies.map(({ status }) => status)).toEqual([401, 401, 503, 200])
    expect(replies[0]?.headers['www-authenticate']).toMatch(/^Bearer error="invalid_token", /)
    expect(replies[2]).toMatchObject({ body: 'later', headers: { 'retry-after': '1' } })
    expect(partner.requests.map(({ status, verdict }) => [status, verdict.accepted])).toEqual([
      [401, true],
      [401, true],
      [503, true],
      [200, true],
    ])
  })

  it('scripts one path and leaves the others', async () => {
    const partner = await start()
    partner.answer({ status: 404, path: '/a', times: Infinity })
    expect((await call(partner.url('/b'))).status).toBe(200)
    expect((await call(partner.url('/a?x=1'))).status).toBe(404)
    expect((await call(partner.url('/a'))).status).toBe(404)
  })

  it('sends a 401 with the headers and body of one that differs', async () => {
    const partner = await start()
    partner.answer({ status: 401, headers: { 'WWW-Authenticate': 'Basic' } })
    partner.answer({ status: 401, body: { code: 7 } })
    expect((await call(partner.url())).headers['www-authenticate']).toBe('Basic')
    expect(JSON.parse((await call(partner.url())).body)).toEqual({ code: 7 })
  })

  it('redirects', async () => {
    const partner = await start()
    partner.redirect({ to: 'https://other.example/x' })
    partner.redirect({ to: '/y', status: 307, times: 2 })
    const replies = [
      await call(partner.url()),
      await call(partner.url()),
      await call(partner.url()),
      await call(partner.url()),
    ]
    expect(replies.map(({ status, headers }) => [status, headers.location])).toEqual([
      [302, 'https://other.example/x'],
      [307, '/y'],
      [307, '/y'],
      [200, undefined],
    ])
  })

  it('judges and dates by a skewed clock', async () => {
    const partner = await start()
    partner.clockSkew = 7200
    const reply = await call(partner.url())
    expect(reply.status).toBe(401)
    expect(Date.parse(reply.headers.date as string) / 1000).toBe(now + 7200)
    expect(partner.requests[0]).toMatchObject({ receivedAt: now + 7200 })
    partner.clockSkew = 0
    const later = await call(partner.url())
    expect(later.status).toBe(200)
    expect(Date.parse(later.headers.date as string) / 1000).toBe(now)
  })

  it('looks keys up in the ORG.JSON that it is shown last', async () => {
    const known = orgJsonEntries(goodClaims.iss, publicKey)
    const empty = { id: caller, publicKey: [] }
    const partner = await start({ publicKey: undefined, orgJson: empty })
    expect(partner.orgJson).toEqual([empty])
    expect((await call(partner.url())).status).toBe(401)
    partner.orgJson = known
    expect(partner.orgJson).toEqual([known])
    expect((await call(partner.url())).status).toBe(200)
    partner.reset()
    expect((await call(partner.url())).status).toBe(401)
    expect((await start()).orgJson).toBeUndefined()
    const nobody = await stranger()
    expect(() => {
      nobody.orgJson = known
    }).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION' }))
  })

  it('records at once what it answers late or never', async () => {
    const partner = await start()
    partner.delay(Infinity)
    const pending = call(partner.url()).catch((error: NodeJS.ErrnoException) => error.code)
    while (partner.requests.length === 0) await new Promise(setImmediate)
    expect(partner.requests[0]?.status).toBeUndefined()
    await partner.close()
    expect(await pending).toBe('ECONNRESET')
    expect(partner.requests[0]?.status).toBeUndefined()
  })

  it('answers after its delay', async () => {
    const partner = await start()
    partner.delay(0.01)
    expect((await call(partner.url())).status).toBe(200)
  })

  it('answers many at once after its delay, without a warning of Node', async () => {
    const partner = await start()
    partner.delay(0.2)
    const warnings: Error[] = []
    const note = (warning: Error) => warnings.push(warning)
    process.on('warning', note)
    const replies = await Promise.all(Array.from({ length: 20 }, () => call(partner.url())))
    process.off('warning', note)
    expect(replies.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(warnings).toEqual([])
  })

  it('leaves the answer to an accepted request to its handler', async () => {
    const partner = await start()
    partner.handler = async ({ claims, url }) => ({
      status: 201,
      headers: { 'x-a': ['1', '2'] },
      body: { for: claims?.iss, url },
    })
    const reply = await call(partner.url('/x'))
    expect(reply).toMatchObject({ status: 201, headers: { 'x-a': '1, 2' } })
    expect(JSON.parse(reply.body)).toEqual({ for: goodClaims.iss, url: '/x' })
    expect((await call(partner.url(), { headers: {} })).status).toBe(401)
    partner.answer({ status: 500 })
    expect((await call(partner.url())).status).toBe(500)
  })

  it('says so if its handler throws', async () => {
    const partner = await start()
    partner.handler = () => {
      throw new Error('no such offer')
    }
    const reply = await call(partner.url())
    expect(reply.status).toBe(500)
    expect(reply.body).toContain('no such offer')
  })

  it('is as new after a reset', async () => {
    const partner = await start()
    await call(partner.url())
    partner.answer({ status: 500, times: Infinity })
    partner.clockSkew = 7200
    partner.delay(Infinity)
    partner.handler = () => ({ status: 418 })
    partner.reset()
    expect(partner.requests).toEqual([])
    expect(partner.tokens).toEqual([])
    expect((await call(partner.url())).status).toBe(200)
    expect(partner.requests).toHaveLength(1)
  })

  it.each([
    ['an informational status', (partner: TestPartner) => partner.answer({ status: 100 })],
    ['an unknown member', (partner: TestPartner) => partner.answer({ code: 401 } as object)],
    ['no times at all', (partner: TestPartner) => partner.answer({ status: 401, times: 0 })],
    ['a redirect to nowhere', (partner: TestPartner) => partner.redirect({} as never)],
    [
      'a redirect of another status',
      (partner: TestPartner) => partner.redirect({ to: '/', status: 200 as never }),
    ],
    ['a delay into the past', (partner: TestPartner) => partner.delay(-1)],
    ['a delay in milliseconds by mistake', (partner: TestPartner) => partner.delay(1e7)],
    [
      'a skew that is no number',
      (partner: TestPartner) => {
        partner.clockSkew = Number.NaN
      },
    ],
    [
      'an ORG.JSON that is none',
      (partner: TestPartner) => {
        partner.orgJson = 'x' as never
      },
    ],
    [
      'a handler that is an answer',
      (partner: TestPartner) => {
        partner.handler = { status: 200 } as never
      },
    ],
  ])('refuses %s', async (_, tell) => {
    const partner = await start()
    expect(() => tell(partner)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION' }))
    expect((await call(partner.url())).status).toBe(200)
  })

  it('closes on a client that has not finished its request', async () => {
    const partner = await start()
    const socket = connect(Number(new URL(partner.origin).port), '127.0.0.1')
    const closed = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve))
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab')
    // a whole request behind it, so that the first has arrived
    await call(partner.url())
    await partner.close()
    await closed
    expect(partner.requests).toHaveLength(1)
  })

  it('closes once, with connections open', async () => {
    const partner = await start()
    await call(partner.url(), {
      agent: undefined,
      headers: { authorization, connection: 'keep-alive' },
    })
    await Promise.all([partner.close(), partner.close(), partner[Symbol.asyncDispose]()])
    await expect(call(partner.url())).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('startStranger', () => {
  it('accepts everything and records it', async () => {
    const other = await stranger()
    expect((await call(other.url('/a'), { headers: {} })).status).toBe(200)
    expect((await call(other.url('/b'))).status).toBe(200)
    expect((await call(other.url('/c'), { headers: { authorization: 'Basic eDp5' } })).status).toBe(
      200,
    )
    expect(other.requests.map(({ authorization: sent }) => sent)).toEqual([
      undefined,
      authorization,
      'Basic eDp5',
    ])
    expect(other.tokens).toEqual([token])
    expect(other).toMatchObject({ did: undefined, profile: undefined })
  })

  it('redirects like a partner', async () => {
    const other = await stranger()
    other.redirect({ to: '/elsewhere', status: 308 })
    expect((await call(other.url())).headers.location).toBe('/elsewhere')
  })

  it('takes no options of a partner', async () => {
    await expect(stranger({ profile: 'older' })).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
    })
  })
})
