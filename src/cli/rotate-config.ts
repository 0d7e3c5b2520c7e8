import { isDeepStrictEqual } from 'node:util'
import { parseJson } from '../config/json.js'
import { parseDid } from '../did.js'
import { CliError } from './io.js'
import { appendItem, type JsonNode, locate, memberOf, removeItem, setMember } from './json-text.js'

/** A key as a configuration file has it. */
export interface KeyInFile {
  readonly id: string
  readonly key: object
  readonly activeFrom?: string
}

interface Partner {
  readonly issuer?: string
}

/** As much of a configuration file as is edited; the library has found it good. */
interface Content {
  readonly issuer: string
  readonly key?: object
  readonly keys?: readonly KeyInFile[]
  readonly partners?: readonly Partner[]
}

/**
 * Adds a key to the text of a configuration; all that is not concerned stays as it was, to the
 * byte. Of a single `key` it makes `keys`: its fragment moves there, out of every issuer.
 *
 * @throws CliError `ERR_ROTATION` if issuers name several fragments, for which `keys` has no words.
 */
export function withKey(text: string, added: KeyInFile, where: string): string {
  const before = contentOf(text, where)
  const keys = memberOf(locate(text), 'keys')
  if (keys !== undefined && before.keys !== undefined) {
    const wanted = { ...before, keys: [...before.keys, added] }
    return sure(appendItem(text, keys, added), wanted, where)
  }
  const { did, fragment = '' } = parseDid(before.issuer, `${where}: issuer`)
  const { key, ...rest } = before
  const list = [{ id: fragment, key }, added]
  let edited = setMember(text, locate(text), 'key', list)
  edited = renameKey(edited)
  edited = setMember(edited, locate(edited), 'issuer', did)
  const partners = before.partners?.map((partner, index) => {
    if (partner.issuer === undefined) return partner
    const own = parseDid(partner.issuer, `${where}: partners[${index}].issuer`)
    if (own.fragment !== undefined && own.fragment !== fragment) {
      throw new CliError(
        'ERR_ROTATION',
        `${where}: partners[${index}].issuer: expected #${fragment}, as in issuer, got #${own.fragment}. With several keys each has one name for all partners: register it as #${fragment} for ${own.did} as well, and write that here`,
      )
    }
    const node = memberOf(locate(edited), 'partners')?.children[index]?.value as JsonNode
    edited = setMember(edited, node, 'issuer', own.did)
    return { ...partner, issuer: own.did }
  })
  return sure(
    edited,
    { ...rest, issuer: did, keys: list, ...(partners !== undefined && { partners }) },
    where,
  )
}

/** Gives one of `keys` another `activeFrom`. */
export function withActiveFrom(
  text: string,
  id: string,
  activeFrom: string,
  where: string,
): string {
  const before = contentOf(text, where)
  const { keys = [] } = before
  const index = keys.findIndex((one) => one.id === id)
  const node = memberOf(locate(text), 'keys')?.children[index]?.value as JsonNode
  const wanted = keys.map((one) => (one.id === id ? { ...one, activeFrom } : one))
  return sure(setMember(text, node, 'activeFrom', activeFrom), { ...before, keys: wanted }, where)
}

/** Takes some of `keys` out. */
export function withoutKeys(text: string, ids: readonly string[], where: string): string {
  const before = contentOf(text, where)
  const { keys = [] } = before
  let edited = text
  for (const [index, { id }] of [...keys.entries()].toReversed()) {
    if (!ids.includes(id)) continue
    edited = removeItem(edited, memberOf(locate(edited), 'keys') as JsonNode, index)
  }
  return sure(edited, { ...before, keys: keys.filter(({ id }) => !ids.includes(id)) }, where)
}

/** The content of a configuration's text. */
export function contentOf(text: string, where: string): Content {
  return parseJson(text, where) as Content
}

/** `key` becomes `keys`, where it stands. */
function renameKey(text: string): string {
  const child = locate(text).children.find(({ name }) => name === 'key')
  const { start = 0 } = child ?? {}
  const [name = ''] = /^"[^"\\]*(?:\\.[^"\\]*)*"/.exec(text.slice(start)) ?? []
  return `${text.slice(0, start)}"keys"${text.slice(start + name.length)}`
}

/** Edits by text are looked at again: a name that comes twice is read one way and edited another. */
function sure(edited: string, wanted: object, where: string): string {
  if (isDeepStrictEqual(contentOf(edited, where), wanted)) return edited
  throw new CliError(
    'ERR_FILE',
    `${where}: expected a file that can be edited, got one in which a name comes twice. Make it one, and run this again`,
  )
}
