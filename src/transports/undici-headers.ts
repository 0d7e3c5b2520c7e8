import type { ParsedHeaders, RawHeaders, RequestHeaders } from './undici-types.js'

/** Request headers in a form that can be read more than once. @internal */
export type Readable = readonly unknown[] | Readonly<Record<string, unknown>> | null | undefined

/**
 * Headers as they are, except that what can be iterated becomes a flat list: an iterator can be
 * read only once, and undici takes the list in every version.
 *
 * @internal
 */
export function readable(headers: RequestHeaders): Readable {
  if (headers === null || typeof headers !== 'object' || Array.isArray(headers)) return headers
  if (!isIterable(headers)) return headers as Readonly<Record<string, unknown>>
  return [...headers].flat(1)
}

/** Whether the caller set an Authorization header; a value of undefined is sent as none. @internal */
export function hasAuthorization(headers: Readable): boolean {
  if (headers === null || typeof headers !== 'object') return false
  if (isList(headers)) {
    if (isPairs(headers)) return headers.some(([name, value]) => isAuthorization(name, value))
    for (let at = 0; at < headers.length; at += 2) {
      if (isAuthorization(headers[at], headers[at + 1])) return true
    }
    return false
  }
  return Object.keys(headers).some((name) => isAuthorization(name, headers[name]))
}

/** Headers that stay as they are, whatever becomes of the caller's. @internal */
export function copyOf(headers: Readable): Readable {
  if (headers === null || typeof headers !== 'object') return headers
  if (!isList(headers)) return { ...headers }
  return isPairs(headers) ? headers.map((pair) => [...pair]) : [...headers]
}

/** The same headers, in the same form, and Authorization. @internal */
export function withAuthorization(
  headers: Readable,
  authorization: string | undefined,
): RequestHeaders {
  if (authorization === undefined) return headers as RequestHeaders
  if (headers === null || headers === undefined) return { authorization }
  if (!isList(headers)) return { ...headers, authorization }
  return isPairs(headers)
    ? [...headers, ['authorization', authorization]]
    : [...headers, 'authorization', authorization]
}

/** A response header that came once. @internal */
export function parsedHeader(headers: ParsedHeaders, name: string): string | undefined {
  const value = headers?.[name]
  return typeof value === 'string' ? value : undefined
}

/** A response header that came once. @internal */
export function rawHeader(headers: RawHeaders, name: string): string | undefined {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const value = headers[at + 1]
    if (textOf(headers[at]).toLowerCase() === name) {
      return Array.isArray(value) ? undefined : textOf(value)
    }
  }
  return undefined
}

function textOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value)
}

function isAuthorization(name: unknown, value: unknown): boolean {
  // undici takes names as bytes as well
  const text = value === undefined ? '' : typeof name === 'string' ? name : textOf(name)
  return text.length === 13 && text.toLowerCase() === 'authorization'
}

function isList(headers: object): headers is readonly unknown[] {
  return Array.isArray(headers)
}

function isPairs(headers: readonly unknown[]): headers is readonly (readonly unknown[])[] {
  return Array.isArray(headers[0])
}

// As undici does: an iterator on a polluted Object.prototype is none
function isIterable(headers: object): headers is Iterable<readonly unknown[]> {
  const prototype: unknown = Object.getPrototypeOf(headers)
  const inherits = prototype !== null && prototype !== Object.prototype
  if (!inherits && !Object.hasOwn(headers, Symbol.iterator)) return false
  return typeof (headers as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
}
