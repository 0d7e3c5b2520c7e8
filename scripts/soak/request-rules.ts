import type { Call } from './call.js'
import type { OffenceName } from './tally.js'
import type { Arrival, Made } from './traffic.js'

interface Objection {
  readonly name: OffenceName
  readonly words: string
}

/** Whether a hop is to a partner, by a transport that gives this hop its token. */
export function mustCarryToken({ hops, transport, options }: Call, index: number): boolean {
  const place = hops[index]?.place
  if (place?.token === undefined || options?.skip === true) return false
  if (transport.hops === 'each') return true
  return hops.slice(0, index).every((hop) => hop.place === place)
}

/** Seconds that a token of ours for this hop was meant to live. */
function lifetimeOf({ hops, options }: Call, index: number): number {
  const own = hops[index]?.place === hops[0]?.place ? Number(options?.lifetime ?? 0) : 0
  return own || (hops[index]?.place.token?.lifetime ?? 0)
}

/** Seconds between the beginning of a call and the arrival of one of its requests. */
function underWay({ startedAt, call }: Made, { hop, request }: Arrival): number {
  return request.receivedAt - skewOf(call, hop) - startedAt
}

/** Since the last reset, and so for all the records that there are. */
function skewOf({ hops }: Call, hop: number): number {
  return hops[hop]?.place.server.clockSkew ?? 0
}

/**
 * Whether a token may have ended while its request was on its way, on a machine that has too much
 * to do. It was served no later than a tenth of its life before its end, and `exp` is in whole
 * seconds.
 */
export function isTooSlow(made: Made, arrival: Arrival): boolean {
  return underWay(made, arrival) > 0.1 * (lifetimeOf(made.call, arrival.hop) - 1)
}

/** What is wrong with one request, by what its server has recorded and the signer's books. */
export function judgeRequest(made: Made, arrival: Arrival): Objection[] {
  const { call } = made
  const { at, hop, request } = arrival
  const { authorization, token, claims, receivedAt } = request
  const place = call.hops[hop]?.place
  if (place === undefined) return [{ name: 'misdirected', words: `${at} was no hop of it` }]
  const expected = mustCarryToken(call, hop) ? place.token : undefined

  if (authorization === undefined) {
    if (expected === undefined) return []
    return [{ name: 'unauthenticated', words: `${place.name} saw it without a token` }]
  }
  if (expected === undefined) {
    const name = place.server.did === undefined ? 'leaked to a stranger' : 'misdirected'
    return [{ name, words: `${place.name} saw an Authorization header` }]
  }
  const signing = token === undefined ? undefined : call.signer.signingOf(token)
  if (token === undefined || signing === undefined) {
    return [
      { name: 'misdirected', words: `${place.name} saw a token that its lane has not signed` },
    ]
  }

  const objections: Objection[] = []
  const object = (name: OffenceName, words: string) => objections.push({ name, words })
  const isForIt = claims?.aud === expected.audience && claims?.iss === expected.issuer
  if (!isForIt) object('misdirected', `${place.name} saw a token for another`)
  if (signing.seenBy !== undefined && signing.seenBy !== at) {
    object('misdirected', `${at} saw a token that ${signing.seenBy} has seen as well`)
  }
  // Options are meant for the partner of the call's own URL, and for no other
  const isOwn = place === call.hops[0]?.place
  const label = isOwn ? call.label : undefined
  if (claims?.soak !== label || claims?.scope !== expected.scope) {
    object(
      'misdirected',
      `${place.name} saw a token with other options: soak ${claims?.soak}, not ${label}`,
    )
  }
  if (expected.singleUse && (signing.uses > 0 || claims?.jti === undefined)) {
    object('reused', `${place.name} saw a token for single use ${signing.uses + 1} times`)
  }
  // By the true time: whatever clocks say, a token is served for nine tenths of its life
  const age = receivedAt - skewOf(call, hop) - signing.at
  const oldest = 0.9 * lifetimeOf(call, hop) + underWay(made, arrival)
  if (age > oldest) {
    const ages = `${age.toFixed(2)} s old, and should be ${oldest.toFixed(2)} s at most`
    object('overaged', `${place.name} saw a token that was ${ages}`)
  }
  signing.seenBy ??= at
  signing.uses += 1
  return objections
}
