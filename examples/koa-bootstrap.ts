// Configure once, where a Koa application starts; handlers just make their calls.
//
//     npx tsx examples/koa-bootstrap.ts
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import axios from 'axios'
import Koa from 'koa'
import { createOrgidAuth } from 'orgid-bearer'
import { attachAuth } from 'orgid-bearer/axios'
import { outboundAuth } from 'orgid-bearer/koa'
import { startPartner, startStranger } from 'orgid-bearer/testing'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const hotelsDid = `did:orgid:0x${'aa'.repeat(32)}`
await using hotels = await startPartner({ did: hotelsDid, profile: 'older', publicKey })
await using weather = await startStranger()

// The bootstrap.
const auth = createOrgidAuth({
  issuer: `did:orgid:0x${'11'.repeat(32)}#webserver`,
  key: privateKey,
  partners: [{ name: 'hotels', did: hotelsDid, origin: hotels.origin, allowLoopbackHttp: true }],
})
const http = axios.create()
attachAuth(http, auth)
await auth.prepare() // tokens are there before the first request is

const app = new Koa()
app.use(outboundAuth(auth, { axios: http }))

// A handler. Its calls are bound to the request that it handles, and aborted with it if they are
// safe to abort.
app.use(async (ctx) => {
  const { axios } = ctx.state.orgid
  const [offers, today] = await Promise.all([
    axios.get(hotels.url('/offers')),
    axios.get(weather.url('/today')),
  ])
  ctx.body = { offers: offers.data, weather: today.data }
})

await using server = app.listen(0, '127.0.0.1')
await once(server, 'listening')

// Ten end users, who bring credentials of their own.
const { port } = server.address() as AddressInfo
const headers = { authorization: 'Bearer of-the-end-user' }
const answers = await Promise.all(
  Array.from({ length: 10 }, () => fetch(`http://127.0.0.1:${port}/`, { headers })),
)
const statuses = answers.map(({ status }) => status)

console.log(`the service answered ${statuses.join(' ')}`)
console.log(`hotels saw ${hotels.requests.length} calls with ${hotels.tokens.length} token`)
console.log(`weather saw ${weather.requests.length} calls with ${weather.tokens.length} tokens`)

assert.deepEqual(new Set(statuses), new Set([200]))
assert.equal(hotels.acceptedCount, 10)
assert.equal(hotels.refusedCount, 0)
assert.equal(hotels.tokens.length, 1, 'minted once, by prepare')
assert.equal(weather.requests.length, 10)
assert.ok(
  weather.requests.every(({ authorization }) => authorization === undefined),
  'neither our token nor the end user’s is passed on',
)
