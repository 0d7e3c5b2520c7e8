import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import {
  type ClientRequest,
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import axios, { type AxiosInstance } from 'axios'
import { createOrgidAuth, type OrgidAuth } from '../../src/index.js'
import type { Outbound, OutboundAuthOptions } from '../../src/middleware/outbound.js'
import type { Signer } from '../../src/signers/signer.js'
import { attachAuth } from '../../src/transports/axios.js'

/** Handles an inbound request; what it returns is the body of the answer. */
export type Handle = (outbound: Outbound, path: string, method: string) => Promise<string>

/** Serves `handle` below `outboundAuth` of a framework; resolves to the origin. */
export type Serve = (
  auth: OrgidAuth,
  options: OutboundAuthOptions | undefined,
  handle: Handle,
  /** Runs everything from `outboundAuth` on, at its own time. */
  around?: (next: () => unknown) => unknown,
) => Promise<string>

const servers = new Map<string, { server: Server; connections: Promise<unknown>[] }>()

/** Closes every server that {@link listen} started, with its connections. */
export async function closeServers(): Promise<void> {
  for (const [origin, { server }] of servers) {
    servers.delete(origin)
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
}

/** Serves on loopback; resolves to the origin. */
export async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  const connections: Promise<unknown>[] = []
  server.on('connection', (socket) =>
    connections.push(new Promise((end) => socket.on('close', end))),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  servers.set(origin, { server, connections })
  return origin
}

/** Resolves once the server has seen all its connections close, of which there was one at least. */
export async function closedConnections(origin: string): Promise<void> {
  const connections = servers.get(origin)?.connections ?? []
  if (connections.length === 0) throw new Error('expected a connection')
  await Promise.all(connections)
}

/** One request as the partner saw it, not answered yet. */
export interface Held {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly response: ServerResponse
  /** Resolves when the response closes: whether it had been answered. */
  readonly closed: Promise<boolean>
}

export type Partner = Awaited<ReturnType<typeof startPartner>>

/** A partner that answers when the test does, or at once below `/now`. */
export async function startPartner() {
  const arrivals = new EventEmitter()
  const requests: Held[] = []
  const origin = await listen((incoming, response) => {
    const closed = once(response, 'close').then(() => response.writableFinished)
    const { method = '', url: path = '', headers } = incoming
    const held: Held = { method, path, headers, response, closed }
    requests.push(held)
    incoming.resume()
    arrivals.emit('request')
    if (path.startsWith('/now')) response.end('now')
  })
  /** The request to this path, as soon as it arrives. */
  const arrival = async (path: string): Promise<Held> => {
    for (;;) {
      const held = requests.find((candidate) => candidate.path === path)
      if (held) return held
      await once(arrivals, 'request')
    }
  }
  return { origin, requests, arrival }
}

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })

/** A signer that is asked and never answers. */
export const silentSigner: Signer = {
  alg: 'ES256K',
  publicKey,
  sign: () => new Promise<never>(() => {}),
}

/** An auth whose one partner, `hotels`, is at `origin`. */
export function authFor(origin: string, key: KeyObject | Signer = privateKey): OrgidAuth {
  return createOrgidAuth({
    issuer: `did:orgid:0x${'1'.repeat(64)}#webserver`,
    key,
    partners: [
      {
        name: 'hotels',
        did: `did:orgid:0x${'a'.repeat(64)}`,
        origin,
        allowLoopbackHttp: true,
        scopeFormat: 'space',
      },
    ],
  })
}

/** An axios instance that carries the tokens of `auth`. */
export function attachedAxios(auth: OrgidAuth): AxiosInstance {
  const instance = axios.create({ proxy: false })
  attachAuth(instance, auth)
  return instance
}

/** The claims of an `Authorization` header; throws if it holds no token. */
export function claimsOf(header: string | undefined): Record<string, unknown> {
  const payload = /^Bearer [\w-]+\.([\w-]+)\.[\w-]+$/.exec(header ?? '')?.[1]
  if (payload === undefined) throw new Error('expected a bearer token')
  return JSON.parse(Buffer.from(payload, 'base64url').toString())
}

/** A client that may leave at any time by `destroy()`. Its own errors are of no interest. */
export function visit(
  url: string,
  method = 'GET',
  headers: Record<string, string> = {},
): ClientRequest {
  const visitor = request(url, { method, headers, agent: false })
  visitor.on('error', () => {})
  visitor.end()
  return visitor
}

/** Visits and waits for the whole answer. */
export async function fetchText(
  url: string,
  method?: string,
  headers?: Record<string, string>,
): Promise<string> {
  const visitor = visit(url, method, headers)
  const [response] = await Promise.race([
    once(visitor, 'response'),
    once(visitor, 'close').then(() => Promise.reject(new Error('closed without an answer'))),
  ])
  let text = ''
  for await (const chunk of response) text += chunk
  return text
}

/** A promise, and what resolves it. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
}

export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
