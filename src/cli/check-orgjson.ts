import type { KeyObject } from 'node:crypto'
import { type ParsedDid, parseDid } from '../did.js'
import { moment } from '../words.js'
import { type Row, row, type Status } from './check-row.js'
import { type Entry, type Form, forms, fragmentOf, isRevoked } from './orgjson-facts.js'
import { holdsKey, holdsPrivateKey, keysIn, whyUnreadable } from './orgjson-keys.js'
import type { CheckedOrgJson } from './orgjson-read.js'
import { isSameIdentifier } from './orgjson-refusals.js'

/** A key of ours, under the name that our tokens give it. */
export interface Signing {
  /** DID with `#fragment`. */
  readonly issuer: string
  readonly key: KeyObject
}

/** What is wrong with an entry. */
interface Fault {
  readonly status: Status
  readonly detail: string
  readonly remedy: string
}

/** The document of a DID, in whichever hex case its id is written. */
export function documentOf(
  documents: readonly CheckedOrgJson[],
  issuer: string,
): CheckedOrgJson | undefined {
  const own = parseDid(issuer)
  const same = documents.filter(
    ({ did }) => isSameIdentifier(did, own.did) && parseDid(did).chain === own.chain,
  )
  return same.find(({ did }) => did === own.did) ?? same[0]
}

/** Whether ORG.JSON has our key, as the partners need it. */
export function checkRegistration(
  documents: readonly CheckedOrgJson[],
  { issuer, key }: Signing,
  now: number,
): readonly Row[] {
  const own = parseDid(issuer, 'issuer')
  const { did, fragment = '', chain } = own
  const name = `${documentName(own)} #${fragment}`
  const document = documentOf(documents, issuer)
  if (document === undefined) return [checkOthers(documents, own)]
  // as the document has it: where that differs from ours, it is said once
  const signing = { issuer: `${document.did}#${fragment}`, key }
  const rows = document.did === did ? [] : [hexCase(document, own)]
  const needed: readonly Form[] = chain === undefined ? ['older', 'current'] : ['current']
  const missing = needed.filter((form) => entryNamed(document, form, fragment) === undefined)
  if (missing.length === needed.length) return [...rows, notFound(document, signing, name)]
  const faults = faultsIn(document, needed, signing, now)
  // What is missing beside is of no use while that is wrong
  if (faults.length > 0) {
    return [
      ...rows,
      ...faults.map(({ status, detail, remedy }) => row(name, status, detail, remedy)),
    ]
  }
  const gaps = missing.map((form) =>
    row(
      name,
      'warn',
      `${forms[form].array} does not have it: ${form} partners will refuse your tokens`,
      'orgid-bearer register --into org.json adds it',
    ),
  )
  if (rows.length + gaps.length > 0) return [...rows, ...gaps]
  const arrays = needed.map((form) => forms[form].array).join(' and in ')
  return [row(name, 'pass', `this key is in ${arrays}, and is not revoked`)]
}

/** None of the documents is that of the DID that issues our tokens. */
function checkOthers(documents: readonly CheckedOrgJson[], own: ParsedDid): Row {
  const same = documents.find(({ did }) => isSameIdentifier(did, own.did))
  if (same !== undefined) {
    return row(
      documentName(own),
      'skip',
      `the document is that of another form of this ORGiD, ${same.did}`,
      `Give that of ${own.did} as well, with one more --org-json`,
    )
  }
  return row(
    documentName(own),
    'fail',
    `the document is that of ${documents[0]?.did}, and tokens are issued by ${own.did}`,
    'Give your own ORG.JSON, or correct issuer',
  )
}

function hexCase({ did }: CheckedOrgJson, own: ParsedDid): Row {
  return row(
    documentName(own),
    'warn',
    `the id of the document is your ORGiD in another hex case; some partners compare it as a string`,
    `Write issuer as the document has it: ${did}`,
  )
}

function documentName({ chain }: ParsedDid): string {
  return chain === undefined ? 'ORG.JSON' : `ORG.JSON ${chain}`
}

/**
 * What is objected to in the document, whoever's key it is.
 *
 * @param told fragments of keys of which other rows tell what is wrong.
 */
export function checkDocument({ objections }: CheckedOrgJson, told: ReadonlySet<string>): Row {
  const name = 'ORG.JSON form'
  const left = objections.filter(({ fragment }) => fragment === undefined || !told.has(fragment))
  if (left.length === 0) return row(name, 'pass', 'what the schema says of keys is kept')
  const detail = left.map(({ message }) => message).join('; ')
  return row(name, 'warn', detail, 'Correct it, and publish it again')
}

/** As partners look it up: the first one wins. */
function entryNamed({ entries }: CheckedOrgJson, form: Form, fragment: string): Entry | undefined {
  return entries[form].find((entry) => fragmentOf(entry) === fragment)
}

/** What is wrong in both arrays is told once. */
function faultsIn(
  document: CheckedOrgJson,
  needed: readonly Form[],
  signing: Signing,
  now: number,
): readonly Fault[] {
  const found = needed.flatMap((form) => {
    const fault = faultOf(document, form, signing, now)
    return fault === undefined ? [] : [{ ...fault, array: forms[form].array }]
  })
  const [first, second] = found
  if (first === undefined || second === undefined || first.detail !== second.detail) {
    return found.map(({ array, ...fault }) => ({ ...fault, detail: `${array}: ${fault.detail}` }))
  }
  return [{ ...first, detail: `${first.array} and ${second.array}: ${first.detail}` }]
}

function faultOf(
  document: CheckedOrgJson,
  form: Form,
  { issuer, key }: Signing,
  now: number,
): Fault | undefined {
  const { did, fragment = '' } = parseDid(issuer)
  const entry = entryNamed(document, form, fragment)
  if (entry === undefined) return undefined
  const fails = (detail: string, remedy: string): Fault => ({ status: 'fail', detail, remedy })
  const unreadable = whyUnreadable(entry, form)
  if (!holdsKey(entry, key)) {
    return keysIn(entry).length > 0 || unreadable === undefined
      ? fails(
          `another key is registered as #${fragment}`,
          elsewhere(document, issuer, key) ?? newFragment,
        )
      : fails(`the entry #${fragment} holds no key that can be read: ${unreadable}`, rewrite)
  }
  if (form === 'current' && isRevoked(entry)) return revokedFault(entry, now)
  if (holdsPrivateKey(entry)) {
    return fails('the private key stands there, where all the world can read it', newKey)
  }
  if (unreadable !== undefined) {
    return fails(
      `this key is registered as #${fragment}, but not all partners can read it: ${unreadable}`,
      rewrite,
    )
  }
  if (entry.id === issuer) return undefined
  return isSameIdentifier(entry.id, did)
    ? {
        status: 'warn',
        detail: `the id of the entry is ${entry.id}; some partners compare it as a string`,
        remedy: `Write it as ${issuer}`,
      }
    : fails(
        `the id of the entry is that of another organisation, ${entry.id}`,
        `Write it as ${issuer}, and the controller as ${did}`,
      )
}

function revokedFault(entry: Entry, now: number): Fault {
  const { reason = 'unspecified', invalidityDate } = entry.verificationMethodRevocation as Record<
    string,
    unknown
  >
  const from = Date.parse(String(invalidityDate)) / 1_000
  const isAhead = from > now
  const when = Number.isNaN(from) ? '' : `, ${isAhead ? 'from' : 'since'} ${moment(from)}`
  return {
    status: isAhead ? 'warn' : 'fail',
    detail: `the key is revoked (${String(reason)}${when})`,
    remedy: newKey,
  }
}

const newKey =
  'Make a new key with orgid-bearer keygen, register it under a new fragment, and sign with it'
const newFragment =
  'Sign with the key that is registered, or register yours under a new fragment: partners keep keys by that name, for up to 30 days'
const rewrite = 'Take the entry out; orgid-bearer register --into org.json writes it anew'

function notFound(document: CheckedOrgJson, { issuer, key }: Signing, name: string): Row {
  const remedy = 'Register the key with orgid-bearer register --into org.json, and publish that'
  const { fragment } = parseDid(issuer)
  return row(
    name,
    'fail',
    `no entry has the fragment #${fragment}`,
    elsewhere(document, issuer, key) ?? remedy,
  )
}

/** What to do if the key is there, and only its name is wrong. */
function elsewhere(
  { did, entries }: CheckedOrgJson,
  issuer: string,
  key: KeyObject,
): string | undefined {
  const own = parseDid(issuer).fragment
  const found = (['older', 'current'] as const).flatMap((form) =>
    entries[form]
      .filter((entry) => fragmentOf(entry) !== own && holdsKey(entry, key))
      .map((entry) => ({ form, entry })),
  )
  const [first] = found
  if (first === undefined) return undefined
  const fragment = fragmentOf(first.entry)
  if (found.some(({ entry }) => isRevoked(entry))) {
    return `This key is registered as #${fragment}, and revoked there. ${newKey}`
  }
  const unreadable = found
    .map(({ form, entry }) => whyUnreadable(entry, form))
    .find((why) => why !== undefined)
  return unreadable === undefined
    ? `This key is registered as #${fragment}: set issuer to ${did}#${fragment}`
    : `This key is registered as #${fragment}, but not all partners can read it: ${unreadable}. ${rewrite}`
}
