import type { CallContext, CallOptions } from './context.js'
import { describe, type OrgidErrorCode } from './errors.js'
import { invalidOption } from './options.js'
import type { Partner, PartnerOptions } from './partners/partner.js'
import type { KeyOptions } from './tokens/keyring.js'
import type { Token } from './tokens/token.js'

/** Signs in to partners; made by {@link createOrgidAuth}. */
export interface OrgidAuth {
  /**
   * The value of the Authorization header for a request to `url`.
   *
   * Synchronous when it can be: a cached token always, a new one with a local signer.
   *
   * @returns `'Bearer …'`, or `undefined` when the URL is no partner's: send nothing then.
   * @throws OrgidAuthError (thrown or rejected) `ERR_UNKNOWN_PARTNER` with `strict`,
   *   `ERR_PARTNER_MISMATCH`, `ERR_AUDIENCE_NOT_ALLOWED`, `ERR_INVALID_OPTION`,
   *   `ERR_INVALID_DURATION`, `ERR_INVALID_SCOPE`, `ERR_INVALID_CLAIM`, `ERR_RESERVED_CLAIM`,
   *   `ERR_NO_ACTIVE_KEY`, `ERR_SIGNER_FAILED`, `ERR_SIGNER_TIMEOUT`, `ERR_INVALID_SIGNATURE`;
   *   and the reason of `signal`.
   */
  authorization(
    url: string | URL,
    options?: CallOptions,
  ): string | undefined | Promise<string | undefined>
  /**
   * A token for a partner, by name or DID.
   *
   * @throws OrgidAuthError `ERR_UNKNOWN_PARTNER` for another name, and as {@link authorization}.
   */
  token(partner: string, options?: CallOptions): Promise<Token>
  /**
   * Mints for every partner ahead of traffic, in slices that leave the event loop free.
   *
   * @throws OrgidAuthError of the first partner that failed, once all were tried.
   */
  prepare(): Promise<void>
  /**
   * Drops tokens: those of a partner, those signed by a key (and retires the key), or one by its
   * value; without any of them, all. Calls that already hold or wait for one keep it.
   *
   * @throws OrgidAuthError `ERR_UNKNOWN_PARTNER`; `ERR_INVALID_OPTION` for an unknown key or the
   *   last active one.
   */
  invalidate(what?: InvalidateOptions): void
  /**
   * Adds a key, under a fragment not used before; it signs from its `activeFrom` on, by default
   * at once.
   *
   * @throws OrgidAuthError `ERR_INVALID_OPTION`, `ERR_INVALID_KEY`, `ERR_PUBLIC_KEY`,
   *   `ERR_ENCRYPTED_KEY`, `ERR_KEY_CURVE`, `ERR_KEY_RANGE`, `ERR_KEY_MISMATCH`
   */
  addKey(key: KeyOptions): void
  /**
   * Replaces the partners, all at once or, when one is wrong, not at all.
   *
   * @throws OrgidAuthError as `createOrgidAuth` does for `partners`.
   */
  setPartners(partners: readonly PartnerOptions[]): void
  /**
   * Call options for every call made inside `fn`, however deep. Inner options win.
   *
   * @throws OrgidAuthError `ERR_INVALID_OPTION`; `ERR_UNKNOWN_PARTNER` for a `partner` that is none.
   */
  run<T>(options: CallOptions, fn: () => T): T
  /** Where things stand, in numbers; never a token. */
  status(): OrgidAuthStatus
}

/** What {@link OrgidAuth.invalidate} drops. */
export interface InvalidateOptions {
  readonly partner?: string
  readonly keyId?: string
  /** The token's value. */
  readonly token?: string
}

/** Times are epoch seconds. */
export interface OrgidAuthStatus {
  readonly partners: readonly PartnerStatus[]
  readonly keys: readonly KeyStatus[]
}

export interface PartnerStatus {
  readonly name: string
  readonly did: string
  /** The key that signs for it now; undefined while none is active. */
  readonly keyId: string | undefined
  /** How many usable tokens are cached. */
  readonly tokens: number
  readonly earliestExpiry: number | undefined
  /** When the first of them stops being fresh: the next call after that refreshes it. */
  readonly nextRefresh: number | undefined
  /** Seconds by which the partner's clock is ahead of ours; 0 until learnt otherwise. */
  readonly clockOffset: number
  /** The last failed mint, until one succeeds. */
  readonly lastError: { readonly code: OrgidErrorCode; readonly at: number } | undefined
}

export interface KeyStatus {
  readonly id: string
  readonly active: boolean
  /** Undefined: from the start. */
  readonly activeFrom: number | undefined
}

/** What this package's own transports and middleware need of an auth. @internal */
export interface AuthInternals {
  readonly context: CallContext
  /** The partner that a URL belongs to. */
  partnerOf(url: string): Partner | undefined
  /** Whether every URL of the partner's origins is the partner's. */
  ownsOrigin(partner: Partner): boolean
  /** Epoch seconds. */
  now(): number
  /** {@link Refused} */
  replaced(refused: Refused): string | undefined | Promise<string | undefined>
}

/**
 * A 401 to a token of ours. `replaced` learns from it, puts another token in the place of the one
 * refused, within bounds, and gives the header with which to repeat the call: `undefined` when it
 * must not be repeated. Must be called in the context of the call. Neither throws nor rejects.
 *
 * @internal
 */
export interface Refused {
  /** The URL that answered. */
  readonly url: string
  /** The call's own options, if they apply to that URL. */
  readonly options: CallOptions | undefined
  /** The header that was refused. */
  readonly authorization: string
  /** The call has been repeated already: then it is not repeated again. */
  readonly repeated: boolean
  /** When the request was sent; epoch seconds, of `now()`. */
  readonly sentAt: number
  /** The answer's `Date` and `Age` headers. */
  readonly date: string | null | undefined
  readonly age: string | null | undefined
}

/** @internal */
export const internals: unique symbol = Symbol.for('orgid-bearer.internals') as never

/**
 * @throws OrgidAuthError `ERR_INVALID_OPTION` if `auth` was not made by `createOrgidAuth`.
 * @internal
 */
export function internalsOf(auth: OrgidAuth): AuthInternals {
  const found = (auth as { [internals]?: AuthInternals } | undefined | null)?.[internals]
  if (found !== undefined) return found
  throw invalidOption('auth', 'what createOrgidAuth returned', describe(auth))
}

/** On an axios instance: the auths whose interceptor it carries. @internal */
export const attached: unique symbol = Symbol.for('orgid-bearer.attached') as never
