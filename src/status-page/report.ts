import type { AuthInternals, KeyStatus, OrgidAuth, PartnerStatus } from '../interface.js'
import { type CacheEntry, endsAtOf, mintedForOf, startsAtOf } from '../tokens/entry.js'
import type { LastRefusal, Rates } from '../tokens/happenings.js'

/** What the status page shows, as JSON. Times are epoch seconds; never a token. */
export interface StatusReport {
  readonly now: number
  readonly partners: readonly PartnerReport[]
  readonly keys: readonly KeyStatus[]
  /** Of all partners, in the last hour or, if that is shorter, since the start. */
  readonly rates: Rates
}

export interface PartnerReport extends PartnerStatus {
  /** The tokens that would be served now; at most 20. */
  readonly lives: readonly TokenLife[]
  readonly lastRefusal: Refusal | undefined
}

/** A token's life, by our clock. */
export interface TokenLife {
  /** `aud`. */
  readonly audience: string
  readonly keyId: string
  readonly scope: readonly string[] | undefined
  readonly issuedAt: number
  readonly freshUntil: number
  readonly expiresAt: number
}

/** A 401 to a token of ours. */
export interface Refusal extends LastRefusal {
  /** What to do; nothing, if a token was accepted since. */
  readonly remedy: string | undefined
}

const mostLives = 20

/** Where things stand, in more detail than `auth.status()`. @internal */
export function reportOf(
  auth: Pick<OrgidAuth, 'status'>,
  { now, happenings, usable }: Pick<AuthInternals, 'now' | 'happenings' | 'usable'>,
): StatusReport {
  const { partners, keys } = auth.status()
  const entries = usable()
  return {
    now: now(),
    partners: partners.map((partner) => ({
      ...partner,
      lives: entries
        .filter(({ request }) => request.partner === partner.name)
        .slice(0, mostLives)
        .map(lifeOf),
      lastRefusal: refusalOf(partner),
    })),
    keys,
    rates: happenings.rates(),
  }
}

function lifeOf(entry: CacheEntry): TokenLife {
  const { audience, keyId, scope } = mintedForOf(entry)
  const { token } = entry
  const issuedAt = startsAtOf(token)
  const expiresAt = endsAtOf(token)
  return { audience, keyId, scope, issuedAt, freshUntil: token.freshUntil, expiresAt }
}

function refusalOf(partner: PartnerStatus): Refusal | undefined {
  const { lastRefusal: last } = partner
  return last && { ...last, remedy: last.acceptedSince ? undefined : remedyFor(partner, last) }
}

function remedyFor({ fallback, clockOffset }: PartnerStatus, { keyId }: LastRefusal): string {
  if (fallback !== undefined) {
    return `It does not know #${fallback.from} yet, which it may take up to 30 days to learn. Calls go on with #${fallback.to}: keep that key until then.`
  }
  if (clockOffset !== 0) {
    return 'Its clock differs from ours, and tokens are minted by its clock since. Set the clocks by NTP.'
  }
  return `Run orgid-bearer check --org-json with your published ORG.JSON: it tells whether #${keyId} is registered, and the DID right.`
}
