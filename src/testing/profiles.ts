import { judgeCurrent } from './current.js'
import { judgeOlder } from './older.js'
import type { PartnerProfile, PartnerRules, PartnerVerdict } from './verdict.js'

export type { PartnerProfile, PartnerRules, PartnerVerdict } from './verdict.js'

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
