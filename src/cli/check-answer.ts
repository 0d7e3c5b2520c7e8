import { parseDid } from '../did.js'
import type { Sample } from './check-partner.js'
import { type Row, row } from './check-row.js'
import { printable } from './terminal.js'

/** What is known already when an answer comes. */
interface Known extends Pick<Sample, 'partner' | 'keys' | 'told'> {
  readonly clock: Row
}

/** What an answer says of the token, which is no more than its status shows. */
export function checkAnswer(name: string, { status, headers }: Response, known: Known): Row {
  if (status === 401) {
    const why = headers.get('www-authenticate')
    return row(
      name,
      'fail',
      `401, the token is refused${why === null ? '' : `: ${printable(why).slice(0, 300)}`}`,
      remedyFor(descriptionIn(why ?? ''), known),
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

/** `error_description` (RFC 6750 3). */
function descriptionIn(challenge: string): string {
  return /\berror_description="([^"\\]*(?:\\.[^"\\]*)*)"/i.exec(challenge)?.[1] ?? ''
}

/**
 * What verifiers say, and what it means: the words are those of the known partners' libraries
 * (jose, PyJWT) and of the testing partner. The first that fits counts.
 */
const causes: readonly (readonly [RegExp, (known: Known) => string])[] = [
  [/\bexp\b|expired/i, remedyForClock],
  [/\biat\b|\bnbf\b|not (?:yet )?(?:valid|active)|future/i, remedyForClock],
  [/\baud\b|audience|not meant for/i, remedyForAudience],
  [/\bchain\b|format is not supported/i, remedyForForm],
  [
    /\bscope\b/i,
    () => 'Ask the partner for which scope, and how it is written: scope, scopeFormat',
  ],
  [/signature|\bkey\b|publickey|verificationmethod|\biss\b|issuer|organi[sz]ation/i, remedyForKey],
]

function remedyFor(description: string, known: Known): string {
  const remedy = causes.find(([words]) => words.test(description))?.[1] ?? remedyForAny
  return remedy(known)
}

function remedyForClock({ clock }: Known): string {
  return clock.status === 'pass'
    ? 'The clocks agree. If lifetime and issuedAtBackdate are not very short, ask the partner'
    : `See ${clock.name}; set this machine's clock by NTP`
}

function remedyForAudience({ partner }: Known): string {
  return `Set did of ${partner.name} to the one that the partner gave you, to the letter. Behind a gateway that is the supplier's`
}

function remedyForForm({ partner }: Known): string {
  const { chain } = parseDid(partner.did)
  return chain === undefined
    ? `Set did of ${partner.name}, and issuer beside it, to the form with a chain, did:orgid:<chain>:0x…`
    : `Set did of ${partner.name}, and issuer beside it, to the form without chain, did:orgid:0x…`
}

function remedyForKey({ told, keys }: Known): string {
  if (told.length > 0) return `See ${told.join(' and ')}`
  return keys !== undefined && 'orgJson' in keys
    ? 'Your ORG.JSON has this key. Is it published, where your ORGiD says? Then the partner may not have it yet (12 hours, up to 30 days), or keeps another key under this name: wait, or ask'
    : 'Give --org-json, the document as it is published: this will tell whether it has your key'
}

function remedyForAny(known: Known): string {
  if (known.told.length > 0) return remedyForKey(known)
  if (known.clock.status === 'warn' || known.clock.status === 'fail') return remedyForClock(known)
  return 'The partner does not say why. Is the did in your configuration, to the letter, the one that it gave you? Else it may not have your new key yet (12 hours, up to 30 days), or does not know your organisation: ask'
}
