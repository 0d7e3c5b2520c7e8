import { type CallOptions, noOptions } from '../context.js'
import { parseDuration } from '../duration.js'
import { describe, OrgidAuthError, type OrgidErrorCode } from '../errors.js'
import { publish } from '../events.js'
import { invalidOption, readBoolean, readOptions } from '../options.js'
import { type MintRequest, mintRequest, readClaims, readScope } from '../tokens/claims.js'
import { parseUrl } from './origin.js'
import type { Partner } from './partner.js'

const known = [
  'partner',
  'audience',
  'scope',
  'claims',
  'lifetime',
  'forceRefresh',
  'signal',
  'skip',
] as const satisfies readonly (keyof CallOptions)[]

/**
 * Call options by their own properties, types checked; scope, claims and lifetime are read where
 * they are used.
 *
 * @throws OrgidAuthError `ERR_INVALID_OPTION`
 * @internal
 */
export function readCallOptions(input: CallOptions): CallOptions {
  const options = readOptions<CallOptions>(input, known, 'options') as CallOptions
  if (options.partner !== undefined && typeof options.partner !== 'string') {
    throw invalidOption('options.partner', "a partner's name or DID", describe(options.partner))
  }
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) {
    throw invalidOption('options.signal', 'an AbortSignal', describe(options.signal))
  }
  readBoolean(options.skip, 'options.skip', false)
  readBoolean(options.forceRefresh, 'options.forceRefresh', false)
  return options
}

/**
 * What to mint for a call to a partner.
 *
 * @param key the key that signs: its id, and the `iss` by which the partner knows it.
 * @throws OrgidAuthError `ERR_AUDIENCE_NOT_ALLOWED`, `ERR_INVALID_SCOPE`, `ERR_INVALID_CLAIM`,
 *   `ERR_RESERVED_CLAIM`, `ERR_INVALID_DURATION`
 * @internal
 */
export function requestFor(
  partner: Partner,
  { keyId, issuer }: Pick<MintRequest, 'keyId' | 'issuer'>,
  options: CallOptions = noOptions,
): MintRequest {
  const { audience = partner.did, scope, claims, lifetime } = options
  if (!partner.audiences.has(audience)) {
    throw told(
      'ERR_AUDIENCE_NOT_ALLOWED',
      `options.audience: expected the did of ${partner.name} or one of its audiences, got ${describe(audience)} that is neither. Add it to this partner's audiences`,
    )
  }
  const own = claims === undefined ? undefined : readClaims(claims, 'options.claims')
  return mintRequest({
    partner: partner.name,
    keyId,
    issuer,
    audience,
    lifetime:
      lifetime === undefined ? partner.lifetime : parseDuration(lifetime, 'options.lifetime'),
    scope: scope === undefined ? partner.scope : readScope(scope, 'options.scope'),
    scopeFormat: partner.scopeFormat,
    claims:
      own && partner.claims
        ? readClaims({ ...partner.claims, ...own }, 'options.claims')
        : (own ?? partner.claims),
    singleUse: partner.singleUse,
  })
}

/** Whether a partner goes by this name or DID. @internal */
export function isCalled(partner: Partner, nameOrDid: string): boolean {
  return partner.name === nameOrDid || partner.did === nameOrDid
}

/** @throws OrgidAuthError `ERR_PARTNER_MISMATCH` for options that are meant for another partner. @internal */
export function refuseMismatch(partner: Partner, options: CallOptions | undefined): void {
  if (options?.partner === undefined || isCalled(partner, options.partner)) return
  throw mismatch(options.partner, `${partner.name}'s`)
}

/** @internal */
export function mismatch(meantFor: string, owner: string): OrgidAuthError {
  return told(
    'ERR_PARTNER_MISMATCH',
    `options.partner: expected the partner of the final URL, got another (${describe(meantFor)}), while the URL is ${owner}. A token goes where its partner is, and nowhere else`,
  )
}

/** A URL that is nobody's, with `strict`. @internal */
export function stranger(url: string): OrgidAuthError {
  const where = parseUrl(url)?.origin ?? 'what is no absolute URL'
  return told(
    'ERR_UNKNOWN_PARTNER',
    `url: expected a partner's, since strict is set, got ${where}. Add it to partners, or pass skip: true for this call`,
  )
}

/** A name that is nobody's. @internal */
export function nobody(name: string, partners: readonly Partner[], where: string): OrgidAuthError {
  const known = partners.map((other) => other.name).join(', ')
  return told(
    'ERR_UNKNOWN_PARTNER',
    `${where}: expected the name or DID of a partner (${known}), got ${describe(name)} that is none's`,
  )
}

/** A call that is refused here, for whoever listens. */
function told(code: OrgidErrorCode, message: string): OrgidAuthError {
  const error = new OrgidAuthError(code, message)
  publish('orgid-bearer:refused', () => ({ error }))
  return error
}

/** @throws OrgidAuthError `ERR_INVALID_OPTION` for what is neither a string nor a URL. @internal */
export function hrefOf(url: unknown): string {
  if (url instanceof URL) return url.href
  throw invalidOption('url', 'a string or a URL', describe(url))
}
