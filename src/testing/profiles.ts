import { judgeCurrent } from './current.js'
import { judgeOlder } from './older.js'
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

/**
 * What a real partner would say to a token. Pure: the clock is `rules.now`.
 *
 * The rules are those of the partners' verifiers, leniency and all, checked against the real
 * libraries in this project's tests. Use `verifyToken` of `orgid-bearer/verify` for an API of your
 * own: it is stricter.
 *
 * @param profile whose rules.
 * @param token the token alone; {@link judgeAuthorization} takes a header.
 */
export function judge(profile: PartnerProfile, token: string, rules: PartnerRules): PartnerVerdict {
  return profile === 'older' ? judgeOlder(token, rules) : judgeCurrent(token, rules)
}

/**
 * What a real partner would say to an `Authorization` header: the strictest of them wants `Bearer`
 * with a capital B, one space, and the token.
 */
export function judgeAuthorization(
  profile: PartnerProfile,
  authorization: string | undefined,
  rules: PartnerRules,
): PartnerVerdict {
  if (authorization === undefined) return { accepted: false, reason: 'no Authorization header' }
  const token = bearerToken(authorization)
  if (token !== undefined) return judge(profile, token, rules)
  return { accepted: false, reason: 'the Authorization header is not Bearer, one space, token' }
}

/** The token in an `Authorization` header, if it is `Bearer`, one space and a token. @internal */
export function bearerToken(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /^Bearer (\S+)$/.exec(authorization)?.[1]
}
