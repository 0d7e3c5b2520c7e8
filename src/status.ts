import type { OrgidAuthStatus } from './interface.js'
import type { KeyNames } from './partners/key-names.js'
import type { Partner } from './partners/partner.js'
import type { TokenCache } from './tokens/cache.js'
import { type CacheEntry, endsAtOf } from './tokens/entry.js'
import type { Fallbacks } from './tokens/fallback.js'
import type { Happenings } from './tokens/happenings.js'
import type { Keyring } from './tokens/keyring.js'
import type { ClockOffsets } from './tokens/offsets.js'

/** What a status is read from. @internal */
export interface StatusSources {
  readonly partners: readonly Partner[]
  readonly keyring: Keyring
  readonly names: KeyNames
  readonly fallbacks: Fallbacks
  readonly cache: TokenCache
  readonly offsets: ClockOffsets
  readonly happenings: Pick<Happenings, 'lastError' | 'lastRefusal'>
}

/** Where things stand at a moment, in epoch seconds. @internal */
export function statusAt(now: number, sources: StatusSources): OrgidAuthStatus {
  const { partners, keyring, names, fallbacks, cache, offsets, happenings } = sources
  const activeId = activeKeyId(keyring, now)
  const usable = new Map<string, CacheEntry[]>()
  for (const entry of cache.usable()) {
    const others = usable.get(entry.request.partner)
    if (others === undefined) usable.set(entry.request.partner, [entry])
    else others.push(entry)
  }
  return {
    partners: partners.map((partner) => {
      const { name, did } = partner
      const fallback = activeId === undefined ? undefined : fallbacks.of(name)
      const keyId = fallback?.to ?? activeId
      const entries = usable.get(name) ?? []
      return {
        name,
        did,
        keyId: keyId && names.fragmentFor(partner, keyId),
        fallback: fallback && {
          ...fallback,
          from: names.fragmentFor(partner, fallback.from),
          to: names.fragmentFor(partner, fallback.to),
        },
        tokens: new Set(entries.map(({ token }) => token)).size,
        earliestExpiry: least(entries.map(({ token }) => endsAtOf(token))),
        nextRefresh: least(entries.map(({ token }) => token.freshUntil)),
        clockOffset: offsets.of(name)?.offset ?? 0,
        lastError: happenings.lastError(name),
        lastRefusal: happenings.lastRefusal(name),
      }
    }),
    keys: keyring.list().map(({ id, activeFrom }) => ({
      id,
      active: id === activeId,
      activeFrom: Number.isFinite(activeFrom) ? activeFrom : undefined,
    })),
  }
}

function activeKeyId(keyring: Keyring, now: number): string | undefined {
  try {
    return keyring.active(now).id
  } catch {
    return undefined
  }
}

function least(numbers: readonly number[]): number | undefined {
  return numbers.length === 0 ? undefined : Math.min(...numbers)
}
