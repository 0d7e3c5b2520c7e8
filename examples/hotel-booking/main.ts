// A service that sells rooms of three partners, once with Koa and once with Express: one reads the
// chain form of DIDs, one sits behind a gateway, and one is slow and sometimes says 401.
//
//     npx tsx examples/hotel-booking/main.ts
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createOrgidAuth, type OrgidAuth } from 'orgid-bearer'
import { expressService } from './express.js'
import { koaService } from './koa.js'
import { dids, type Partners, startPartners, us } from './partners.js'
import { createShop, type Findings, type Offer, type Shop } from './shop.js'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })

/** What a deployment configures: who we are, and whose the partners' URLs are. */
function configure({ fjord, gateway, seaside }: Partners) {
  const loopback = { allowLoopbackHttp: true } // in production the origins are https
  const auth = createOrgidAuth({
    issuer: us.plain,
    key: privateKey,
    partners: [
      { name: 'fjord', did: dids.fjord, issuer: us.chain, origin: fjord.origin, ...loopback },
      // Its own DID, at the gateway's origin: there, only what is below its path is its
      {
        name: 'alpine',
        did: dids.alpine,
        origin: gateway.origin,
        pathPrefix: '/alpine',
        ...loopback,
      },
      { name: 'seaside', did: dids.seaside, origin: seaside.origin, ...loopback },
    ],
  })
  const shop = createShop([
    { name: 'fjord', url: fjord.origin, patienceMs: 5_000 },
    { name: 'alpine', url: gateway.url('/alpine'), patienceMs: 5_000 },
    { name: 'seaside', url: seaside.origin, patienceMs: 5_000 },
  ])
  return { auth, shop }
}

/** What end users do: they search, and book what is cheapest. */
async function use(origin: string, { fjord, seaside }: Partners): Promise<void> {
  for (const what of ['first', 'second', 'third']) {
    const { offers, missing } = await search(origin)
    console.log(`\n  ${what} search: ${offers.length} offers`)
    if (what === 'first') print(offers)
    assert.equal(offers.length, 4)
    assert.deepEqual(missing, [], 'a 401 is not seen by the user')
  }

  const { status } = await fetch(`${origin}/offers?city=Bergen&nights=few`, { headers })
  assert.equal(status, 400)

  seaside.delay(30)
  const { offers, missing } = await search(origin)
  console.log(`\n  search while seaside does not answer: ${offers.length} offers`)
  for (const { supplier, why } of missing) console.log(`    ${supplier} is missing: ${why}`)
  assert.deepEqual(missing, [{ supplier: 'seaside', why: 'too late' }])
  assert.equal(offers.length, 3)

  const [cheapest] = offers
  assert.ok(cheapest)
  const { supplier, id, hotel } = cheapest
  const booking = await book(origin, supplier, id)
  console.log(`\n  booked ${hotel} with ${supplier}: ${booking.status}, ${booking.text}`)
  assert.equal(booking.status, 201)

  fjord.answer({ status: 503 })
  const failed = await book(origin, 'fjord', 'fjord-1')
  console.log(`  and with fjord, which has trouble: ${failed.status}, ${failed.text}`)
  assert.equal(failed.status, 502)
}

async function book(origin: string, supplier: string, offer: string) {
  const query = new URLSearchParams({ supplier, offer })
  const response = await fetch(`${origin}/bookings?${query}`, { method: 'POST', headers })
  return { status: response.status, text: await response.text() }
}

/** What users bring along is meant for the service, and must go no further. */
const headers = { authorization: 'Bearer of-the-end-user' }

async function search(origin: string): Promise<Findings> {
  const response = await fetch(`${origin}/offers?city=Bergen&nights=2`, { headers })
  return (await response.json()) as Findings
}

function print(offers: readonly Offer[]): void {
  for (const { price, hotel, supplier } of offers) {
    console.log(`    ${(price / 100).toFixed(2).padStart(7)}  ${hotel.padEnd(14)} ${supplier}`)
  }
}

/** What the partners have recorded of all that. */
function account({ fjord, alpine, gateway, seaside }: Partners): void {
  console.log()
  for (const [name, partner] of Object.entries({ fjord, alpine, seaside })) {
    const { requests, tokens, acceptedCount } = partner
    const refusals = requests.filter(({ status }) => status === 401).length
    console.log(
      `  ${name.padEnd(8)} saw ${requests.length} calls, ${acceptedCount} with a token it accepts; ` +
        `tokens: ${tokens.length}, answered 401: ${refusals}`,
    )
    assert.equal(acceptedCount, requests.length, `${name}'s rules accept every token`)
    // All calls share one token, and another takes the place of one that was refused
    assert.equal(tokens.length, 1 + refusals)
    assert.equal(refusals, name === 'seaside' ? 1 : 0)
  }
  for (const { claims } of fjord.requests) {
    assert.equal(claims?.iss, us.chain)
    assert.equal(claims?.aud, dids.fjord)
  }
  assert.deepEqual(gateway.tokens, alpine.tokens, 'the gateway sees what it passes on')
}

const services: Record<string, (auth: OrgidAuth, shop: Shop) => RequestListener> = {
  Koa: (auth, shop) => koaService(auth, shop).callback(),
  Express: expressService,
}
for (const [framework, service] of Object.entries(services)) {
  console.log(`\n${framework}`)
  await using partners = await startPartners(publicKey)
  const { auth, shop } = configure(partners)
  await using server = createServer(service(auth, shop)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, partners)
  account(partners)
}
