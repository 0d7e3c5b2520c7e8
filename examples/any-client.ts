// Any other client: ask for the header of a URL, and send it. Here it is Node's own http.
//
//     npx tsx examples/any-client.ts
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { createOrgidAuth } from 'orgid-bearer'
import { startPartner, startStranger } from 'orgid-bearer/testing'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const did = `did:orgid:0x${'aa'.repeat(32)}`
await using hotels = await startPartner({ did, profile: 'older', publicKey })
await using weather = await startStranger()

const auth = createOrgidAuth({
  issuer: `did:orgid:0x${'11'.repeat(32)}#webserver`,
  key: privateKey,
  partners: [{ name: 'hotels', did, origin: hotels.origin, allowLoopbackHttp: true }],
})

// Ask for each request, and do not keep the header. Undefined: not a partner's URL, send nothing.
async function getJson(url: string): Promise<unknown> {
  const authorization = await auth.authorization(url)
  const request = get(url, { headers: authorization === undefined ? {} : { authorization } })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const body = await json(response)
  if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}`)
  return body
}

await getJson(hotels.url('/offers'))
await getJson(weather.url('/today'))

// What an attached client does by itself is up to you here: a refused token is to be replaced.
hotels.answer({ status: 401 })
await assert.rejects(getJson(hotels.url('/offers')), /answered 401/)
auth.invalidate({ partner: 'hotels' })
await getJson(hotels.url('/offers'))

for (const { method, url, status } of hotels.requests)
  console.log(`hotels   ${method} ${url}  ${status}`)
console.log(`weather  ${weather.requests.length} call, ${weather.tokens.length} tokens`)

assert.equal(hotels.acceptedCount, 3)
assert.equal(hotels.tokens.length, 2, 'another one after the 401')
assert.equal(weather.requests[0]?.authorization, undefined)
