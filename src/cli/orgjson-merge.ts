import type { KeyObject } from 'node:crypto'
import { parseDid } from '../did.js'
import { type OrgJsonEntries, orgJsonEntries } from '../keys/orgjson.js'
import { appendItem, appendMember, locate, memberOf } from './json-text.js'
import { type Form, forms, fragmentOf, isRevoked } from './orgjson-facts.js'
import { isKeyOf } from './orgjson-keys.js'
import { type CheckedOrgJson, readOrgJson } from './orgjson-read.js'
import {
  isRegistered,
  notRegistrable,
  refuseOtherNames,
  refuseOtherOrganisation,
} from './orgjson-refusals.js'
import { type Revocation, retire } from './orgjson-retire.js'

/** A key to be registered, and what becomes of the one before. */
export interface Registration {
  /** DID with the `#fragment` under which the key is registered. */
  readonly issuer: string
  readonly key: KeyObject
  readonly forms: readonly Form[]
  readonly note?: string | undefined
  /** The fragment of the key that this one replaces. */
  readonly replaces?: string | undefined
  /** What is said of that one; where it is revoked already, the earlier date stands. */
  readonly revocation: Revocation
}

export interface Merged {
  readonly text: string
  /** What was changed, in words; empty if nothing was. */
  readonly changes: readonly string[]
  readonly objections: readonly string[]
}

/**
 * The forms that a DID with a fragment can be registered in.
 *
 * @throws CliError `ERR_NOT_REGISTRABLE` if the schema of a form that is wanted does not take it.
 */
export function formsFor(issuer: string, wanted: 'older' | 'current' | 'both'): readonly Form[] {
  const { chain, fragment = '' } = parseDid(issuer, 'issuer')
  if (wanted === 'older' && chain !== undefined) {
    throw notRegistrable(
      'the older form knows no chain in a DID, so it cannot hold this one. Use --form current',
    )
  }
  const chosen: Form[] =
    wanted !== 'both' ? [wanted] : chain === undefined ? ['older', 'current'] : ['current']
  for (const form of chosen) {
    if (forms[form].id.test(issuer)) continue
    const remedy = `Register the key under letters and digits only, such as #${fragment.replace(/[^0-9A-Za-z]/g, '') || 'webserver'}`
    throw notRegistrable(
      `the schema of the ${form} form does not take "#${fragment}" as the name of a key, and not all partners would find it. ${remedy}`,
    )
  }
  return chosen
}

/** The entries of a key, in the forms wanted. */
export function entriesFor({
  issuer,
  key,
  forms: wanted,
  note,
}: Registration): Partial<OrgJsonEntries> {
  const { publicKey, verificationMethod } = orgJsonEntries(issuer, key)
  const noted = <T>([entry]: readonly [T]): readonly [T] => [
    note === undefined ? entry : { ...entry, note },
  ]
  return {
    ...(wanted.includes('older') && { publicKey: noted(publicKey) }),
    ...(wanted.includes('current') && { verificationMethod: noted(verificationMethod) }),
  }
}

/**
 * Registers a key in the text of an ORG.JSON; all that is not concerned stays as it was, to the
 * byte.
 *
 * @throws CliError `ERR_ORG_JSON`, `ERR_NOT_REGISTRABLE`
 */
export function mergeInto(text: string, registration: Registration, where: string): Merged {
  const before = readOrgJson(text, where)
  refuseOtherOrganisation(before, registration, where)
  refuseOtherNames(before, registration, where)
  const changes: string[] = []
  let edited = text
  for (const form of registration.forms) {
    if (isRegistered(before, registration, form, where)) continue
    const { array } = forms[form]
    const [entry] = entriesFor(registration)[array] as readonly [object]
    edited = withEntry(edited, array, entry)
    changes.push(`added the key to ${array} (${form} partners)`)
  }
  if (registration.replaces !== undefined) {
    const retired = retire(edited, { ...registration, replaces: registration.replaces }, where)
    edited = retired.text
    changes.push(...retired.changes)
  }
  const after = readOrgJson(edited, where)
  assertMerged(after, registration)
  return { text: edited, changes, objections: after.objections.map(({ message }) => message) }
}

function withEntry(text: string, array: string, entry: object): string {
  const root = locate(text)
  const node = memberOf(root, array)
  return node === undefined
    ? appendMember(text, root, array, [entry])
    : appendItem(text, node, entry)
}

/** A key that was to go and is good all the same is worth a second look before it is published. */
function assertMerged({ entries }: CheckedOrgJson, registration: Registration): void {
  const { issuer, key, forms: wanted, replaces } = registration
  const stay = [...entries.older, ...entries.current.filter((entry) => !isRevoked(entry))]
  const isGone = replaces === undefined || !stay.some((entry) => fragmentOf(entry) === replaces)
  const isThere = wanted.every((form) =>
    entries[form].some((entry) => entry.id === issuer && isKeyOf(entry, key, form)),
  )
  if (!isGone || !isThere) throw new Error('the edited ORG.JSON does not say what it was to say')
}
