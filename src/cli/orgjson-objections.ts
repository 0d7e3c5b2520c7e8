import { type Entry, type Form, forms, fragmentOf, reasons, required } from './orgjson-facts.js'
import { holdsPrivateKey, whyUnreadable } from './orgjson-keys.js'

/** What the schema has against a part of a document, or partners will stumble over. */
export interface Objection {
  readonly message: string
  /** Of the key's name, where it is an entry of a key that is objected to. */
  readonly fragment?: string
}

type Members = Readonly<Record<string, unknown>>

/** RFC 3339 5.6, which is what the schema calls a date-time. */
const dateTime = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

/** What is objected to in a document whose keys can be told apart. */
export function objectionsTo(
  document: Members,
  entries: Readonly<Record<Form, readonly Entry[]>>,
): readonly Objection[] {
  return [
    ...messages(objectionsToHead(document)),
    ...messages(Object.keys(required).flatMap((name) => objectionsToPart(document, name))),
    ...(['older', 'current'] as const).flatMap((form) => objectionsToKeys(entries[form], form)),
  ]
}

/** What was found is a text, what is as it should be is `true`. */
type Finding = string | boolean

function messages(findings: readonly Finding[]): readonly Objection[] {
  return findings.flatMap((message) => (typeof message === 'string' ? { message } : []))
}

function objectionsToHead(document: Members): readonly Finding[] {
  const { '@context': context } = document
  const missing = ['@context', 'created'].filter((name) => !Object.hasOwn(document, name))
  const dates = ['created', 'updated', 'deactivated'].filter((name) =>
    Object.hasOwn(document, name),
  )
  return [
    ...missing.map((name) => `"${name}" is missing, which the schema requires`),
    context === undefined ||
      isContext(context) ||
      '"@context" is no string, array of strings or object, such as "https://www.w3.org/ns/did/v1"',
    ...dates.map((name) => isDateTime(document[name]) || noDateTime(`"${name}"`)),
  ]
}

/** A part of which the document has one, or an array of them. */
function objectionsToPart(document: Members, name: string): readonly Finding[] {
  const part = document[name]
  if (part === undefined) return []
  const isArray = name === 'service'
  if (isArray !== Array.isArray(part)) return [`"${name}" is ${isArray ? 'no array' : 'no object'}`]
  return [part].flat().flatMap((one: unknown, index) => {
    const where = isArray ? `${name}[${index}]` : name
    if (!isObject(one)) return `${where} is no object`
    return (required[name] as readonly string[]).map(
      (member) => Object.hasOwn(one, member) || `${where}.${member} is missing`,
    )
  })
}

function objectionsToKeys(entries: readonly Entry[], form: Form): readonly Objection[] {
  const { array } = forms[form]
  const first = new Map<string, number>()
  return entries.flatMap((entry, index) => {
    const where = `${array}[${index}]`
    const fragment = fragmentOf(entry)
    const before = first.get(fragment)
    if (before === undefined) first.set(fragment, index)
    const findings = [
      ...objectionsToEntry(entry, where, form),
      before === undefined ||
        `${where} has the fragment of ${array}[${before}]: partners see the first`,
    ]
    return messages(findings).map(({ message }) => ({ message, fragment }))
  })
}

function objectionsToEntry(entry: Entry, where: string, form: Form): readonly Finding[] {
  const { id: pattern, types } = forms[form]
  const { id, controller, type } = entry
  const isPrivate = holdsPrivateKey(entry)
  const unreadable = !isPrivate && isForTokens(entry, form) ? whyUnreadable(entry, form) : undefined
  return [
    pattern.test(id) || `${where}.id is not of the form that the schema and partners take`,
    controller !== undefined || `${where}.controller is missing`,
    controller === undefined ||
      (typeof controller === 'string' && pattern.test(controller)) ||
      `${where}.controller is not of the form that the schema takes`,
    (types as readonly unknown[]).includes(type) || `${where}.type is none of the schema's`,
    !isPrivate || `${where} holds a private key, which all the world can read: make a new one`,
    unreadable === undefined || `${where} cannot be read by all partners: ${unreadable}`,
    ...objectionsToRevocation(entry, where),
  ]
}

/** A document may have keys of other kinds, which are for other purposes. */
function isForTokens({ type, blockchainAccountId }: Entry, form: Form): boolean {
  if (form === 'older') return type === 'secp256k1'
  return type === 'EcdsaSecp256k1VerificationKey2019' && blockchainAccountId === undefined
}

function objectionsToRevocation(entry: Entry, where: string): readonly Finding[] {
  if (entry.verificationMethodRevocation === undefined) return []
  const revocation = entry.verificationMethodRevocation
  const at = `${where}.verificationMethodRevocation`
  if (!isObject(revocation)) return [`${at} is no object with reason and invalidityDate`]
  const { reason, invalidityDate } = revocation
  return [
    reason === undefined ||
      reasons.includes(String(reason)) ||
      `${at}.reason is none of the schema's, such as superseded`,
    invalidityDate === undefined ||
      isDateTime(invalidityDate) ||
      noDateTime(`${at}.invalidityDate`),
  ]
}

function isContext(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((one) => typeof one === 'string')
  return typeof value === 'string' || isObject(value)
}

function isDateTime(value: unknown): boolean {
  return typeof value === 'string' && dateTime.test(value) && !Number.isNaN(Date.parse(value))
}

function noDateTime(where: string): string {
  return `${where} is no date and time such as 2026-01-31T12:00:00Z`
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
