import { orgJsonEntries, type PartnerOptions, type PublicKeyInput } from 'orgid-bearer'
import {
  type PartnerHandler,
  startPartner,
  startStranger,
  type TestPartner,
} from 'orgid-bearer/testing'

/** Somewhere that calls go to: a partner's API, a part of one, or a stranger's. */
export interface Place {
  readonly name: string
  readonly server: TestPartner
  readonly path: string
  /** What a token for it must say; undefined where no token may come. */
  readonly token: Expected | undefined
}

interface Expected {
  /** The partner's name in the auth. */
  readonly partner: string
  readonly audience: string
  readonly issuer: string
  /** Seconds. */
  readonly lifetime: number
  readonly scope: string | undefined
  readonly singleUse: boolean
}

/** The servers of a run, and the places on them. */
export interface Places extends AsyncDisposable {
  /** By the name under which they are counted. */
  readonly partners: ReadonlyMap<string, TestPartner>
  readonly strangers: ReadonlyMap<string, TestPartner>
  readonly hotels: Place
  readonly air: Place
  readonly rail: Place
  /** At rail's origin below another prefix, where each call has a token of its own. */
  readonly once: Place
  /** At rail's origin below no partner's prefix: nobody's. */
  readonly outside: Place
  readonly weather: Place
  readonly news: Place
  /** For `createOrgidAuth`. */
  readonly options: readonly PartnerOptions[]
  /** Forgets all records, and sets by how many seconds the partners' clocks are ahead. */
  reset(skew: number): void
}

const organisation = `0x${'1d'.repeat(32)}`
export const plainIssuer = `did:orgid:${organisation}#webserver`
const chainIssuer = `did:orgid:137:${organisation}#webserver`
const hotelsDid = `did:orgid:0x${'aa'.repeat(32)}`
const airDid = `did:orgid:137:0x${'bb'.repeat(32)}`
const railDid = `did:orgid:137:0x${'cc'.repeat(32)}`

export async function startPlaces(
  publicKey: PublicKeyInput,
  handler: PartnerHandler,
): Promise<Places> {
  const orgJson = [plainIssuer, chainIssuer].map((issuer) => orgJsonEntries(issuer, publicKey))
  const requiredScope = ['search', 'book']
  const hotels = await startPartner({ did: hotelsDid, profile: 'older', orgJson })
  const air = await startPartner({ did: airDid, profile: 'current', orgJson, requiredScope })
  const rail = await startPartner({ did: railDid, profile: 'current', orgJson })
  const weather = await startStranger()
  const news = await startStranger()
  const servers = [hotels, air, rail, weather, news]

  const options: readonly PartnerOptions[] = [
    { name: 'hotels', did: hotelsDid, origin: hotels.origin, lifetime: 2 },
    {
      name: 'air',
      did: airDid,
      origin: air.origin,
      issuer: chainIssuer,
      lifetime: 5,
      scope: requiredScope,
    },
    {
      name: 'rail',
      did: railDid,
      origin: rail.origin,
      issuer: chainIssuer,
      lifetime: 20,
      pathPrefix: '/v2',
    },
    {
      name: 'once',
      did: railDid,
      origin: rail.origin,
      issuer: chainIssuer,
      lifetime: 20,
      pathPrefix: '/once',
      singleUse: true,
    },
  ].map((partner) => ({ ...partner, allowLoopbackHttp: true }))

  const place = (name: string, server: TestPartner, path: string): Place => {
    const partner = options.find((one) => one.name === name)
    const token = partner && {
      partner: name,
      audience: partner.did,
      issuer: partner.issuer ?? plainIssuer,
      lifetime: Number(partner.lifetime),
      scope: partner.scope && JSON.stringify(partner.scope),
      singleUse: partner.singleUse === true,
    }
    return { name, server, path, token }
  }
  const reset = (skew: number) => {
    for (const server of servers) {
      server.reset()
      server.handler = handler
      if (server.did !== undefined) server.clockSkew = skew
    }
  }
  reset(0)
  return {
    partners: new Map([
      ['hotels', hotels],
      ['air', air],
      ['rail', rail],
    ]),
    strangers: new Map([
      ['weather', weather],
      ['news', news],
    ]),
    hotels: place('hotels', hotels, '/offers'),
    air: place('air', air, '/flights'),
    rail: place('rail', rail, '/v2/trains'),
    once: place('once', rail, '/once/seats'),
    outside: place('outside', rail, '/v20/terms'),
    weather: place('weather', weather, '/today'),
    news: place('news', news, '/latest'),
    options,
    reset,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map((server) => server.close()))
    },
  }
}
