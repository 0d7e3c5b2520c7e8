// Configure once, where an Express application starts; handlers just make their calls.
//
//     npx tsx examples/express-bootstrap.ts
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import axios from 'axios'
import express from 'express'
import { createOrgidAuth } from 'orgid-bearer'
import { attachAuth } from 'orgid-bearer/axios'
import { outboundAuth } from 'orgid-bearer/express'
import { startPartner } from 'orgid-bearer/testing'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const hotelsDid = `did:orgid:0x${'aa'.repeat(32)}`
await using hotels = await startPartner({ did: hotelsDid, profile: 'older', publicKey })

// The bootstrap.
const auth = createOrgidAuth({
  issuer: `did:orgid:0x${'11'.repeat(32)}#webserver`,
  key: privateKey,
  partners: [{ name: 'hotels', did: hotelsDid, origin: hotels.origin, allowLoopbackHttp: true }],
})
const http = axios.create()
attachAuth(http, auth)

const app = express()
app.use(outboundAuth(auth, { axios: http }))

// A search is a GET: when the client goes away, so does the call to the partner.
app.get('/offers', async (_req, res) => {
  const { data } = await res.locals.orgid.axios.get(hotels.url('/offers'))
  res.json(data)
})

// A booking is a POST: once on its way, it is finished, whether or not the client still waits.
app.post('/bookings', async (_req, res) => {
  const { data } = await res.locals.orgid.axios.post(hotels.url('/bookings'), { nights: 2 })
  res.status(201).json(data)
})

await using server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const search = await fetch(`${origin}/offers`)
console.log(`GET  /offers    ${search.status}`)

// This client books, and goes away while the partner is still at work.
hotels.delay(0.3)
const impatient = new AbortController()
const booking = fetch(`${origin}/bookings`, { method: 'POST', signal: impatient.signal })
while (hotels.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 10))
impatient.abort()
await assert.rejects(booking, { name: 'AbortError' })
console.log('POST /bookings  the client went away')

const booked = hotels.requests[1]
while (booked?.status === undefined) await new Promise((resolve) => setTimeout(resolve, 10))
console.log(`hotels saw      ${booked.method} ${booked.url}, and answered ${booked.status}`)

assert.equal(search.status, 200)
assert.equal(hotels.acceptedCount, 2)
assert.equal(hotels.tokens.length, 1)
assert.equal(booked.status, 200)
