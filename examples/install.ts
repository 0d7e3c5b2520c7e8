// Once, in the first lines of a process: Node's fetch has tokens for partners wherever it is called,
// and so have the axios instances that are named.
//
//     npx tsx examples/install.ts
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import axios from 'axios'
import { createOrgidAuth, install } from 'orgid-bearer'
import { startPartner, startStranger } from 'orgid-bearer/testing'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const did = `did:orgid:0x${'aa'.repeat(32)}`
await using hotels = await startPartner({ did, profile: 'older', publicKey })
await using weather = await startStranger()

// The whole set-up.
const http = axios.create()
const auth = createOrgidAuth({
  issuer: `did:orgid:0x${'11'.repeat(32)}#webserver`,
  key: privateKey,
  partners: [{ name: 'hotels', did, origin: hotels.origin, allowLoopbackHttp: true }],
})
const uninstall = install(auth, { axios: http })

// A library deep inside of the process, which knows nothing of all this.
const library = { offers: () => fetch(hotels.url('/offers')) }
const { status } = await library.offers()
await http.get(hotels.url('/terms'))
await fetch(weather.url('/today'))

// In tests, and where a process gives its partners up.
uninstall()
const { status: later } = await library.offers()

console.log(`while it is installed hotels answers ${status}, and ${later} afterwards`)
console.log(`weather saw ${weather.tokens.length} tokens in ${weather.requests.length} request`)

assert.equal(status, 200)
assert.equal(later, 401)
assert.equal(hotels.acceptedCount, 2)
assert.equal(weather.requests[0]?.authorization, undefined)
