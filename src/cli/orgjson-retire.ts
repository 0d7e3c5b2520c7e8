import { parseDid } from '../did.js'
import { type JsonNode, locate, memberOf, removeItem, setMember } from './json-text.js'
import { type Form, fragmentOf } from './orgjson-facts.js'
import { readOrgJson } from './orgjson-read.js'
import { freeFragment, notRegistrable } from './orgjson-refusals.js'
import { printable } from './terminal.js'

/** What an entry says of its key's end. */
export interface Revocation {
  readonly reason: string
  /** RFC 3339. */
  readonly invalidityDate: string
}

/** A key that goes, and the name of the one that comes. */
interface Retirement {
  readonly issuer: string
  /** Its fragment. */
  readonly replaces: string
  readonly revocation: Revocation
}

/**
 * Marks the replaced key as revoked; the older form has no such mark, so there it is taken out.
 *
 * @throws CliError `ERR_NOT_REGISTRABLE` if there is no such key.
 */
export function retire(
  text: string,
  { issuer, replaces, revocation }: Retirement,
  where: string,
): { readonly text: string; readonly changes: readonly string[] } {
  const { entries } = readOrgJson(text, where)
  if (replaces === parseDid(issuer).fragment) {
    throw notRegistrable(
      `--replaces: expected the fragment of the key before, got that of the new one. Register the new key under a new fragment, such as #${freeFragment(entries, replaces)}`,
    )
  }
  // There may be several, of which partners see the first only until that one is gone
  const named = (form: Form) =>
    entries[form].flatMap((entry, index) => (fragmentOf(entry) === replaces ? [index] : []))
  const [older, current] = [named('older'), named('current')]
  if (older.length === 0 && current.length === 0) {
    const known = [...entries.older, ...entries.current].map((entry) => `#${fragmentOf(entry)}`)
    throw notRegistrable(
      `--replaces: expected a fragment that ${where} has (${printable([...new Set(known)].join(', ')) || 'it has none'}), got "${replaces}"`,
    )
  }
  const changes: string[] = []
  let edited = text
  for (const index of current) {
    const before = entries.current[index]?.verificationMethodRevocation
    const wanted = graver(before, revocation)
    if (wanted === undefined) continue
    const entry = memberOf(locate(edited), 'verificationMethod')?.children[index]?.value
    edited = setMember(edited, entry as JsonNode, 'verificationMethodRevocation', wanted)
    const was = isSaid(before) ? `; it was so already ${words(before)}` : ''
    changes.push(`marked #${replaces} as revoked in verificationMethod ${words(wanted)}${was}`)
  }
  for (const index of older.reverse()) {
    edited = removeItem(edited, memberOf(locate(edited), 'publicKey') as JsonNode, index)
    changes.push(`took #${replaces} out of publicKey, whose entries cannot be marked as revoked`)
  }
  return { text: edited, changes: [...new Set(changes)] }
}

/**
 * What is to be said of a key of which something may be said already: the earlier date, and that it
 * is compromised wherever that was said. Undefined if it stands there.
 */
function graver(before: unknown, wanted: Revocation): Partial<Revocation> | undefined {
  if (!isSaid(before)) return wanted
  const { reason, invalidityDate } = before
  // without a date a key is good at no time
  const isEarlier =
    invalidityDate !== undefined &&
    !(Date.parse(invalidityDate) <= Date.parse(wanted.invalidityDate))
  const isCompromised = [reason, wanted.reason].includes('keyCompromise')
  if (!isEarlier && (reason === 'keyCompromise' || !isCompromised)) return undefined
  return {
    ...before,
    reason: isCompromised ? 'keyCompromise' : wanted.reason,
    ...(isEarlier && { invalidityDate: wanted.invalidityDate }),
  }
}

function isSaid(revocation: unknown): revocation is Partial<Revocation> {
  return typeof revocation === 'object' && revocation !== null && !Array.isArray(revocation)
}

function words(revocation: Partial<Revocation>): string {
  const { reason = 'unspecified', invalidityDate = 'at all times' } = revocation
  return printable(`(${reason}, ${invalidityDate})`)
}
