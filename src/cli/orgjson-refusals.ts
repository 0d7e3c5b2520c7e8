import type { KeyObject } from 'node:crypto'
import { parseDid } from '../did.js'
import { CliError } from './io.js'
import { type Form, forms, fragmentOf, isRevoked } from './orgjson-facts.js'
import { holdsKey, holdsPrivateKey, keysIn, whyUnreadable } from './orgjson-keys.js'
import type { CheckedOrgJson } from './orgjson-read.js'
import { printable } from './terminal.js'

/** A key, and the DID with `#fragment` that is to name it. */
interface Wanted {
  readonly issuer: string
  readonly key: KeyObject
}

/** @throws CliError `ERR_ORG_JSON` unless it is the document of the DID that is to have the key. */
export function refuseOtherOrganisation(
  { did }: CheckedOrgJson,
  { issuer }: Wanted,
  where: string,
): void {
  const own = parseDid(issuer, 'issuer')
  if (own.did === did) return
  throw new CliError(
    'ERR_ORG_JSON',
    isSameIdentifier(did, own.did)
      ? `${where}: expected the document of ${own.did}, got one whose id is the same ORGiD in another form or hex case, ${did}. Register with --issuer '${did}#${own.fragment}'`
      : `${where}: expected the document of ${own.did}, got that of another organisation, ${did}. Give your own ORG.JSON, or the right --issuer`,
  )
}

/**
 * A key has one name: under a second one it would outlive the revocation of the first.
 *
 * @throws CliError `ERR_NOT_REGISTRABLE`
 */
export function refuseOtherNames({ entries }: CheckedOrgJson, wanted: Wanted, where: string): void {
  const { did, fragment } = parseDid(wanted.issuer)
  const others = [...entries.older, ...entries.current].filter(
    (entry) => fragmentOf(entry) !== fragment && holdsKey(entry, wanted.key),
  )
  const [other] = others
  if (other === undefined) return
  const name = printable(fragmentOf(other))
  const next = freeFragment(entries, name)
  throw notRegistrable(
    others.some(isRevoked)
      ? `${where}: the key is registered as #${name}, and revoked there. Make a new key with orgid-bearer keygen, and register that as #${next}`
      : `${where}: the key is registered as #${name} already, and a key has one name. Set issuer to ${did}#${name}, or make a new key with orgid-bearer keygen and register that as #${next}`,
  )
}

/**
 * Whether the key is there already; anything else under its name is refused.
 *
 * @throws CliError `ERR_NOT_REGISTRABLE`
 */
export function isRegistered(
  { entries }: CheckedOrgJson,
  { issuer, key }: Wanted,
  form: Form,
  where: string,
): boolean {
  const { did, fragment = '' } = parseDid(issuer)
  const { array } = forms[form]
  // as partners look it up: the first one wins
  const index = entries[form].findIndex((entry) => fragmentOf(entry) === fragment)
  const found = entries[form][index]
  if (found === undefined) return false
  const remedy = `Register it under another fragment, such as #${freeFragment(entries, fragment)}: partners keep keys by that name, for up to 30 days`
  if (!holdsKey(found, key)) {
    const what = keysIn(found).length > 0 ? 'another key' : 'an entry that holds no readable key'
    throw notRegistrable(`${where}: ${array} has ${what} under #${fragment} already. ${remedy}`)
  }
  if (holdsPrivateKey(found)) {
    throw notRegistrable(
      `${where}: ${array} has the private key under #${fragment}, where all the world can read it. Make a new key, register it as #${freeFragment(entries, fragment)}, and run that with --replaces ${fragment} --reason keyCompromise; then take "d" out`,
    )
  }
  if (isRevoked(found)) {
    throw notRegistrable(
      `${where}: the key is in ${array} under #${fragment}, and is revoked there. Make a new key. ${remedy}`,
    )
  }
  const unreadable = whyUnreadable(found, form)
  if (unreadable !== undefined) {
    throw notRegistrable(
      `${where}: the key is in ${array} under #${fragment}, but not all partners can read it: ${unreadable}. Take ${array}[${index}] out, and run this again`,
    )
  }
  if (found.id === issuer) return true
  const id = printable(found.id)
  throw notRegistrable(
    isSameIdentifier(found.id, did)
      ? `${where}: ${array} has the key under ${id}, which is another form or hex case of ${issuer}. Correct the id there, or register with --issuer '${id}'`
      : `${where}: ${array} has the key under ${id}, which is of another organisation. Correct id and controller of ${array}[${index}], to ${issuer} and ${did}`,
  )
}

/** Whether two DIDs are one ORGiD, in whichever form and hex case. */
export function isSameIdentifier(one: string, other: string): boolean {
  const [a, b] = [one, other].map((did) => /0x[0-9a-f]+/i.exec(did)?.[0].toLowerCase())
  return a !== undefined && a === b
}

/** `webserver` -> `webserver2` -> `webserver3`: the first that is not taken. */
export function freeFragment(entries: CheckedOrgJson['entries'], fragment: string): string {
  const taken = new Set([...entries.older, ...entries.current].map(fragmentOf))
  const [, name, number] = /^(.*?)(\d*)$/.exec(fragment) as unknown as [string, string, string]
  const stem = name.replace(/[^0-9A-Za-z]/g, '')
  let next = Number(number || 1) + 1
  while (taken.has(`${stem}${next}`)) next += 1
  return `${stem}${next}`
}

export function notRegistrable(message: string): CliError {
  return new CliError('ERR_NOT_REGISTRABLE', message)
}
