import { parseDid } from '../did.js'
import { isOrgidAuthError } from '../errors.js'
import type { OrgJson } from '../testing/index.js'
import { CliError } from './io.js'

// The facts of the two published schemas (org.json-schema 0.4, org.id-schema 1.0), as regular
// expressions and lists: neither forbids further members, so one document may carry both forms.
const olderId = /^did:orgid:0x[a-fA-F0-9]{64}(?:#[0-9a-zA-Z]+)?$/
const currentId = /^did:orgid:(?:[0-9]+:)?0x[a-fA-F0-9]{64}(?:#[0-9a-zA-Z-]+)?$/
const bareSpki = /^[A-Za-z0-9+/]+={0,2}$/

/** The two forms in which a key can be registered. */
export const forms = {
  older: {
    array: 'publicKey',
    id: olderId,
    types: ['RSA', 'ed25519', 'secp256k1', 'secp256r1', 'X25519'],
  },
  current: {
    array: 'verificationMethod',
    id: currentId,
    types: [
      'EcdsaSecp256k1VerificationKey2019',
      'EcdsaSecp256k1RecoveryMethod2020',
      'JsonWebKey2020',
    ],
  },
} as const

export type Form = keyof typeof forms

/** As much of any entry as is looked at here. */
export interface Entry {
  readonly id: string
  readonly type?: unknown
  readonly controller?: unknown
  readonly publicKeyPem?: unknown
  readonly publicKeyJwk?: unknown
  readonly verificationMethodRevocation?: unknown
}

/** An ORG.JSON whose shape is known, with what its schema objects to. */
export interface CheckedOrgJson {
  readonly document: OrgJson
  readonly did: string
  readonly entries: Readonly<Record<Form, readonly Entry[]>>
  /** What the schema objects to, and what partners will stumble over, in words. */
  readonly objections: readonly string[]
}

/**
 * Reads an ORG.JSON.
 *
 * @param where how to name it in messages.
 * @throws CliError `ERR_ORG_JSON` if keys can neither be found in it nor added to it.
 */
export function readOrgJson(text: string, where: string): CheckedOrgJson {
  const document = parse(text, where)
  const did = readDid(document.id, where)
  const entries = {
    older: readEntries(document.publicKey, `${where}: publicKey`),
    current: readEntries(document.verificationMethod, `${where}: verificationMethod`),
  }
  const missing = ['@context', 'created'].filter((name) => !Object.hasOwn(document, name))
  return {
    document: document as unknown as OrgJson,
    did,
    entries,
    objections: [
      ...missing.map((name) => `"${name}" is missing, which the schema requires`),
      ...(['older', 'current'] as const).flatMap((form) => objectionsTo(entries[form], form)),
    ],
  }
}

/** What follows the `#` of an entry's id. */
export function fragmentOf({ id }: Pick<Entry, 'id'>): string {
  return id.split('#')[1] ?? ''
}

function parse(text: string, where: string): Record<string, unknown> {
  let value: unknown
  try {
    // the byte order mark, which JSON.parse refuses
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    // JSON.parse quotes its input, which may be a key given in the wrong place
    throw broken(where, 'expected an ORG.JSON, got text that is not JSON')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw broken(where, 'expected an ORG.JSON, which is a JSON object, got other JSON')
}

function readDid(id: unknown, where: string): string {
  try {
    const { did, fragment } = parseDid(id, 'id')
    if (fragment === undefined) return did
  } catch (error) {
    if (isOrgidAuthError(error)) throw broken(where, error.message)
    throw error
  }
  throw broken(where, "id: expected the organisation's DID, got one with a #fragment; remove it")
}

function readEntries(value: unknown, where: string): readonly Entry[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw broken(where, 'expected an array')
  value.forEach((entry: unknown, index) => {
    const id = (entry as Entry | null | undefined)?.id
    if (typeof id === 'string') return
    throw broken(`${where}[${index}]`, 'expected an object with an id')
  })
  return value as Entry[]
}

function objectionsTo(entries: readonly Entry[], form: Form): string[] {
  const { array, id: pattern, types } = forms[form]
  return entries.flatMap((entry, index) => {
    const where = `${array}[${index}]`
    const first = entries.findIndex((other) => fragmentOf(other) === fragmentOf(entry))
    const objections = [
      pattern.test(entry.id) || `${where}.id is not of the form that the schema and partners take`,
      first === index || `${where} has the fragment of ${array}[${first}]: partners see the first`,
      typeof entry.controller === 'string' || `${where}.controller is missing`,
      (types as readonly unknown[]).includes(entry.type) || `${where}.type is none of the schema's`,
      form === 'current' ||
        entry.type !== 'secp256k1' ||
        isBareSpki(entry) ||
        `${where}.publicKeyPem is not bare base64 without header lines, the one form that all older partners load`,
    ]
    return objections.filter((objection) => typeof objection === 'string')
  })
}

function isBareSpki({ publicKeyPem }: Entry): boolean {
  return typeof publicKeyPem === 'string' && bareSpki.test(publicKeyPem)
}

function broken(where: string, why: string): CliError {
  return new CliError('ERR_ORG_JSON', `${where}: ${why}`)
}
