// Wrap a service client, so that all its calls ask for one scope or one audience.
//
//     npx tsx examples/wrap-client.ts
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import axios, { type AxiosInstance } from 'axios'
import { createOrgidAuth, wrapClient } from 'orgid-bearer'
import { attachAuth } from 'orgid-bearer/axios'
import { startPartner } from 'orgid-bearer/testing'

// A client as SDKs have them: it knows nothing of tokens, and keeps its state to itself.
class Bookings {
  readonly #http: AxiosInstance
  constructor(http: AxiosInstance) {
    this.#http = http
  }
  async create(hotel: string): Promise<void> {
    await this.#http.post('/bookings', { hotel })
  }
}

class HotelsClient {
  readonly #http: AxiosInstance
  readonly bookings: Bookings
  #page = 0
  constructor(http: AxiosInstance) {
    this.#http = http
    this.bookings = new Bookings(http)
  }
  async search(): Promise<void> {
    this.#page += 1
    await this.#http.get('/offers', { params: { page: this.#page } })
  }
}

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const us = `did:orgid:137:0x${'11'.repeat(32)}`
const hotelsDid = `did:orgid:137:0x${'aa'.repeat(32)}`
await using partner = await startPartner({ did: hotelsDid, profile: 'current', publicKey })

const auth = createOrgidAuth({
  issuer: `${us}#webserver`,
  key: privateKey,
  partners: [{ name: 'hotels', did: hotelsDid, origin: partner.origin, allowLoopbackHttp: true }],
})
const http = axios.create({ baseURL: partner.origin })
attachAuth(http, auth) // tokens come from here; wrapping says which

// Two views of one client, side by side. The client itself is not changed.
const client = new HotelsClient(http)
const reader = wrapClient(client, auth, { partner: 'hotels', scope: ['read'] })
const booker = wrapClient(client, auth, { partner: 'hotels', scope: ['book'], lifetime: 60 })

await Promise.all([
  reader.search(),
  booker.bookings.create('Seaside'), // objects reached through the client are wrapped with it
  reader.search(),
  client.search(), // the client as it was: a token without scope
])

for (const { method, url, claims } of partner.requests) {
  console.log(`${method.padEnd(5)} ${url.padEnd(16)} scope ${claims?.scope ?? 'none'}`)
}

assert.equal(partner.acceptedCount, 4)
assert.equal(partner.tokens.length, 3, 'one token a scope, and one without')
const scopes = partner.requests.map(({ method, claims }) => `${method} ${claims?.scope}`)
assert.deepEqual(scopes.sort(), ['GET ["read"]', 'GET ["read"]', 'GET undefined', 'POST ["book"]'])
