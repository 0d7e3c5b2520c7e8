import type { Partner } from '../partners/partner.js'
import { type Row, row } from './check-row.js'
import { networkReason } from './network.js'
import { printable } from './terminal.js'
import { span } from './words.js'

/** Seconds that a partner has to answer. */
const longestWait = 5
/** Seconds by which clocks may differ before it is worth a word. */
const tolerable = 30
/** Seconds from which on a clock is not inexact but wrong. */
const broken = 300

/** A request that is to be made. */
export interface Probe {
  readonly partner: Partner
  readonly origin: string
  /** `'Bearer …'` */
  readonly authorization: string
  /** Seconds by which `iat` lies before now. */
  readonly issuedAtBackdate: number
  readonly now: () => number
}

/** One authenticated request to an origin of a partner, and what its answer says. */
export async function checkOrigin(probe: Probe): Promise<readonly Row[]> {
  const { partner, origin, authorization, now } = probe
  const where = partner.origins.length > 1 ? `${partner.name} (${origin})` : partner.name
  const sentAt = now()
  let response: Response
  try {
    // not through withAuth, which would learn the clock and try again: what is wrong is to be seen
    response = await fetch(`${origin}${partner.pathPrefix}/`, {
      headers: { authorization },
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
  const took = `${Math.round((receivedAt - sentAt) * 1_000)} ms`
  return [
    row(`${where}: reachable`, 'pass', `${origin} answers in ${took}`),
    checkClock(`${where}: clock`, response.headers, (sentAt + receivedAt) / 2, probe),
    checkAnswer(`${where}: request`, response),
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

function checkAnswer(name: string, { status, headers }: Response): Row {
  if (status === 401) {
    const why = headers.get('www-authenticate')
    return row(
      name,
      'fail',
      `401, the token is refused${why === null ? '' : `: ${printable(why).slice(0, 300)}`}`,
      'See the rows above. If all of them pass: is the did in your configuration, to the letter, the one that the partner gave you? Else the partner may not have your new key yet (12 hours, up to 30 days), or does not know your organisation: ask',
    )
  }
  if (status === 403) {
    return row(
      name,
      'warn',
      '403: the token is read, and you are not let in',
      'Ask the partner to let your organisation in, or for which scope',
    )
  }
  if (status >= 500) {
    return row(
      name,
      'warn',
      `${status}: the partner is in trouble, which says nothing of the token`,
    )
  }
  if (status >= 300 && status < 400) {
    return row(name, 'pass', `${status}: a redirect, so the token was not refused; not followed`)
  }
  return status < 300
    ? row(
        name,
        'pass',
        `${status}: not refused. An API that asks for no token at this path says the same`,
      )
    : row(name, 'pass', `${status}: not 401, so the token was not refused, or not looked at here`)
}
