/**
 * Every failure this library can report, as a stable code.
 *
 * Messages may be reworded between releases; codes are part of the API.
 */
export type OrgidErrorCode =
  // configuration and call options
  | 'ERR_INVALID_OPTION'
  | 'ERR_CONFIG'
  | 'ERR_INVALID_DID'
  | 'ERR_DID_FORM_MISMATCH'
  | 'ERR_INVALID_DURATION'
  | 'ERR_INVALID_SCOPE'
  | 'ERR_INVALID_CLAIM'
  | 'ERR_RESERVED_CLAIM'
  | 'ERR_INVALID_ORIGIN'
  | 'ERR_DUPLICATE_PARTNER'
  // keys
  | 'ERR_INVALID_KEY'
  | 'ERR_PUBLIC_KEY'
  | 'ERR_ENCRYPTED_KEY'
  | 'ERR_KEY_CURVE'
  | 'ERR_KEY_RANGE'
  | 'ERR_KEY_MISMATCH'
  | 'ERR_NO_ACTIVE_KEY'
  // binding a token to a call
  | 'ERR_UNKNOWN_PARTNER'
  | 'ERR_PARTNER_MISMATCH'
  | 'ERR_AUDIENCE_NOT_ALLOWED'
  | 'ERR_SOCKET_PATH'
  | 'ERR_PLAINTEXT_PROXY'
  | 'ERR_REDIRECT_TOKEN'
  | 'ERR_CLIENT_GONE'
  // minting
  | 'ERR_SIGNER_FAILED'
  | 'ERR_SIGNER_TIMEOUT'
  | 'ERR_INVALID_SIGNATURE'
  // verifying (orgid-bearer/verify)
  | 'ERR_TOKEN_MALFORMED'
  | 'ERR_TOKEN_HEADER'
  | 'ERR_TOKEN_ALGORITHM'
  | 'ERR_TOKEN_TYPE'
  | 'ERR_TOKEN_CLAIM'
  | 'ERR_TOKEN_ISSUER'
  | 'ERR_TOKEN_AUDIENCE'
  | 'ERR_TOKEN_EXPIRED'
  | 'ERR_TOKEN_NOT_YET_VALID'
  | 'ERR_TOKEN_KEY'
  | 'ERR_TOKEN_SIGNATURE'

const brand: unique symbol = Symbol.for('orgid-bearer.error') as never

/**
 * The one error class of this library.
 *
 * A message says what was expected, what came and what to do; it never holds a token, a private
 * key or a passphrase. Branded with a registered symbol, so {@link isOrgidAuthError} also
 * recognises errors of another copy of this package.
 */
export class OrgidAuthError extends Error {
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
