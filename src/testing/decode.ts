import { type KeyObject, verify } from 'node:crypto'

type JsonObject = Readonly<Record<string, unknown>>

/** A token as the real partners decode it, which is leniently. @internal */
export interface LooseJwt {
  readonly header: JsonObject
  readonly claims: JsonObject
  readonly signingInput: string
  readonly signature: Uint8Array
}

/**
 * Decodes a token as leniently as the libraries of the real partners do: base64 of either alphabet,
 * with padding and foreign characters skipped, malformed UTF-8 replaced, and of a member name that
 * comes twice the last.
 *
 * @returns undefined if even that fails.
 * @internal
 */
export function decodeLoosely(token: string): LooseJwt | undefined {
  const segments = token.split('.')
  if (segments.length !== 3) return undefined
  const [header, payload, signature] = segments as [string, string, string]
  const decodedHeader = decodeObject(header)
  const claims = decodeObject(payload)
  if (!decodedHeader || !claims) return undefined
  return {
    header: decodedHeader,
    claims,
    signingInput: `${header}.${payload}`,
    signature: Buffer.from(signature, 'base64'),
  }
}

/** Whether the signature, 64 bytes r || s with S of either half, is the key's. @internal */
export function isSignedBy(key: KeyObject, { signingInput, signature }: LooseJwt): boolean {
  return verify('sha256', Buffer.from(signingInput), { key, dsaEncoding: 'ieee-p1363' }, signature)
}

function decodeObject(segment: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, 'base64').toString())
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as JsonObject) : undefined
  } catch {
    return undefined
  }
}
