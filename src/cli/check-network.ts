import { span } from '../words.js'
import { checkAnswer } from './check-answer.js'
import type { Sample } from './check-partner.js'
import { type Row, row } from './check-row.js'
import { networkReason } from './network.js'

/** Seconds that a partner has to answer. */
const longestWait = 5
/** Seconds by which clocks may differ before it is worth a word. */
const tolerable = 30
/** Seconds from which on a clock is not inexact but wrong. */
const broken = 300

/** A request that is to be made. */
export interface Probe extends Omit<Sample, 'now'> {
  readonly origin: string
  /** Seconds by which `iat` lies before now. */
  readonly issuedAtBackdate: number
  readonly now: () => number
}

/** One authenticated request to an origin of a partner, and what its answer says. */
export async function checkOrigin(probe: Probe): Promise<readonly Row[]> {
  const { partner, origin, token, now } = probe
  const where = partner.origins.length > 1 ? `${partner.name} (${origin})` : partner.name
  const sentAt = now()
  let response: Response
  try {
    // not through withAuth, which would learn the clock and try again: what is wrong is to be seen
    response = await fetch(`${origin}${partner.pathPrefix}/`, {
      headers: { authorization: `Bearer ${token}` },
      redirect: 'manual',
      signal: AbortSignal.timeout(longestWait * 1_000),
    })
    await response.body?.cancel()
  } catch (error) {
    return [
      row(`${where}: reachable`, 'fail', `${origin}: ${networkReason(error)}`),
      row(`${where}: clock`, 'skip', 'there is no answer'),
      row(`${where}: request`, 'skip', 'there is no answer'),
    ]
  }
  const receivedAt = now()
  const clock = checkClock(`${where}: clock`, response.headers, (sentAt + receivedAt) / 2, probe)
  const took = `${Math.round((receivedAt - sentAt) * 1_000)} ms`
  return [
    row(`${where}: reachable`, 'pass', `${origin} answers in ${took}`),
    clock,
    checkAnswer(`${where}: request`, response, { ...probe, clock }),
  ]
}

/** `Date` (RFC 9110 6.6.1), which has whole seconds, cut off; with `Age` it is that of a cache. */
function checkClock(name: string, headers: Headers, at: number, probe: Probe): Row {
  const date = Date.parse(headers.get('date') ?? '') / 1_000
  if (Number.isNaN(date)) return row(name, 'skip', 'the answer has no Date')
  if (headers.has('age')) return row(name, 'skip', 'the answer comes out of a cache, by its Age')
  const { partner, issuedAtBackdate } = probe
  const ahead = Math.round(date + 0.5 - at)
  const differs = `the partner's clock is ${span(ahead)} ${ahead > 0 ? 'ahead of' : 'behind'} this machine's`
  const remedy =
    "Set this machine's clock by NTP; if it is right, tell the partner. After a 401 tokens are minted by the partner's clock, so calls go on"
  if (ahead >= partner.lifetime) {
    return row(name, 'fail', `${differs}: tokens are expired when they arrive`, remedy)
  }
  if (-ahead >= issuedAtBackdate && -ahead > 1) {
    return row(
      name,
      -ahead >= broken ? 'fail' : 'warn',
      `${differs}, and iat ${issuedAtBackdate} s back: tokens come from the future, which some partners refuse`,
      remedy,
    )
  }
  if (Math.abs(ahead) > tolerable) return row(name, 'warn', differs, remedy)
  return row(name, 'pass', `within ${Math.max(1, Math.abs(ahead))} s of this machine's`)
}
