import type { KnownKeys } from './orgjson.js'

/**
 * Whose rules a partner judges by.
 *
 * - `older`: the first generation (jose 1 and 2 in glider-aggregator's manner): DIDs without chain,
 *   `typ` required, keys in `publicKey[]` of ORG.JSON.
 * - `current`: the second (org.id-validator 2 with `@windingtree/org.id-auth` 1.2.4): DIDs with or
 *   without chain, keys in `verificationMethod[]`, `scope` a JSON array in a string.
 */
export type PartnerProfile = 'older' | 'current'

/** What a partner knows when it judges a token. */
export interface PartnerRules {
  /** The partner's own ORGiD, which `aud` must name. */
  readonly did: string
  readonly keys: KnownKeys
  /** The partner's clock, in epoch seconds. Neither generation grants any tolerance. */
  readonly now: number
  /**
   * Scopes the token must carry. `current` alone checks them, and wants them as a JSON array
   * encoded as a string; the older partners ignore scope.
   */
  readonly requiredScope?: readonly string[]
}

/** A partner's verdict. `reason` never quotes the token. */
export type PartnerVerdict =
  | { readonly accepted: true; readonly claims: Readonly<Record<string, unknown>> }
  | { readonly accepted: false; readonly reason: string }
