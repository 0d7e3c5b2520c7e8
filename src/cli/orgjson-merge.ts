import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { parseDid } from '../did.js'
import { type OrgJsonEntries, orgJsonEntries } from '../keys/orgjson.js'
import type { OrgJson } from '../testing/index.js'
import { CliError } from './io.js'
import {
  appendItem,
  appendMember,
  type JsonNode,
  locate,
  memberOf,
  removeItem,
} from './json-text.js'
import {
  type CheckedOrgJson,
  type Entry,
  type Form,
  forms,
  fragmentOf,
  readOrgJson,
} from './orgjson-facts.js'

/** A key to be registered, and what becomes of the one before. */
export interface Registration {
  /** DID with the `#fragment` under which the key is registered. */
  readonly issuer: string
  readonly key: KeyObject
  readonly forms: readonly Form[]
  readonly note?: string | undefined
  /** The fragment of the key that this one replaces. */
  readonly replaces?: string | undefined
  readonly revocation: { readonly reason: string; readonly invalidityDate: string }
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
  refuseTwice(text, where)
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
    const retired = retire(edited, registration, registration.replaces, where)
    edited = retired.text
    changes.push(...retired.changes)
  }
  return { text: edited, changes, objections: readOrgJson(edited, where).objections }
}

/** Readers differ in which of two members of one name they see, and so would an edit. */
function refuseTwice(text: string, where: string): void {
  const names = locate(text).children.map(({ name }) => name)
  for (const { array } of Object.values(forms)) {
    if (names.indexOf(array) === names.lastIndexOf(array)) continue
    throw new CliError('ERR_ORG_JSON', `${where}: "${array}" stands there twice. Make it one`)
  }
}

function refuseOtherOrganisation({ did }: CheckedOrgJson, { issuer }: Registration, where: string) {
  const own = parseDid(issuer, 'issuer')
  if (own.did === did) return
  const other = parseDid(did)
  const sameIdentifier = own.id.toLowerCase() === other.id.toLowerCase()
  throw new CliError(
    'ERR_ORG_JSON',
    sameIdentifier
      ? `${where}: expected the document of ${own.did}, got one whose id is the same ORGiD in another form or hex case, ${did}. Register with --issuer '${did}#${own.fragment}'`
      : `${where}: expected the document of ${own.did}, got that of another organisation, ${did}. Give your own ORG.JSON, or the right --issuer`,
  )
}

/** Whether the key is there already; anything else under its name is refused. */
function isRegistered(
  { entries }: CheckedOrgJson,
  { issuer, key }: Registration,
  form: Form,
  where: string,
): boolean {
  const { fragment } = parseDid(issuer)
  const { array } = forms[form]
  const found = entries[form].find((entry) => fragmentOf(entry) === fragment)
  if (found === undefined) return false
  const remedy = `Register it under another fragment, such as #${nextFragment(fragment as string)}: partners keep keys by that name, for up to 30 days`
  if (!isKeyOf(found, key)) {
    throw notRegistrable(
      `${where}: ${array} has another key under #${fragment} already, or none that can be read. ${remedy}`,
    )
  }
  if (found.verificationMethodRevocation !== undefined) {
    throw notRegistrable(
      `${where}: the key is in ${array} under #${fragment}, and is revoked there. Make a new key. ${remedy}`,
    )
  }
  if (found.id === issuer) return true
  throw notRegistrable(
    `${where}: ${array} has the key under ${found.id}, which is another form of ${issuer}. Correct the id there, or register with --issuer '${found.id}'`,
  )
}

/** `webserver` -> `webserver2` -> `webserver3`. */
function nextFragment(fragment: string): string {
  const [, name, number] = /^(.*?)(\d*)$/.exec(fragment) as unknown as [string, string, string]
  return `${name.replace(/[^0-9A-Za-z]/g, '')}${Number(number || 1) + 1}`
}

/** Whether an entry, in whichever form, holds this public key. */
export function isKeyOf(entry: Entry, key: KeyObject): boolean {
  return keyIn(entry)?.equals(key) ?? false
}

/** The public keys that a document has under the fragment of an issuer, in whichever form. */
export function keyNamed(document: OrgJson, issuer: string): readonly KeyObject[] {
  const { publicKey = [], verificationMethod = [] } = document
  return [...publicKey, ...verificationMethod]
    .filter((entry) => fragmentOf(entry) === issuer.split('#')[1])
    .map(keyIn)
    .filter((key) => key !== undefined)
}

function keyIn({ publicKeyPem, publicKeyJwk }: Entry): KeyObject | undefined {
  try {
    if (publicKeyJwk !== undefined) {
      const { kty, crv, x, y } = publicKeyJwk as JsonWebKey
      return createPublicKey({ format: 'jwk', key: { kty, crv, x, y } as JsonWebKey })
    }
    const body = String(publicKeyPem).replace(/-----[^-]+-----|\s|\\n/g, '')
    return createPublicKey({ key: Buffer.from(body, 'base64'), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

function withEntry(text: string, array: string, entry: object): string {
  const root = locate(text)
  const node = memberOf(root, array)
  return node === undefined
    ? appendMember(text, root, array, [entry])
    : appendItem(text, node, entry)
}

/** Marks the replaced key as revoked; the older form has no such mark, so there it is taken out. */
function retire(
  text: string,
  { issuer, revocation }: Registration,
  replaced: string,
  where: string,
): { readonly text: string; readonly changes: readonly string[] } {
  if (replaced === parseDid(issuer).fragment) {
    throw notRegistrable(
      `--replaces: expected the fragment of the key before, got that of the new one. Register the new key under a new fragment, such as #${nextFragment(replaced)}`,
    )
  }
  const { entries } = readOrgJson(text, where)
  const older = entries.older.findIndex((entry) => fragmentOf(entry) === replaced)
  const current = entries.current.findIndex((entry) => fragmentOf(entry) === replaced)
  if (older < 0 && current < 0) {
    const known = [...entries.older, ...entries.current].map((entry) => `#${fragmentOf(entry)}`)
    throw notRegistrable(
      `--replaces: expected a fragment that ${where} has (${[...new Set(known)].join(', ') || 'it has none'}), got "${replaced}"`,
    )
  }
  const changes: string[] = []
  let edited = text
  if (current >= 0 && entries.current[current]?.verificationMethodRevocation === undefined) {
    const entry = memberOf(locate(edited), 'verificationMethod')?.children[current]
      ?.value as JsonNode
    edited = appendMember(edited, entry, 'verificationMethodRevocation', revocation)
    changes.push(
      `marked #${replaced} as revoked in verificationMethod (${revocation.reason}, ${revocation.invalidityDate})`,
    )
  }
  if (older >= 0) {
    edited = removeItem(edited, memberOf(locate(edited), 'publicKey') as JsonNode, older)
    changes.push(`took #${replaced} out of publicKey, whose entries cannot be marked as revoked`)
  }
  return { text: edited, changes }
}

function notRegistrable(message: string): CliError {
  return new CliError('ERR_NOT_REGISTRABLE', message)
}
