// Recipes for clients that this package has no entry for: got, ky, superagent and node-fetch.
//
//     npx tsx examples/recipes/main.ts
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { createOrgidAuth } from 'orgid-bearer'
import { startPartner, startStranger } from 'orgid-bearer/testing'
import superagent from 'superagent'
import { gotWithAuth } from './got.js'
import { kyWithAuth } from './ky.js'
import { nodeFetchWithAuth } from './node-fetch.js'
import { superagentPlugin } from './superagent.js'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const did = `did:orgid:0x${'aa'.repeat(32)}`
await using hotels = await startPartner({ did, profile: 'older', publicKey })
await using weather = await startStranger()

const auth = createOrgidAuth({
  issuer: `did:orgid:0x${'11'.repeat(32)}#webserver`,
  key: privateKey,
  partners: [{ name: 'hotels', did, origin: hotels.origin, allowLoopbackHttp: true }],
})

const got = gotWithAuth(auth)
const ky = kyWithAuth(auth)
const nodeFetch = nodeFetchWithAuth(auth)
const orgid = superagentPlugin(auth)

const clients: Record<string, (url: string) => PromiseLike<unknown>> = {
  got: (url) => got(url),
  ky: (url) => ky(url),
  superagent: (url) => superagent.get(url).use(orgid),
  'node-fetch': (url) => nodeFetch(url),
}

for (const [name, get] of Object.entries(clients)) {
  await get(hotels.url('/offers'))
  await get(weather.url('/today'))
  hotels.redirect({ to: weather.url('/moved') })
  await get(hotels.url('/elsewhere'))

  const tokensSeen = weather.requests.filter(({ authorization }) => authorization !== undefined)
  console.log(
    `${name.padEnd(10)} hotels accepted ${hotels.acceptedCount} of ${hotels.requests.length} requests, ` +
      `weather saw ${tokensSeen.length} tokens in ${weather.requests.length}`,
  )
  assert.equal(hotels.acceptedCount, 2)
  assert.equal(weather.requests.length, 2)
  assert.equal(tokensSeen.length, 0)
  hotels.reset()
  weather.reset()
}
