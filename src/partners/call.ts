import { type CallOptions, noOptions } from '../context.js'
import { parseDuration } from '../duration.js'
import { describe, OrgidAuthError } from '../errors.js'
import { invalidOption, readBoolean, readOptions } from '../options.js'
import { type MintRequest, mintRequest, readClaims, readScope } from '../tokens/claims.js'
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
 * @param keyId the key that signs.
 * @param initialKeyId the key that a single `key` option gave, whose fragment an issuer may name.
 * @throws OrgidAuthError `ERR_AUDIENCE_NOT_ALLOWED`, `ERR_INVALID_SCOPE`, `ERR_INVALID_CLAIM`,
 *   `ERR_RESERVED_CLAIM`, `ERR_INVALID_DURATION`
 * @internal
 */
export function requestFor(
  partner: Partner,
  keyId: string,
  initialKeyId: string | undefined,
  options: CallOptions = noOptions,
): MintRequest {
  const { audience = partner.did, scope, claims, lifetime } = options
  if (!partner.audiences.has(audience)) {
    throw new OrgidAuthError(
      'ERR_AUDIENCE_NOT_ALLOWED',
      `options.audience: expected the did of ${partner.name} or one of its audiences, got ${describe(audience)} that is neither. Add it to this partner's audiences`,
    )
  }
  const own = claims === undefined ? undefined : readClaims(claims, 'options.claims')
  const fragment = keyId === initialKeyId ? (partner.issuerFragment ?? keyId) : keyId
  return mintRequest({
    partner: partner.name,
    keyId,
    issuer: `${partner.issuerDid}#${fragment}`,
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
