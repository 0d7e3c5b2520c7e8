import { afterEach, beforeEach } from 'vitest'
import { createOrgidAuth, type OrgidAuthOptions, type PartnerOptions } from '../../src/index.js'
import { localSigner } from '../../src/signers/local.js'
import { startPartner, startStranger, type TestPartner } from '../../src/testing/index.js'
import { did, newKey } from '../support.js'

/** undici by the types of 7: what the tests use of the three is the same. */
export type Undici = typeof import('undici')

/** undici 8 needs Node 22.19. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const runs8 = major > 22 || (major === 22 && minor >= 19)

/** Every supported version of undici that this Node can load. */
export const versions: readonly (readonly [version: number, undici: Undici])[] = [
  [6, (await import('undici-6')) as unknown as Undici],
  [7, await import('undici')],
  ...(runs8 ? [[8, (await import('undici-8')) as unknown as Undici] as const] : []),
]

const { pem, publicKey } = newKey()

interface World {
  hotels: TestPartner
  air: TestPartner
  stranger: TestPartner
}

/** Two partners and a stranger, anew for each test. */
export function useWorld(): World {
  const world = {} as World
  beforeEach(async () => {
    world.hotels = await startPartner({ did: did('b'), publicKey, profile: 'older' })
    world.air = await startPartner({ did: did('c'), publicKey, profile: 'older' })
    world.stranger = await startStranger()
  })
  afterEach(() => Promise.all([world.hotels.close(), world.air.close(), world.stranger.close()]))
  return world
}

interface AuthSetUp {
  readonly partner?: Partial<PartnerOptions>
  readonly partners?: readonly ('hotels' | 'air')[]
  readonly options?: Partial<OrgidAuthOptions>
  /** Waited for by each signature, from the one of this index on. */
  readonly wait?: { readonly from: number; readonly until: Promise<void> }
}

/** An auth for the partners of a world, and how often it has signed. */
export function authFor(world: World, { partner, partners, options, wait }: AuthSetUp = {}) {
  const local = localSigner(pem, { backend: 'openssl' })
  const signed = { count: 0 }
  const sign = (input: Uint8Array) => {
    const index = signed.count
    signed.count += 1
    if (wait && index >= wait.from) return wait.until.then(() => local.sign(input, {}))
    return local.sign(input, {})
  }
  const auth = createOrgidAuth({
    issuer: `${did('a')}#webserver`,
    key: { alg: 'ES256K', publicKey: local.publicKey, sign },
    partners: (partners ?? ['hotels', 'air']).map((name) => ({
      name,
      did: String(world[name].did),
      origin: world[name].origin,
      allowLoopbackHttp: true,
      ...(name === 'hotels' && partner),
    })),
    ...options,
  })
  return { auth, signed }
}

/** Audiences of the tokens that a server saw, `undefined` for a request without. */
export const audiences = (server: TestPartner) => server.requests.map(({ claims }) => claims?.aud)

export const statuses = (server: TestPartner) => server.requests.map(({ status }) => status)

/** The code of what a promise rejects with, or of its cause: fetch wraps errors. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } }
    return cause?.code ?? code ?? error
  }
  throw new Error('expected a rejection')
}

/** Waits until a server has seen so many requests. */
export async function seen(server: TestPartner, count: number): Promise<void> {
  while (server.requests.length < count) await new Promise((resolve) => setImmediate(resolve))
}
