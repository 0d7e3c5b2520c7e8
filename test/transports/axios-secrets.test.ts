import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import axios, { type AxiosRequestConfig } from 'axios'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOrgidAuth, type OrgidAuth } from '../../src/index.js'
import { attachAuth } from '../../src/transports/axios.js'
import { reachable, secretParts, shownBy } from '../secrets.js'
import { did, newKey } from '../support.js'

const { pem } = newKey()
let server: Server
let origin: string
let auth: OrgidAuth
let received: string[] = []

/** Answers by path: a status, a broken body, a body that never ends, or nothing at all. */
beforeAll(async () => {
  server = createServer((request, response) => {
    received.push(String(request.headers.authorization))
    const path = String(request.url)
    if (path === '/hang') return
    if (path === '/reset') return void request.socket.destroy()
    if (path === '/bad-json')
      return void response.setHeader('content-type', 'application/json').end('{"a":')
    if (path === '/gzip')
      return void response.setHeader('content-encoding', 'gzip').end(gzipSync('{"ok":true}'))
    if (path === '/truncated') {
      response.setHeader('content-length', 100)
      response.write('half')
      return void setImmediate(() => request.socket.destroy())
    }
    if (path === '/open') return void response.write('first half')
    if (path === '/redirect') return void response.writeHead(302, { location: '/200' }).end()
    response
      .writeHead(Number(path.slice(1)), { 'content-type': 'application/json' })
      .end('{"ok":true}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  auth = createOrgidAuth({
    issuer: `${did('a')}#webserver`,
    key: pem,
    partners: [{ name: 'hotels', did: did('b'), origin, allowLoopbackHttp: true }],
  })
})
afterAll(() => {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(resolve))
})

/** Aborts once the server has seen the request. */
function abortWhenSeen(): AbortSignal {
  const controller = new AbortController()
  server.once('request', () => setImmediate(() => controller.abort()))
  return controller.signal
}

const outcomes: [string, string, () => AxiosRequestConfig][] = [
  ['a result', '/200', () => ({})],
  ['a refused result', '/401', () => ({})],
  ['a failed result', '/500', () => ({})],
  ['a posted result', '/200', () => ({ method: 'post', data: { room: 1 } })],
  ['a result after a redirect', '/redirect', () => ({})],
  ['a redirect not followed', '/redirect', () => ({ maxRedirects: 0 })],
  [
    'too many redirects',
    '/redirect',
    () => ({
      maxRedirects: 1,
      beforeRedirect: () => {
        throw new Error('no')
      },
    }),
  ],
  ['a decompressed result', '/gzip', () => ({})],
  ['a result through the fetch adapter', '/200', () => ({ adapter: 'fetch' })],
  ['a failed result through the fetch adapter', '/500', () => ({ adapter: 'fetch' })],
  ['a reset through the fetch adapter', '/reset', () => ({ adapter: 'fetch' })],
  ['a timeout through the fetch adapter', '/hang', () => ({ adapter: 'fetch', timeout: 1_000 })],
  ['a reset connection', '/reset', () => ({})],
  ['a truncated body', '/truncated', () => ({})],
  ['a cancelled request', '/hang', () => ({ signal: abortWhenSeen() })],
  ['a request that timed out', '/hang', () => ({ timeout: 1_000 })],
  ['a body that timed out', '/open', () => ({ timeout: 1_000 })],
  ['a native request that timed out', '/hang', () => ({ timeout: 1_000, maxRedirects: 0 })],
  ['a body too long', '/200', () => ({ maxContentLength: 1 })],
  [
    'a body that is no JSON',
    '/bad-json',
    () => ({ responseType: 'json', transitional: { silentJSONParsing: false } }),
  ],
  [
    'a transform that throws',
    '/200',
    () => ({
      transformResponse: () => {
        throw new Error('transform')
      },
    }),
  ],
  ['a stream', '/200', () => ({ responseType: 'stream' })],
  ['a stream in flight', '/open', () => ({ responseType: 'stream' })],
  ['a refused stream', '/401', () => ({ responseType: 'stream' })],
  ['a decompressed stream', '/gzip', () => ({ responseType: 'stream' })],
]

describe('axios hands back no token', () => {
  it.each(outcomes)('in %s', async (_, path, config) => {
    received = []
    const http = axios.create()
    attachAuth(http, auth)
    const outcome: unknown = await http
      .request({ url: origin + path, ...config() })
      .catch((error: unknown) => error)

    // The server did see it, or the search below would prove nothing
    expect(received[0]).toMatch(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/)
    const shown = shownBy(
      outcome instanceof Error && 'toJSON' in outcome ? [outcome, toJson(outcome)] : outcome,
    )
    for (const secret of new Set(received).values()) {
      for (const part of secretParts(secret)) expect(shown).not.toContain(part)
    }

    const data = (outcome as { data?: { destroy?: () => void } }).data
    data?.destroy?.()
    ;(outcome as { response?: { data?: { destroy?: () => void } } }).response?.data?.destroy?.()
  })

  it.each([
    ['is too long', '/200', { maxContentLength: 2 }],
    ['breaks off', '/truncated', {}],
  ])('in the error of a streamed body that %s', async (_, path, config) => {
    received = []
    const http = axios.create()
    attachAuth(http, auth)
    const { data } = await http.get(origin + path, { responseType: 'stream', ...config })
    const error: unknown = await text(data).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(Error)
    const signature = String(received[0]).split('.')[2] as string
    for (const outcome of [error, data]) {
      expect([...reachable(outcome), inspect(outcome, { depth: 12 })].join('\n')).not.toContain(
        signature,
      )
    }
  })

  it('and leaves the raw request reachable for those who use it', async () => {
    const http = axios.create()
    attachAuth(http, auth)
    const response = await http.get(`${origin}/200`)
    expect(response.request).toBeDefined()
    expect(Object.keys(response)).not.toContain('request')
  })
})

/** What a logger would serialise of an error. */
function toJson(error: object): unknown {
  return JSON.parse(JSON.stringify(error))
}
