import type { OrgidErrorCode } from './error-codes.js'

export type { OrgidErrorCode } from './error-codes.js'

const brand: unique symbol = Symbol.for('orgid-bearer.error') as never

/**
 * The one error class of this library.
 *
 * A message says what was expected, what came and what to do; it never holds a token, a private
 * key or a passphrase. Branded with a registered symbol, so {@link isOrgidAuthError} also
 * recognises errors of another copy of this package.
 */
export class OrgidAuthError extends Error {
  /** What went wrong. */
  readonly code: OrgidErrorCode

  constructor(code: OrgidErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }

  static {
    Object.defineProperty(OrgidAuthError.prototype, 'name', {
      value: 'OrgidAuthError',
      configurable: true,
      writable: true,
    })
  }
}

/** Whether `value` is an {@link OrgidAuthError}, of this or another copy of the package. */
export function isOrgidAuthError(value: unknown): value is OrgidAuthError {
  return value instanceof Error && (value as { [brand]?: unknown })[brand] === true
}

/**
 * How a value is named in a message: its kind and size, and never its content, since what was
 * passed by mistake is often a secret.
 *
 * @internal
 */
export function describe(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string')
    return value === '' ? 'an empty string' : `a string of ${value.length} characters`
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object') return `an object (${classOf(value)})`
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined)
    return String(value)
  return `a ${typeof value}`
}

/** The class by the prototype: an own `constructor` is the caller's data. */
function classOf(value: object): string {
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name
  return typeof name === 'string' ? name : 'no prototype'
}
