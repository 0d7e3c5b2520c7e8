// undici's request and fetch, with tokens for partners: an interceptor on a dispatcher.
//
//     npx tsx examples/undici.ts
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { createOrgidAuth } from 'orgid-bearer'
import { startPartner, startStranger } from 'orgid-bearer/testing'
import { authInterceptor } from 'orgid-bearer/undici'
import { Agent, fetch, interceptors, request } from 'undici'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const did = `did:orgid:0x${'aa'.repeat(32)}`
await using hotels = await startPartner({ did, profile: 'older', publicKey })
await using weather = await startStranger()

// The whole set-up. undici's own interceptors may stand around it; each hop of a redirect gets the
// token of its own partner, or none.
const auth = createOrgidAuth({
  issuer: `did:orgid:0x${'11'.repeat(32)}#webserver`,
  key: privateKey,
  partners: [{ name: 'hotels', did, origin: hotels.origin, allowLoopbackHttp: true }],
})
const agent = new Agent()
const dispatcher = agent.compose(
  authInterceptor(auth),
  interceptors.redirect({ maxRedirections: 3 }),
)

hotels.redirect({ to: '/offers/2027', path: '/offers' })
const offers = await request(hotels.url('/offers'), { dispatcher })
await offers.body.dump()
await fetch(hotels.url('/terms'), { dispatcher })
const today = await request(weather.url('/today'), { dispatcher })
await today.body.dump()
await agent.close()

for (const [name, { requests, tokens }] of Object.entries({ hotels, weather })) {
  console.log(`${name.padEnd(8)} ${requests.length} requests, ${tokens.length} distinct tokens`)
}

assert.equal(offers.statusCode, 200)
assert.equal(hotels.acceptedCount, 3)
assert.equal(hotels.tokens.length, 1)
assert.equal(weather.requests[0]?.authorization, undefined)
