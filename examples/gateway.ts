// One gateway in front of several suppliers: tokens are addressed to the supplier, not to the
// gateway, and each call says which. One client, wrapped once for each supplier.
//
//     npx tsx examples/gateway.ts
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import axios, { type AxiosInstance } from 'axios'
import { createOrgidAuth, isOrgidAuthError, wrapClient } from 'orgid-bearer'
import { attachAuth } from 'orgid-bearer/axios'
import { startPartner, startStranger } from 'orgid-bearer/testing'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const did = (byte: string) => `did:orgid:0x${byte.repeat(32)}`
const dids = { fjord: did('aa'), alpine: did('bb') }

// The suppliers refuse a token that is addressed to anyone else.
await using fjord = await startPartner({ did: dids.fjord, profile: 'older', publicKey })
await using alpine = await startPartner({ did: dids.alpine, profile: 'older', publicKey })

// The gateway passes each request on by its path, with its Authorization, and judges nothing.
await using gateway = await startStranger()
gateway.handler = async ({ method, url, authorization }) => {
  const [, supplier, ...path] = url.split('/')
  const { origin } = supplier === 'fjord' ? fjord : alpine
  const { status, data } = await axios.request({
    method,
    url: `${origin}/${path.join('/')}`,
    headers: { authorization },
    validateStatus: null,
  })
  return { status, body: data }
}

// The whole set-up: the suppliers are audiences of the one origin.
const auth = createOrgidAuth({
  issuer: `${did('11')}#webserver`,
  key: privateKey,
  partners: [
    {
      name: 'gateway',
      did: did('cc'), // the gateway's own
      audiences: Object.values(dids),
      origin: gateway.origin,
      allowLoopbackHttp: true,
    },
  ],
})
const http = axios.create({ baseURL: gateway.origin })
attachAuth(http, auth)

class GatewayClient {
  readonly #http: AxiosInstance
  constructor(http: AxiosInstance) {
    this.#http = http
  }
  async offers(supplier: string): Promise<void> {
    await this.#http.get(`/${supplier}/offers`)
  }
}
const client = new GatewayClient(http)
const to = (audience: string) => wrapClient(client, auth, { partner: 'gateway', audience })
const suppliers = { fjord: to(dids.fjord), alpine: to(dids.alpine) }

await Promise.all([
  suppliers.fjord.offers('fjord'),
  suppliers.alpine.offers('alpine'),
  suppliers.fjord.offers('fjord'),
])

// The audience is a choice among those that are listed. Nothing is sent with any other.
const refused = await to(did('dd'))
  .offers('fjord')
  .catch((error: unknown) => error)
assert.ok(isOrgidAuthError(refused) && refused.code === 'ERR_AUDIENCE_NOT_ALLOWED')
assert.equal(gateway.requests.length, 3)

for (const { url, claims, status } of gateway.requests) {
  console.log(`${url.padEnd(16)} ${status}  aud ${String(claims?.aud).slice(0, 16)}…`)
}
console.log(`a supplier that is not listed: ${refused.code}`)

assert.equal(fjord.acceptedCount, 2)
assert.equal(alpine.acceptedCount, 1)
assert.equal(gateway.tokens.length, 2, 'one token a supplier')
