import type { OrgidErrorCode } from './errors.js'
import type { OrgidAuthStatus } from './interface.js'
import type { Partner } from './partners/partner.js'
import type { TokenCache } from './tokens/cache.js'
import type { Keyring } from './tokens/keyring.js'
import type { ClockOffsets } from './tokens/offsets.js'

/** What a status is read from. @internal */
export interface StatusSources {
  readonly partners: readonly Partner[]
  readonly keyring: Keyring
  readonly cache: TokenCache
  readonly offsets: ClockOffsets
  readonly lastErrors: ReadonlyMap<string, { readonly code: OrgidErrorCode; readonly at: number }>
}

/** Where things stand at a moment, in epoch seconds. @internal */
export function statusAt(now: number, sources: StatusSources): OrgidAuthStatus {
  const { partners, keyring, cache, offsets, lastErrors } = sources
  const activeId = activeKeyId(keyring, now)
  const usable = cache.usable()
  return {
    partners: partners.map(({ name, did }) => {
      const entries = usable.filter(({ request }) => request.partner === name)
      return {
        name,
        did,
        keyId: activeId,
        tokens: entries.length,
        earliestExpiry: least(entries.map(({ endsAt }) => endsAt)),
        nextRefresh: least(entries.map(({ token }) => token.freshUntil)),
        clockOffset: offsets.of(name)?.offset ?? 0,
        lastError: lastErrors.get(name),
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
