import type { CallContext, CallOptions } from './context.js'
import { describe } from './errors.js'
import { invalidOption } from './options.js'
import type { Partner, PartnerOptions } from './partners/partner.js'
import type { CacheEntry } from './tokens/entry.js'
import type { Happenings, LastError, LastRefusal } from './tokens/happenings.js'
import type { KeyOptions } from './tokens/keyring.js'
import type { Token } from './tokens/token.js'

/** Signs in to partners; made by {@link createOrgidAuth}. */
export interface OrgidAuth {
  /**
   * The value of the Authorization header for a request to `url`.
   *
   * Synchronous when it can be: a cached token always, a new one with a local signer and no
   * `store`.
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
   * at once. A partner that refuses it, since it does not know it yet, gets tokens of the key before
   * for the next 31 days, and is tried again every now and then: `status()` tells.
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
  /** A partner's name or DID. */
  readonly partner?: string
  /** The fragment of a key. Alone, it also retires the key: it signs no more. */
  readonly keyId?: string
  /** The token's value. */
  readonly token?: string
}

/** Where an auth stands, as {@link OrgidAuth.status} tells it. Times are epoch seconds. */
export interface OrgidAuthStatus {
  /** In the order in which they were configured. */
  readonly partners: readonly PartnerStatus[]
  /** Those that sign now or will, in the order in which they were added. */
  readonly keys: readonly KeyStatus[]
}

/** Where one partner's tokens stand. Times are epoch seconds. */
export interface PartnerStatus {
  /** As configured, or host and path prefix. */
  readonly name: string
  /** The partner's ORGiD. */
  readonly did: string
  /** The fragment of the key that signs for it now; undefined while none is active. */
  readonly keyId: string | undefined
  /**
   * Set while an older key signs, since the partner refused the newest: it may know an ORG.JSON of
   * up to 30 days ago. From `retryAt` on, the next call that can be repeated tries the newest key.
   */
  readonly fallback:
    | {
        /** The fragment of the key that was refused. */
        readonly from: string
        /** The fragment of the key that signs instead. */
        readonly to: string
        /** When that was. */
        readonly since: number
        /** From when on the newest key is tried again. */
        readonly retryAt: number
      }
    | undefined
  /** How many usable tokens are cached. */
  readonly tokens: number
  /** When the first of them expires, by our own clock; undefined while there is none. */
  readonly earliestExpiry: number | undefined
  /** When the first of them stops being fresh: the next call after that refreshes it. */
  readonly nextRefresh: number | undefined
  /** Seconds by which the partner's clock is ahead of ours; 0 until learnt otherwise. */
  readonly clockOffset: number
  /** The last failed mint, until one succeeds. */
  readonly lastError: LastError | undefined
  /** The last 401 to a token of ours. */
  readonly lastRefusal: LastRefusal | undefined
}

/** Where one key stands. */
export interface KeyStatus {
  /** Its fragment. */
  readonly id: string
  /** Whether new tokens are signed with it now. */
  readonly active: boolean
  /** Epoch seconds from which on it signs. Undefined: from the start. */
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
  /** The cached tokens that would be served now. */
  usable(): readonly CacheEntry[]
  readonly happenings: Happenings
  /** Whether a key of this id is, or ever was, in use. */
  isKeyUsed(id: string): boolean
  /**
   * As `auth.authorization`.
   *
   * @param mayRepeat the call can be made once more after a 401, and what comes of it is told to
   *   `replaced` and `accepted`: then it may carry a token that the partner might refuse.
   */
  authorization(
    url: string,
    options: CallOptions | undefined,
    mayRepeat: boolean,
  ): ReturnType<OrgidAuth['authorization']>
  /** A call with this header was answered 2xx by this URL. Does not throw. */
  accepted(url: string, authorization: string): void
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
  if (auth instanceof Promise) {
    throw invalidOption('auth', 'what loadOrgidAuth resolves to', 'a Promise', 'Await it')
  }
  throw invalidOption('auth', 'what createOrgidAuth returned', describe(auth))
}

/** On an axios instance: the auths whose interceptor it carries. @internal */
export const attached: unique symbol = Symbol.for('orgid-bearer.attached') as never
