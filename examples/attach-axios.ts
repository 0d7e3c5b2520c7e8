// Attach once to an axios instance: each partner gets its own token, nobody else gets any.
//
//     npx tsx examples/attach-axios.ts
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import axios from 'axios'
import { createOrgidAuth } from 'orgid-bearer'
import { attachAuth } from 'orgid-bearer/axios'
import { startPartner, startStranger } from 'orgid-bearer/testing'

// Two partners and a stranger on loopback. The partners refuse what real ones would refuse.
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const us = `did:orgid:0x${'11'.repeat(32)}`
await using hotels = await startPartner({
  did: `did:orgid:0x${'aa'.repeat(32)}`,
  profile: 'older',
  publicKey,
})
await using air = await startPartner({
  did: `did:orgid:0x${'bb'.repeat(32)}`,
  profile: 'older',
  publicKey,
})
await using weather = await startStranger()

// The whole set-up. In production the origins are https, and allowLoopbackHttp is left out.
const auth = createOrgidAuth({
  issuer: `${us}#webserver`,
  key: privateKey,
  partners: [
    {
      name: 'hotels',
      did: `did:orgid:0x${'aa'.repeat(32)}`,
      origin: hotels.origin,
      allowLoopbackHttp: true,
    },
    {
      name: 'air',
      did: `did:orgid:0x${'bb'.repeat(32)}`,
      origin: air.origin,
      allowLoopbackHttp: true,
    },
  ],
})
const http = axios.create()
attachAuth(http, auth)

// From here on, calls are ordinary calls.
await Promise.all([1, 2, 3, 4].map((page) => http.get(hotels.url(`/offers?page=${page}`))))
await http.post(air.url('/bookings'), { flight: 'WT 42' })
await http.get(weather.url('/today'))

// A partner that redirects elsewhere takes no token along.
hotels.redirect({ to: weather.url('/elsewhere') })
await http.get(hotels.url('/moved'))

for (const [name, partner] of Object.entries({ hotels, air, weather })) {
  const { requests, tokens } = partner
  console.log(`${name.padEnd(8)} ${requests.length} requests, ${tokens.length} distinct tokens`)
}

assert.equal(hotels.acceptedCount, 5)
assert.equal(hotels.tokens.length, 1, 'five calls, four of them at once, share one token')
assert.equal(air.acceptedCount, 1)
assert.notEqual(air.tokens[0], hotels.tokens[0])
assert.deepEqual(
  weather.requests.map(({ authorization }) => authorization),
  [undefined, undefined],
)
