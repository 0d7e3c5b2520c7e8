import type { CallContext, CallOptions } from './context.js'

/** One minted token. Times are epoch seconds. */
export interface Token {
  readonly value: string
  readonly issuer: string
  readonly audience: string
  readonly scope?: string | readonly string[]
  readonly issuedAt: number
  readonly freshUntil: number
  readonly expiresAt: number
}

/** What `createOrgidAuth` returns. */
export interface OrgidAuth {
  authorization(url: string | URL, options?: CallOptions): string | undefined | Promise<string | undefined>
  token(partner: string, options?: CallOptions): Promise<Token>
  run<T>(options: CallOptions, fn: () => T): T
  // … status, prepare, invalidate, addKey, setPartners
}

/** What this package's own transports and middleware need of an auth. @internal */
export interface AuthInternals {
  readonly context: CallContext
}

/**
 * @throws OrgidAuthError `ERR_INVALID_OPTION` if `auth` was not made by `createOrgidAuth`.
 * @internal
 */
export declare function internalsOf(auth: OrgidAuth): AuthInternals
