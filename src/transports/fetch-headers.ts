import { Bare } from './bare.js'

/** Names and values as the caller wrote them, on no prototype. @internal */
type PlainHeaders = Readonly<Record<string, string>>

/**
 * Request headers, read. Those written as an object of strings, and none, stay such an object, which
 * fetch reads for itself: it takes `Headers` more time to be made than all the rest of a call takes
 * here, and a fetch that is not Node's as much again to read them.
 *
 * @internal
 */
export type OwnHeaders = Headers | PlainHeaders

/**
 * @throws TypeError as fetch does, for headers that are none.
 * @internal
 */
export function readHeaders(given: unknown): OwnHeaders | undefined {
  if (given === undefined || given === null || given instanceof Headers) return given ?? undefined
  if (!isRecord(given)) return new Headers(given as ConstructorParameters<typeof Headers>[0])
  const own = Object.assign(new Bare<string>(), given)
  return Object.values(own).every(isString) ? own : new Headers(own)
}

/** Headers that stay as they are, whatever becomes of the caller's. @internal */
export function copyOf(headers: OwnHeaders | undefined): OwnHeaders | undefined {
  return headers instanceof Headers ? new Headers(headers) : headers
}

/** @internal */
export function authorizationIn(headers: OwnHeaders | undefined): string | undefined {
  if (headers === undefined) return undefined
  if (headers instanceof Headers) return headers.get('authorization') ?? undefined
  const name = Object.keys(headers).find(
    (one) => one.length === 13 && one.toLowerCase() === 'authorization',
  )
  return name === undefined ? undefined : headers[name]
}

/** Headers for one request, with our token or without. @internal */
export function headersWith(
  headers: OwnHeaders | undefined,
  authorization: string | undefined,
): OwnHeaders {
  if (headers instanceof Headers) {
    const own = new Headers(headers)
    if (authorization !== undefined) own.set('Authorization', authorization)
    return own
  }
  const own = Object.assign(new Bare<string>(), headers)
  if (authorization !== undefined) own.Authorization = authorization
  return own
}

function isRecord(given: unknown): given is object {
  if (typeof given !== 'object' || given === null || Symbol.iterator in given) return false
  const prototype: unknown = Object.getPrototypeOf(given)
  return prototype === null || prototype === Object.prototype
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}
