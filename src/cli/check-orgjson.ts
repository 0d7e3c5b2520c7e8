import type { KeyObject } from 'node:crypto'
import { parseDid } from '../did.js'
import { type Row, row } from './check-row.js'
import { type CheckedOrgJson, type Entry, type Form, forms, fragmentOf } from './orgjson-facts.js'
import { isKeyOf } from './orgjson-merge.js'
import { moment } from './words.js'

/** A key of ours, under the name that our tokens give it. */
export interface Signing {
  /** DID with `#fragment`. */
  readonly issuer: string
  readonly key: KeyObject
}

/** Whether ORG.JSON has our key, as the partners need it. */
export function checkRegistration(
  documents: readonly CheckedOrgJson[],
  signing: Signing,
  now: number,
): readonly Row[] {
  const { did, fragment, chain } = parseDid(signing.issuer, 'issuer')
  const name = `ORG.JSON ${chain === undefined ? '' : `${chain} `}#${fragment}`
  const document = documents.find((one) => one.did === did)
  if (document === undefined) return [checkOthers(documents, signing, name)]
  const needed: readonly Form[] = chain === undefined ? ['older', 'current'] : ['current']
  const missing = needed.filter((form) => entryOf(document, form, signing) === undefined)
  if (missing.length === needed.length) return [notFound(document, signing, name)]
  const faults = needed.flatMap((form) => entryFault(document, form, signing, { name, now }) ?? [])
  const gaps = missing.map((form) =>
    row(
      name,
      'warn',
      `${forms[form].array} does not have it: ${form} partners will refuse your tokens`,
      'orgid-bearer register --into org.json adds it',
    ),
  )
  // What is missing beside is of no use while that is wrong
  const rows = faults.length > 0 ? faults : gaps
  if (rows.length > 0) return rows
  const arrays = needed.map((form) => forms[form].array).join(' and in ')
  return [row(name, 'pass', `this key is in ${arrays}, and is not revoked`)]
}

/** None of the documents is that of the DID that issues our tokens. */
function checkOthers(documents: readonly CheckedOrgJson[], { issuer }: Signing, name: string): Row {
  const own = parseDid(issuer)
  const others = documents.map((document) => parseDid(document.did))
  const same = others.filter(({ id }) => id.toLowerCase() === own.id.toLowerCase())
  if (same.some(({ chain }) => chain === own.chain)) {
    return row(
      name,
      'warn',
      'the id of the document is your ORGiD in another hex case; some partners compare it as a string',
      `Write issuer as the document has it: ${same[0]?.did}#${own.fragment}`,
    )
  }
  if (same.length > 0) {
    return row(
      name,
      'skip',
      `the document is that of another form of this ORGiD, ${same[0]?.did}`,
      `Give that of ${own.did} as well, with one more --org-json`,
    )
  }
  return row(
    name,
    'fail',
    `the document is that of ${others[0]?.did}, and tokens are issued by ${own.did}`,
    'Give your own ORG.JSON, or correct issuer',
  )
}

/** What the schema objects to in the document, whoever's key it is. */
export function checkDocument({ objections }: CheckedOrgJson): Row {
  const name = 'ORG.JSON form'
  if (objections.length === 0) return row(name, 'pass', 'what the schema says of keys is kept')
  return row(name, 'warn', objections.join('; '), 'Correct it, and publish it again')
}

function entryOf({ entries }: CheckedOrgJson, form: Form, { issuer }: Signing): Entry | undefined {
  // as partners look it up: the first one wins
  return entries[form].find((entry) => fragmentOf(entry) === parseDid(issuer).fragment)
}

function entryFault(
  document: CheckedOrgJson,
  form: Form,
  signing: Signing,
  { name, now }: { readonly name: string; readonly now: number },
): Row | undefined {
  const { issuer, key } = signing
  const { did, fragment } = parseDid(issuer)
  const entry = entryOf(document, form, signing)
  if (entry === undefined) return undefined
  const { array } = forms[form]
  if (!isKeyOf(entry, key)) {
    const remedy = elsewhere(document, key, did) ?? newFragment
    return row(name, 'fail', `${array} has another key under #${fragment}`, remedy)
  }
  const { verificationMethodRevocation: revocation } = entry
  if (revocation === undefined || revocation === null) return undefined
  const { reason = 'unspecified', invalidityDate } = revocation as Record<string, unknown>
  const from = Date.parse(String(invalidityDate)) / 1_000
  const isAhead = from > now
  return row(
    name,
    isAhead ? 'warn' : 'fail',
    `the key is revoked in ${array} (${String(reason)}${Number.isNaN(from) ? '' : `, ${isAhead ? 'from' : 'since'} ${moment(from)}`})`,
    'Make a new key with orgid-bearer keygen, register it under a new fragment, and sign with it',
  )
}

const newFragment =
  'Sign with the key that is registered, or register yours under a new fragment: partners keep keys by that name, for up to 30 days'

function notFound(document: CheckedOrgJson, { issuer, key }: Signing, name: string): Row {
  const { did, fragment } = parseDid(issuer)
  return row(
    name,
    'fail',
    `no entry has the fragment #${fragment}`,
    elsewhere(document, key, did) ??
      'Register the key with orgid-bearer register --into org.json, and publish that',
  )
}

/** What to do if the key is there, and only its name is wrong. */
function elsewhere({ entries }: CheckedOrgJson, key: KeyObject, did: string): string | undefined {
  const found = [...entries.older, ...entries.current].find((entry) => isKeyOf(entry, key))
  return (
    found &&
    `This key is registered as #${fragmentOf(found)}: set issuer to ${did}#${fragmentOf(found)}`
  )
}
