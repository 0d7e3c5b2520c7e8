import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import nodeFetch, { Request as NodeFetchRequest } from 'node-fetch'
import { Request as UndiciRequest, fetch as undiciFetch } from 'undici'
import type { OrgidAuthOptions } from '../../src/configuration.js'
import { createOrgidAuth } from '../../src/index.js'
import { localSigner } from '../../src/signers/local.js'
import { startPartner, startStranger, type TestPartner } from '../../src/testing/index.js'
import { did, gate, newKey } from '../support.js'

type Fetch = typeof globalThis.fetch

/** Each implementation, with its own Request; typed alike, since the tests say the same to all. */
export const fetches = [
  { name: 'Node’s fetch', fetch: globalThis.fetch, Request: globalThis.Request },
  {
    name: 'undici’s fetch',
    fetch: undiciFetch as unknown as Fetch,
    Request: UndiciRequest as unknown as typeof globalThis.Request,
  },
  {
    name: 'node-fetch',
    fetch: nodeFetch as unknown as Fetch,
    Request: NodeFetchRequest as unknown as typeof globalThis.Request,
  },
]

/** Not Node's own as withAuth sees it, so that redirects are followed here; and it keeps its arguments. */
export function recording(fetch: Fetch = globalThis.fetch) {
  const calls: [input: unknown, init: RequestInit | undefined][] = []
  const recorder: Fetch = (input, init) => {
    calls.push([input, init])
    return fetch(input, init)
  }
  return { fetch: recorder, calls }
}

const { pem, publicKey } = newKey()

export interface Servers extends AsyncDisposable {
  readonly hotels: TestPartner
  readonly air: TestPartner
  readonly stranger: TestPartner
  createAuth(options?: Partial<OrgidAuthOptions>): ReturnType<typeof createOrgidAuth>
}

/** Two partners and a stranger, and auths that know the partners. */
export async function startServers(): Promise<Servers> {
  const hotels = await startPartner({ did: did('b'), publicKey, profile: 'older' })
  const air = await startPartner({ did: did('c'), publicKey, profile: 'older' })
  const stranger = await startStranger()
  const all = [hotels, air, stranger]
  return {
    hotels,
    air,
    stranger,
    createAuth: (options = {}) =>
      createOrgidAuth({
        issuer: `${did('a')}#webserver`,
        key: pem,
        partners: [partner('hotels', hotels), partner('air', air)],
        ...options,
      }),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(all.map((server) => server.close()))
    },
  }
}

/** A partner whose first answer never ends, and who answers 200 from then on. */
export async function startEndless(status: number, headers: Record<string, string> = {}) {
  let count = 0
  const closed = gate()
  const server = createServer((_request, response) => {
    count += 1
    if (count > 1) return response.end('ok')
    response.once('close', closed.resolve)
    return response.writeHead(status, headers).write('x'.repeat(100_000))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  const origin = `http://127.0.0.1:${port}`
  return { did: did('b'), origin, closed: closed.promise, [Symbol.dispose]: close }
}

/** A partner option for a server. */
export function partner(name: string, server: { did: string | undefined; origin: string }) {
  return { name, did: String(server.did), origin: server.origin, allowLoopbackHttp: true }
}

/** A signer whose signatures come once `wait` has ended. */
export function signerAfter(wait: Promise<unknown>) {
  const { publicKey, sign } = localSigner(pem, { backend: 'openssl' })
  return {
    alg: 'ES256K' as const,
    publicKey,
    sign: (input: Uint8Array) => wait.then(() => sign(input, {})),
  }
}

/** Audiences of the tokens that a server saw, `undefined` for a request without. */
export const audiences = (server: TestPartner) => server.requests.map(({ claims }) => claims?.aud)
export const authorizations = (server: TestPartner) =>
  server.requests.map(({ authorization }) => authorization)
export const codeOf = (error: unknown) => (error as { code?: unknown }).code
