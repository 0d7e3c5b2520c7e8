import { isPortableFragment, parseDid, shortDid } from '../did.js'
import type { Partner } from '../partners/partner.js'
import type { KnownKeys } from '../testing/index.js'
import { span } from '../words.js'
import { judgeBy, type Kind, kinds } from './acceptance.js'
import { type Row, row } from './check-row.js'

/** A token for a partner, and by what to judge it here. */
export interface Sample {
  readonly partner: Partner
  readonly token: string
  /** `iss`. */
  readonly issuer: string
  /** Undefined: of the documents that were given, none is that of the issuer. */
  readonly keys: KnownKeys | undefined
  /** The rows that tell already what is wrong with the issuer's key. */
  readonly told: readonly string[]
  /** Epoch seconds. */
  readonly now: number
}

/** What can be said of a partner's tokens without asking the partner. */
export function checkTokens(sample: Sample): readonly Row[] {
  return [checkForm(sample), checkVerdict(sample), checkLifetime(sample.partner)]
}

/** Whether all verifiers take the name of a key. */
export function checkFragment(fragment: string): Row {
  const name = `key name #${fragment}`
  if (isPortableFragment(fragment)) return row(name, 'pass', 'letters and digits, which all take')
  return row(
    name,
    'warn',
    'older partners take letters, digits and _ only, current ones no _ or .',
    'Register a new key under letters and digits only, such as #webserver, and set issuer to that',
  )
}

function checkForm({ partner, issuer }: Sample): Row {
  const { chain } = parseDid(partner.did)
  const who = `${shortDid(issuer)} calls ${shortDid(partner.did)}`
  return row(
    `${partner.name}: DID form`,
    'pass',
    chain === undefined
      ? `without chain, as older partners want it: ${who}`
      : `with chain ${chain}, which current partners alone take: ${who}`,
  )
}

/** Tried against the rules of the kinds of partner that go by this form of DID. */
function checkVerdict({ partner, token, keys, told, now }: Sample): Row {
  const name = `${partner.name}: rules`
  if (keys === undefined) return row(name, 'skip', `no ORG.JSON to judge by${see(told)}`)
  const { chain } = parseDid(partner.did)
  const expected: readonly Kind[] =
    chain === undefined ? ['older', 'python', 'current'] : ['current']
  const verdicts = expected.map((kind) => judgeBy(kind, token, { keys, now }))
  const refusing = verdicts.filter(({ accepted }) => accepted !== true)
  if (refusing.length === 0) {
    return row(
      name,
      'pass',
      `a token keeps the rules of all known partners that go by this form (${expected.join(', ')})`,
    )
  }
  if (told.length > 0) return row(name, 'skip', `a token would be refused${see(told)}`)
  const reasons = refusing.map(({ kind, reason }) => `${kinds[kind]}: ${reason}`)
  return row(
    name,
    refusing.length === expected.length ? 'fail' : 'warn',
    `a token would be refused by partners of these kinds: ${reasons.join('; ')}`,
    'Correct what is refused, or ask the partner which of these it is',
  )
}

/** Where a fault is told, so that it is not told twice. */
function see(told: readonly string[]): string {
  return told.length === 0 ? '' : `: see ${told.join(' and ')}`
}

function checkLifetime({ name, lifetime }: Partner): Row {
  const title = `${name}: lifetime`
  if (lifetime > 86_400) {
    return row(
      title,
      'warn',
      `tokens live ${span(lifetime)}: one that leaks is good for as long`,
      'Set lifetime to an hour or so. Tokens are renewed by themselves',
    )
  }
  if (lifetime < 60) {
    return row(
      title,
      'warn',
      `tokens live ${span(lifetime)}: partners tolerate no difference of clocks`,
      'Set lifetime to a minute or more',
    )
  }
  return row(title, 'pass', span(lifetime))
}
