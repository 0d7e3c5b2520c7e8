import { setTimeout as sleep } from 'node:timers/promises'
import { orgJsonEntries, type PublicKeyInput } from 'orgid-bearer'
import {
  type PartnerHandler,
  type RecordedRequest,
  startPartner,
  startStranger,
  type TestPartner,
} from 'orgid-bearer/testing'

const organisation = `0x${'11'.repeat(32)}`
/** Our own ORGiD in both forms: which one a partner reads is a property of the partner. */
export const us = {
  plain: `did:orgid:${organisation}#webserver`,
  chain: `did:orgid:137:${organisation}#webserver`,
}
export const dids = {
  fjord: `did:orgid:137:0x${'aa'.repeat(32)}`,
  alpine: `did:orgid:0x${'bb'.repeat(32)}`,
  seaside: `did:orgid:0x${'cc'.repeat(32)}`,
}

/** Three partners as there are, on loopback. They judge tokens as real partners do. */
export interface Partners extends AsyncDisposable {
  /** A current partner: the chain form of DIDs. */
  readonly fjord: TestPartner
  /** Reached by way of a gateway alone. */
  readonly alpine: TestPartner
  readonly gateway: TestPartner
  /** Slow, and every third search is answered 401 whatever its token. */
  readonly seaside: TestPartner
}

export async function startPartners(publicKey: PublicKeyInput): Promise<Partners> {
  // What we have published of our key, under both forms of our DID
  const orgJson = [us.plain, us.chain].map((issuer) => orgJsonEntries(issuer, publicKey))
  const fjord = await startPartner({ did: dids.fjord, profile: 'current', orgJson })
  const alpine = await startPartner({ did: dids.alpine, profile: 'older', orgJson })
  const seaside = await startPartner({ did: dids.seaside, profile: 'older', orgJson })
  const gateway = await startStranger()

  fjord.handler = sells('fjord', { 'Fjord Lodge': 14_200, 'Harbour Inn': 9_900 })
  alpine.handler = sells('alpine', { 'Alpine Hut': 7_400 })
  gateway.handler = passesOn('/alpine', alpine)
  seaside.handler = sometimesRefuses(sells('seaside', { 'Seaside Hotel': 8_600 }))

  const all = [gateway, fjord, alpine, seaside]
  return {
    fjord,
    alpine,
    gateway,
    seaside,
    async [Symbol.asyncDispose]() {
      for (const partner of all) await partner.close()
    },
  }
}

/** Prices are for one night, in cents. */
function sells(prefix: string, prices: Readonly<Record<string, number>>): PartnerHandler {
  return ({ method, url, text }) => {
    if (method === 'POST')
      return { status: 201, body: { confirmation: `WT-${JSON.parse(text).offer}` } }
    const nights = Number(new URL(url, 'http://partner.invalid').searchParams.get('nights'))
    const offers = Object.entries(prices).map(([hotel, price], index) => ({
      id: `${prefix}-${index + 1}`,
      hotel,
      price: price * nights,
    }))
    return { body: { offers } }
  }
}

/** Hands a request on below a path, with its Authorization, and judges nothing. */
function passesOn(prefix: string, { origin }: TestPartner): PartnerHandler {
  return async ({ method, url, text, authorization }) => {
    const response = await fetch(`${origin}${url.slice(prefix.length)}`, {
      method,
      headers: authorization === undefined ? {} : { authorization },
      ...(text !== '' && { body: text }),
    })
    return { status: response.status, body: await response.json() }
  }
}

function sometimesRefuses(answer: PartnerHandler): PartnerHandler {
  let searches = 0
  return async (request: RecordedRequest) => {
    await sleep(100)
    if (request.method === 'GET') searches += 1
    return searches % 3 === 0 && request.method === 'GET' ? { status: 401 } : answer(request)
  }
}
