import { generateKeyPairSync } from 'node:crypto'
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import type { CallOptions } from '../../src/context.js'
import { createOrgidAuth, type OrgidAuth } from '../../src/index.js'

export const hotelsDid = `did:orgid:0x${'a'.repeat(64)}`
export const supplierDid = `did:orgid:0x${'b'.repeat(64)}`
export const airDid = `did:orgid:0x${'c'.repeat(64)}`
export const hotelsUrl = 'https://api.hotels.example/v1'
export const airUrl = 'https://air.example/v1'

export const auth: OrgidAuth = createOrgidAuth({
  issuer: `did:orgid:0x${'1'.repeat(64)}#webserver`,
  key: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey,
  partners: [
    {
      name: 'hotels',
      did: hotelsDid,
      origin: 'https://api.hotels.example',
      audiences: [supplierDid],
      scopeFormat: 'space',
    },
    { name: 'air', did: airDid, origin: 'https://air.example', scopeFormat: 'space' },
  ],
})
export const read: CallOptions = { partner: 'hotels', scope: ['read'] }
export const book: CallOptions = { partner: 'hotels', scope: ['book'] }

interface Claims {
  readonly aud: string
  readonly scope?: string
}

/** What a token for `url` would say here and now: what an SDK's HTTP client would send. */
export async function claims(url = hotelsUrl): Promise<Claims> {
  const [, payload] = ((await auth.authorization(url)) ?? '').split('.')
  return JSON.parse(Buffer.from(payload ?? '', 'base64url').toString())
}

/** The same without waiting: the scope of a token for the hotels partner, in this context. */
export function scope(): string {
  const header = auth.authorization(hotelsUrl)
  if (typeof header !== 'string') throw new Error('expected a header at once')
  const [, payload] = header.split('.')
  return JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()).scope ?? 'none'
}

export const tick = () => new Promise<void>((resolve) => setImmediate(resolve))

export class Bookings {
  readonly #id: string
  constructor(id = 'new') {
    this.#id = id
  }
  async create() {
    await tick()
    return `${this.#id} ${scope()}`
  }
}

export class BaseClient {
  readonly #origin = 'https://api.hotels.example'
  base() {
    return `${this.#origin} ${scope()}`
  }
}

export class HotelsClient extends BaseClient {
  static now() {
    return scope()
  }
  readonly #seen: string[] = []
  readonly bookings = new Bookings()
  readonly namespaces = { v1: { bookings: new Bookings('v1') } }
  readonly departure = new Date(0)
  readonly list = [1, 2]
  label = 'plain'

  sync() {
    return scope()
  }
  async later(url?: string) {
    await tick()
    return claims(url)
  }
  /** Through another method of its own. */
  twice() {
    return [this.sync(), this.base()]
  }
  get current() {
    return `${scope()} ${this.#seen.length}`
  }
  get seen() {
    return this.#seen
  }
  set current(value: string) {
    this.#seen.push(`${value} ${scope()}`)
  }
  fails(): never {
    throw new RangeError(scope())
  }
  async rejects() {
    throw new RangeError(scope())
  }
  *syncPages() {
    yield scope()
    yield scope()
  }
  async *pages() {
    yield scope()
    await tick()
    yield scope()
  }
  paginator() {
    return {
      [Symbol.asyncIterator]: () => {
        let page = 0
        return {
          next: async () => ({ done: page++ > 1, value: scope() }),
        }
      },
    }
  }
  readable() {
    let pages = 0
    return new Readable({
      read() {
        this.push(pages++ < 2 ? `${scope()} ` : null)
      },
    })
  }
  webStream() {
    let pages = 0
    const pull = (controller: ReadableStreamDefaultController<string>) => {
      if (pages++ < 2) controller.enqueue(scope())
      else controller.close()
    }
    return new ReadableStream<string>({ pull }, { highWaterMark: 0 })
  }
  booking(id: string) {
    return new Bookings(id)
  }
  async data() {
    return new Bookings('data')
  }
  connect() {
    return this
  }
  async connectLater() {
    return this
  }
  isSame(other: BaseClient) {
    return #seen in other && other === this
  }
}

export async function collect<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
