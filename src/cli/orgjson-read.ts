import { parseJson } from '../config/json.js'
import { parseDid } from '../did.js'
import { isOrgidAuthError } from '../errors.js'
import type { OrgJson } from '../testing/index.js'
import { CliError } from './io.js'
import { type JsonNode, locate, memberOf } from './json-text.js'
import { type Entry, type Form, forms } from './orgjson-facts.js'
import { type Objection, objectionsTo } from './orgjson-objections.js'
import { printable } from './terminal.js'

/** An ORG.JSON whose shape is known, with what is objected to in it. */
export interface CheckedOrgJson {
  readonly document: OrgJson
  readonly did: string
  readonly entries: Readonly<Record<Form, readonly Entry[]>>
  readonly objections: readonly Objection[]
}

/**
 * Reads an ORG.JSON.
 *
 * @param where how to name it in messages.
 * @throws CliError `ERR_ORG_JSON` if keys can neither be found in it nor added to it.
 */
export function readOrgJson(text: string, where: string): CheckedOrgJson {
  const document = readDocument(text, where)
  refuseTwice(locate(text), where)
  const did = readDid(document.id, where)
  const entries = {
    older: readEntries(document.publicKey, `${where}: publicKey`),
    current: readEntries(document.verificationMethod, `${where}: verificationMethod`),
  }
  return {
    document: document as unknown as OrgJson,
    did,
    entries,
    objections: objectionsTo(document, entries),
  }
}

function readDocument(text: string, where: string): Record<string, unknown> {
  const value = asOrgJson(() => parseJson(text, where))
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw broken(where, 'expected an ORG.JSON, which is a JSON object, got other JSON')
}

/** Readers differ in which of two members of one name they see, and so would an edit. */
function refuseTwice(root: JsonNode, where: string): void {
  refuseNamesTwice(root, where)
  for (const { array } of Object.values(forms)) {
    memberOf(root, array)?.children.forEach(({ value }, index) => {
      refuseWithin(value, `${where}: ${array}[${index}]`)
    })
  }
}

function refuseWithin(node: JsonNode, where: string): void {
  refuseNamesTwice(node, where)
  for (const { value } of node.children) refuseWithin(value, where)
}

function refuseNamesTwice({ children }: JsonNode, where: string): void {
  const names = new Set<string>()
  for (const { name } of children) {
    if (name === undefined) continue
    if (names.has(name)) {
      const shown = printable(name.slice(0, 40))
      throw broken(
        where,
        `"${shown}" stands there twice, and readers differ in which they see. Make it one`,
      )
    }
    names.add(name)
  }
}

function readDid(id: unknown, where: string): string {
  const { did, fragment } = asOrgJson(() => parseDid(id, `${where}: id`))
  if (fragment === undefined) return did
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

function asOrgJson<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (isOrgidAuthError(error)) throw new CliError('ERR_ORG_JSON', error.message)
    throw error
  }
}

function broken(where: string, why: string): CliError {
  return new CliError('ERR_ORG_JSON', `${where}: ${why}`)
}
