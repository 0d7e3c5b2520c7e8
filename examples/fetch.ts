// Node's own fetch, with tokens for partners.
//
//     npx tsx examples/fetch.ts
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { createOrgidAuth } from 'orgid-bearer'
import { withAuth } from 'orgid-bearer/fetch'
import { startPartner, startStranger } from 'orgid-bearer/testing'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const did = `did:orgid:0x${'aa'.repeat(32)}`
await using hotels = await startPartner({ did, profile: 'older', publicKey })
await using weather = await startStranger()

// The whole set-up.
const auth = createOrgidAuth({
  issuer: `did:orgid:0x${'11'.repeat(32)}#webserver`,
  key: privateKey,
  partners: [{ name: 'hotels', did, origin: hotels.origin, allowLoopbackHttp: true }],
})
const partnerFetch = withAuth(fetch, auth)

// From here on, calls are ordinary calls.
await partnerFetch(hotels.url('/offers'))
await partnerFetch(weather.url('/today'))

// What one call needs beside: another lifetime, and a claim that this partner asks for.
const orgid = { lifetime: '5 minutes', claims: { purpose: 'booking' } }
await partnerFetch(hotels.url('/bookings'), { method: 'POST', body: '{"nights":2}', orgid })

// A redirect to somebody else is followed without the token.
hotels.redirect({ to: weather.url('/elsewhere') })
await partnerFetch(hotels.url('/moved'))

for (const { method, url, claims } of hotels.requests) {
  console.log(
    `hotels saw ${method.padEnd(4)} ${url.padEnd(9)} purpose ${claims?.purpose ?? 'none'}`,
  )
}
const strays = weather.requests.filter(({ authorization }) => authorization !== undefined)
console.log(
  `weather saw ${weather.requests.length} requests, ${strays.length} of them with a token`,
)

assert.equal(hotels.acceptedCount, 3)
assert.equal(hotels.tokens.length, 2, 'the booking has a token of its own')
assert.equal(strays.length, 0)
