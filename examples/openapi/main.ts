// A client generated from a partner's OpenAPI description: withAuth gives its fetch the tokens,
// wrapClient says which.
//
//     npx openapi-typescript hotels.yaml -o hotels.d.ts     # as `npm run docs` does
//     npx tsx examples/openapi/main.ts
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import createClient, { type Middleware } from 'openapi-fetch'
import { createOrgidAuth, wrapClient } from 'orgid-bearer'
import { withAuth } from 'orgid-bearer/fetch'
import { startPartner, startStranger } from 'orgid-bearer/testing'
import type { paths } from './hotels.js'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const did = `did:orgid:137:0x${'aa'.repeat(32)}`
await using hotels = await startPartner({ did, profile: 'current', publicKey })
await using telemetry = await startStranger()
hotels.handler = ({ method }) =>
  method === 'POST'
    ? { status: 201, body: { confirmation: 'WT-1' } }
    : { body: { offers: [{ id: 'o-1', hotel: 'Fjord Lodge', price: 14_200 }] } }

const auth = createOrgidAuth({
  issuer: `did:orgid:137:0x${'11'.repeat(32)}#webserver`,
  key: privateKey,
  partners: [{ name: 'hotels', did, origin: hotels.origin, allowLoopbackHttp: true }],
})

// The whole set-up: a client as ever, over a fetch with tokens.
const partnerFetch = withAuth(fetch, auth)
const client = createClient<paths>({ baseUrl: hotels.origin, fetch: partnerFetch })
const reader = wrapClient(client, auth, { partner: 'hotels', scope: ['read'] })
const booker = wrapClient(client, auth, { partner: 'hotels', scope: ['book'], lifetime: 60 })

// Middleware works as ever. What it sends elsewhere by the same fetch has no token.
const report: Middleware = {
  async onResponse({ schemaPath, response }) {
    await partnerFetch(telemetry.url(`${schemaPath}?status=${response.status}`), { method: 'POST' })
    return undefined
  },
}
client.use(report)

const inOslo = { params: { query: { city: 'Oslo' } } }
const found = await reader.GET('/offers', inOslo)
const [offer] = found.data?.offers ?? []
assert.ok(offer)
const booked = await booker.POST('/bookings', { body: { offer: offer.id } })
assert.equal(booked.data?.confirmation, 'WT-1')
await client.GET('/offers', inOslo) // as it was: without scope

// After a 401 a call is repeated once, with the same scope; openapi-fetch keeps no body to repeat.
hotels.answer({ status: 401 })
assert.equal((await reader.GET('/offers', inOslo)).response.status, 200)

for (const { method, url, claims, status } of hotels.requests) {
  console.log(`${method.padEnd(5)} ${url.padEnd(20)} ${status}  scope ${claims?.scope ?? 'none'}`)
}
console.log(`and ${telemetry.requests.length} reports to a stranger, without token`)

assert.equal(hotels.acceptedCount, 5)
const scopes = hotels.requests.map(({ method, claims }) => `${method} ${claims?.scope}`)
const reads = Array(3).fill('GET ["read"]')
assert.deepEqual(scopes.sort(), [...reads, 'GET undefined', 'POST ["book"]'])
assert.ok(telemetry.requests.every(({ authorization }) => authorization === undefined))
