import type { Call } from './call.js'
import { isTooSlow, judgeRequest, mustCarryToken } from './request-rules.js'
import { increment, type OffenceName, type Tally } from './tally.js'
import type { Arrival, Collected, Made, Sequel } from './traffic.js'
import { text } from './transports.js'

/**
 * Holds what servers have recorded against what each call was meant to be, and counts.
 *
 * @param movedAt when partners' clocks were moved last; epoch seconds, of the true time.
 */
export function audit({ made, sequels, strays }: Collected, tally: Tally, movedAt: number): void {
  for (const one of made) auditCall(one, tally, movedAt)
  const byCall = new Map(made.map((one) => [one.call, one]))
  for (const sequel of sequels) auditSequel(sequel, byCall, tally)
  for (const { at, request } of strays) {
    const words = `${at} saw a request that belongs to no call under way`
    const name = request.authorization === undefined ? 'unexpected end' : 'misdirected'
    tally.report({ name, words })
  }
}

function auditCall(made: Made, tally: Tally, movedAt: number): void {
  const { call, ended, arrivals } = made
  const { kind, transport } = call
  let isClean = true
  const object = (name: OffenceName, objection: string) => {
    isClean = false
    const words = `${describe(call)}: ${objection}; it ended with ${wordsOf(ended)}`
    tally.report({ name, kind, transport: transport.name, words })
  }

  tally.calls += 1
  for (const arrival of arrivals) {
    increment(tally.byTransport, transport.name)
    increment(tally.byServer, arrival.at)
    for (const { name, words } of judgeRequest(made, arrival)) object(name, words)
  }
  const refused = refusals(call, arrivals)
  const allowed = call.isUnlearnt ? 1 : 0
  const areExpired = refused.every(({ request }) => reasonOf(request) === 'exp is in the past')
  if (refused.length > allowed || !areExpired) {
    const isExcused = (arrival: Arrival) =>
      isTooSlow(made, arrival) || isSignedBefore(call, arrival, movedAt)
    if (isClean && areExpired && refused.some(isExcused)) {
      // What comes of that depends on the call; there must be few of these
      tally.expired += 1
      return
    }
    const reasons = refused.map((arrival) => whyRefused(call, arrival))
    object('refused', `no fault explains a refusal for: ${reasons.join('; ')}`)
  }
  if (hasSameTokenAgain(arrivals)) object('repeated', 'with the very token that was refused')

  // A refusal comes on top of what the hop must see; where it is not explained, it was reported
  call.requests.forEach((expected, hop) => {
    const there = arrivals.filter((arrival) => arrival.hop === hop).length
    const onTop = refused.filter((arrival) => arrival.hop === hop).length
    if (there - onTop === expected) return
    const answers = arrivals.map(({ request }) => request.status).join(', ') || 'none'
    const words = `hop ${hop} saw ${there} requests, ${onTop} of them with a token to be refused, and was to see ${expected} besides; answers: ${answers}`
    if (expected === 2 && there === 1) object('not repeated', words)
    else if (expected > 0 && there > expected + onTop) object('repeated', words)
    else object('unexpected end', words)
  })
  if (arrivals.some(({ request }) => request.method === 'POST' && request.text !== text)) {
    object('unexpected end', 'a body did not arrive as it was sent')
  }

  const isAsMeant =
    'status' in call.ending
      ? 'status' in ended && ended.status === call.ending.status
      : 'error' in ended && ended.error.some((name) => isOneOf(call.ending, name))
  if (!isAsMeant) {
    object('unexpected end', `it was to end with ${wordsOf(call.ending)}`)
  }
  if (repetitions(arrivals).length > 0) tally.repeated += 1
  if (!isClean) return
  if (call.isUnlearnt && refused.length === 1)
    tally.happened("partner's clock learnt", transport.name)
  if (kind !== 'none' && hasHappened(call, arrivals)) tally.happened(kind, transport.name)
}

/** Evidence, beside what was checked already, that a fault was there at all. */
function hasHappened({ kind, label, signer, hops }: Call, arrivals: readonly Arrival[]): boolean {
  const signings = label === undefined ? [] : signer.signingsOf(label)
  switch (kind) {
    case 'abort while minting':
      return signings.length === 1
    case 'signer throws':
    case 'signer rejects':
    case 'signer hangs':
      return signings.length === 1 && signings[0]?.manner.startsWith(kind.slice(7)) === true
    case 'abort before sending':
      return arrivals.length === 0
    default:
      // It came to where it was meant to, and was answered as it was meant to be
      return arrivals.some(
        ({ hop, request }) => hop === hops.length - 1 && request.status !== undefined,
      )
  }
}

function auditSequel(
  { calls, tokens, kind, hasHappened = () => true }: Sequel,
  byCall: ReadonlyMap<Call, Made>,
  tally: Tally,
): void {
  const [first, second] = calls
  const [one, two] = calls.map((call) => lastToken(byCall.get(call)))
  // Judged already, as calls that went wrong
  if (one === undefined || two === undefined) return
  const wasRefused = refusals(second, byCall.get(second)?.arrivals ?? []).length > 0
  // By a partner's clock that has been learnt, a token may come out the same again
  const isSame = one === two && !(tokens === 'moved' && wasRefused)
  if (isSame !== (tokens === 'same')) {
    const { name } = second.transport
    const words = `${describe(second)}: ${isSame ? 'the same token as' : 'another token than'} the call before`
    tally.report({ name: 'unexpected token', kind: kind ?? 'none', transport: name, words })
  } else if (kind !== undefined && hasHappened()) {
    tally.happened(kind, first.transport.name)
  }
}

function lastToken(made: Made | undefined): string | undefined {
  return made?.arrivals.findLast(({ request }) => request.verdict.accepted)?.request.token
}

/** Requests with a token that the server's rules refuse. */
function refusals(call: Call, arrivals: readonly Arrival[]): readonly Arrival[] {
  return arrivals.filter(
    ({ hop, request }) =>
      !request.verdict.accepted && request.token !== undefined && mustCarryToken(call, hop),
  )
}

function reasonOf({ verdict }: Arrival['request']): string | undefined {
  return verdict.accepted ? undefined : verdict.reason
}

/**
 * Whether a token is of before the partner's clock was moved. One may be left, by a clock of ours
 * that was set to and fro in between: what was learnt meanwhile was learnt of another one.
 */
function isSignedBefore(call: Call, { request }: Arrival, movedAt: number): boolean {
  const signing = request.token === undefined ? undefined : call.signer.signingOf(request.token)
  return signing !== undefined && signing.at < movedAt
}

/** In the server's own words, which never quote a token; and by the true time. */
function whyRefused(call: Call, { hop, request }: Arrival): string {
  const signing = request.token === undefined ? undefined : call.signer.signingOf(request.token)
  const skew = call.hops[hop]?.place.server.clockSkew ?? 0
  const age = signing && (request.receivedAt - skew - signing.at).toFixed(2)
  const late = (request.receivedAt - Number(request.claims?.exp)).toFixed(2)
  return `${reasonOf(request)}, signed ${age} s before, ${late} s after its end`
}

/** Requests of a hop together with the one before it there, where that was answered 401. */
function repetitions(arrivals: readonly Arrival[]): readonly (readonly [Arrival, Arrival])[] {
  return arrivals.flatMap((arrival, index) => {
    const earlier = arrivals.slice(0, index).findLast(({ hop }) => hop === arrival.hop)
    return earlier?.request.status === 401 ? [[earlier, arrival] as const] : []
  })
}

function hasSameTokenAgain(arrivals: readonly Arrival[]): boolean {
  return repetitions(arrivals).some(([one, two]) => one.request.token === two.request.token)
}

function isOneOf(ending: Call['ending'], name: string): boolean {
  return 'error' in ending && ending.error.includes(name)
}

function wordsOf(ending: Call['ending']): string {
  return 'status' in ending ? `status ${ending.status}` : ending.error.join(' or ')
}

function describe({ id, kind, method, body, hops, transport }: Call): string {
  const way = hops.map(({ place }) => place.name).join(' > ')
  const what = body === 'none' ? method : `${method} of a ${body}`
  return `call ${id} (${transport.name}, ${what} to ${way}${kind === 'none' ? '' : `, ${kind}`})`
}
