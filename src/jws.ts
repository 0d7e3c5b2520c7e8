import { decode, encode } from 'jose/base64url'
import { describe, OrgidAuthError } from './errors.js'

/** A JSON object, as it came. @internal */
export type JsonObject = Record<string, unknown>

/** A compact JWS taken apart; nothing in it has been believed yet. @internal */
export interface DecodedJws {
  readonly header: JsonObject
  readonly claims: JsonObject
  /** The signed bytes: the first two segments and the dot between them (RFC 7515 5.2). */
  readonly signingInput: Buffer
  readonly signature: Buffer
}

/**
 * The longest token that is looked at, in characters. Node's HTTP server takes 16 KiB for all of a
 * request's header fields, so a longer one did not come by header.
 *
 * @internal
 */
const maxTokenLength = 16_384

const segmentNames = ['header', 'payload', 'signature'] as const

/**
 * Decodes a compact JWS whose payload is a JSON object, strictly: no padding, no white space, no
 * spare bits, valid UTF-8, and no member name twice.
 *
 * @throws OrgidAuthError `ERR_TOKEN_MALFORMED`
 * @internal
 */
export function decodeJws(jwt: unknown): DecodedJws {
  if (typeof jwt !== 'string') throw malformed(`expected a string, got ${describe(jwt)}`)
  if (jwt.length > maxTokenLength) {
    throw malformed(`expected at most ${maxTokenLength} characters, got ${jwt.length}`)
  }
  const segments = jwt.split('.')
  if (segments.length !== 3) {
    const remedy =
      segments.length === 5
        ? 'an encrypted JWT (JWE) has five; send a signed one'
        : 'pass the token alone, without "Bearer"'
    throw malformed(`expected three segments (RFC 7515 7.1), got ${segments.length}; ${remedy}`)
  }
  const [header, payload, signature] = segments.map((segment, index) => {
    const bytes = decodeBase64url(segment)
    if (bytes) return bytes
    throw malformed(
      `expected the ${segmentNames[index]} in base64url without padding (RFC 7515 2), got ${describe(segment)} that is not; the sender's encoder is at fault, or the token was altered on its way`,
    )
  }) as [Buffer, Buffer, Buffer]
  return {
    header: decodeObject(header, 'header'),
    claims: decodeObject(payload, 'payload'),
    signingInput: Buffer.from(jwt.slice(0, jwt.lastIndexOf('.')), 'latin1'),
    signature,
  }
}

/**
 * The bytes of a base64url text, or undefined unless it is the one encoding of those bytes: a
 * signature that can be spelt in several ways makes one token many (RFC 4648 3.5).
 *
 * @internal
 */
function decodeBase64url(text: string): Buffer | undefined {
  try {
    const bytes = decode(text)
    return encode(bytes) === text ? Buffer.from(bytes) : undefined
  } catch {
    return undefined
  }
}

/**
 * Parses a JSON object and refuses one that holds a member name twice, at any depth: parsers differ
 * in which of them wins (RFC 8259 4), and RFC 7515 4 and RFC 7519 4 let a reader refuse.
 *
 * @returns the object, or why there is none, in words that quote nothing of it.
 * @internal
 */
function parseUniqueObject(text: string): JsonObject | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // JSON.parse quotes its input in the message: no cause
    return 'text that is not JSON'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `JSON that is ${describe(value)}`
  }
  return hasDuplicateName(text) ? 'an object with a member name twice' : (value as JsonObject)
}

const structure = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g

/** Walks text that is known to be JSON, where a string before a colon is a member's name. */
function hasDuplicateName(json: string): boolean {
  const open: Set<string>[] = []
  for (const [lexeme, colon] of json.matchAll(structure)) {
    if (lexeme === '{' || lexeme === '[') open.push(new Set())
    else if (lexeme === '}' || lexeme === ']') open.pop()
    else if (colon) {
      // compared unescaped: "a" and "\u0061" are one name
      const name = JSON.parse(lexeme.slice(0, -colon.length)) as string
      const names = open.at(-1)
      if (names?.has(name)) return true
      names?.add(name)
    }
  }
  return false
}

// ignoreBOM keeps the mark, and JSON.parse refuses it (RFC 8259 8.1)
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeObject(bytes: Buffer, name: string): JsonObject {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    throw malformed(`expected the ${name} to be a JSON object, got bytes that are not UTF-8`)
  }
  const value = parseUniqueObject(text)
  if (typeof value === 'string') {
    throw malformed(`expected the ${name} to be a JSON object, got ${value}`)
  }
  return value
}

function malformed(why: string): OrgidAuthError {
  return new OrgidAuthError('ERR_TOKEN_MALFORMED', `token: ${why}`)
}
