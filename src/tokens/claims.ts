import { hash } from 'node:crypto'
import { describe, OrgidAuthError } from '../errors.js'
import { quoteName } from '../options.js'

/**
 * How a scope is written into the token. `json-string`: a JSON array inside a string, which the
 * current verifier (`@windingtree/org.id-auth`) wants; `space`: RFC 6749 3.3; `array`: a JSON array.
 */
export type ScopeFormat = 'json-string' | 'space' | 'array'

/** Everything that decides what a token says, except the moment it is minted. @internal */
export interface MintRequest {
  /** A digest of the whole request, injectively encoded: the cache key. */
  readonly key: string
  /** Name of the partner the token is for. */
  readonly partner: string
  readonly keyId: string
  /** DID and fragment. */
  readonly issuer: string
  readonly audience: string
  /** Seconds. */
  readonly lifetime: number
  readonly scope: readonly string[] | undefined
  readonly scopeFormat: ScopeFormat
  readonly claims: ExtraClaims | undefined
  /** Never cached, and minted with a `jti`. */
  readonly singleUse: boolean
}

/** Claims beside the registered ones, checked and in canonical order. @internal */
export type ExtraClaims = Readonly<Record<string, unknown>>

/** Completes a mint request with its cache key. @internal */
export function mintRequest(parts: Omit<MintRequest, 'key'>): MintRequest {
  // An array of JSON values encodes injectively: no separator can be forged from inside a string.
  // `claims` is in canonical order, so equal claims are one key whatever order they came in.
  const text = JSON.stringify([
    parts.partner,
    parts.keyId,
    parts.issuer,
    parts.audience,
    parts.lifetime,
    parts.scope ?? null,
    parts.scopeFormat,
    parts.claims ?? null,
  ])
  // A fraction of the text, and a byte for each byte of the digest, since there may be many
  const key = hash('sha256', text, 'binary')
  // Written out: what is spread takes four times the memory, and there is one for each partner
  return {
    key,
    partner: parts.partner,
    keyId: parts.keyId,
    issuer: parts.issuer,
    audience: parts.audience,
    lifetime: parts.lifetime,
    scope: parts.scope,
    scopeFormat: parts.scopeFormat,
    claims: parts.claims,
    singleUse: parts.singleUse,
  }
}

/** The JWT claims set of a request, at a moment. @internal */
export function claimsSet(
  request: MintRequest,
  times: { readonly issuedAt: number; readonly expiresAt: number },
  jti: string | undefined,
): Record<string, unknown> {
  const { scope, claims } = request
  // What is undefined is not written
  const registered = {
    iss: request.issuer,
    aud: request.audience,
    iat: times.issuedAt,
    exp: times.expiresAt,
    scope: scope && encodeScope(scope, request.scopeFormat),
    jti,
  }
  return claims === undefined ? registered : { ...registered, ...claims }
}

function encodeScope(scope: readonly string[], format: ScopeFormat): string | readonly string[] {
  if (format === 'json-string') return JSON.stringify(scope)
  return format === 'space' ? scope.join(' ') : scope
}

// RFC 6749 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Reads a scope option: one or several scope-tokens, in an array or separated by single spaces.
 *
 * @returns the tokens, or undefined for none.
 * @throws OrgidAuthError `ERR_INVALID_SCOPE`
 * @internal
 */
export function readScope(input: unknown, where: string): readonly string[] | undefined {
  const tokens = typeof input === 'string' ? input.split(' ') : input
  if (!Array.isArray(tokens)) {
    throw invalidScope(where, describe(input))
  }
  for (const token of tokens) {
    if (typeof token !== 'string' || !scopeToken.test(token)) {
      throw invalidScope(
        where,
        typeof token === 'string' ? `${describe(token)} that is no scope-token` : describe(token),
      )
    }
  }
  return tokens.length === 0 ? undefined : Object.freeze([...(tokens as string[])])
}

function invalidScope(where: string, got: string): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_INVALID_SCOPE',
    `${where}: expected scope-tokens of printable ASCII without space, quote or backslash (RFC 6749 3.3), such as ['read', 'book'], got ${got}`,
  )
}

const reserved: Readonly<Record<string, string>> = {
  iss: 'it is the issuer option',
  aud: 'it is the partner’s did, or the audience option of a call',
  exp: 'use lifetime',
  iat: 'use issuedAtBackdate',
  nbf: 'partners have no clock tolerance, so tokens carry none',
  jti: 'use singleUse',
  scope: 'use scope',
}

/**
 * Checks further claims and copies them, keys sorted at every level, so that later changes to the
 * caller's object change no token, and equal claims are equal as text.
 *
 * @throws OrgidAuthError `ERR_RESERVED_CLAIM` for a claim this library sets itself;
 *   `ERR_INVALID_CLAIM` for what is no JSON value or has control characters.
 * @internal
 */
export function readClaims(input: unknown, where: string): ExtraClaims | undefined {
  if (!isPlainObject(input)) throw invalidClaim(where, 'an object of claims', describe(input))
  for (const name of Object.keys(input)) {
    if (Object.hasOwn(reserved, name)) {
      throw new OrgidAuthError(
        'ERR_RESERVED_CLAIM',
        `${where}.${name}: the claim "${name}" is set by this library and cannot be overridden; ${reserved[name]}`,
      )
    }
  }
  const copy = canonical(input, where, 0) as ExtraClaims
  return Object.keys(copy).length === 0 ? undefined : copy
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is what it is for
const control = /[\u0000-\u001f\u007f]/
const deepest = 16

function canonical(value: unknown, where: string, depth: number): unknown {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (typeof value === 'string') {
    if (control.test(value)) throw invalidClaim(where, 'text without control characters', 'some')
    return value
  }
  if (depth >= deepest) throw invalidClaim(where, `at most ${deepest} levels`, 'more, or a cycle')
  if (Array.isArray(value)) {
    // Array.from, unlike map, also calls for holes, which are no JSON values
    return Object.freeze(
      Array.from(value, (item, index) => canonical(item, `${where}[${index}]`, depth + 1)),
    )
  }
  if (!isPlainObject(value)) throw invalidClaim(where, 'a JSON value', describe(value))
  // No prototype: a claim named __proto__ is a claim like any other
  const copy = Object.create(null) as Record<string, unknown>
  for (const name of Object.keys(value).sort()) {
    if (control.test(name))
      throw invalidClaim(where, 'claim names without control characters', 'some')
    if (value[name] === undefined) continue
    copy[name] = canonical(
      value[name],
      `${where}.${quoteName(name).replaceAll('"', '')}`,
      depth + 1,
    )
  }
  return Object.freeze(copy)
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

function invalidClaim(where: string, expected: string, got: string): OrgidAuthError {
  return new OrgidAuthError('ERR_INVALID_CLAIM', `${where}: expected ${expected}, got ${got}`)
}
