import type { OrgidErrorCode } from '../errors.js'
import type { Clock } from './clock.js'

/** How often things happened in a stretch of time. */
export interface Rates {
  /** Seconds. */
  readonly seconds: number
  /** Tokens signed. */
  readonly mints: number
  /** Replacements that were begun: behind traffic, forced by a call, or after a 401. */
  readonly refreshes: number
  /** 401s to tokens of ours. */
  readonly unauthorized: number
}

/** A 401 to a token of ours. */
export interface LastRefusal {
  /** Epoch seconds. */
  readonly at: number
  /** The key of the token. */
  readonly keyId: string
  /** Whether a token was accepted later. */
  readonly acceptedSince: boolean
}

/** A mint that failed. */
export interface LastError {
  readonly code: OrgidErrorCode
  /** Epoch seconds. */
  readonly at: number
}

/** What has happened lately, in numbers. @internal */
export interface Happenings {
  minted(partner: string): void
  refreshing(): void
  failed(partner: string, error: LastError): void
  /** The last failed mint, until one succeeds. */
  lastError(partner: string): LastError | undefined
  refused(partner: string, keyId: string): void
  accepted(partner: string): void
  lastRefusal(partner: string): LastRefusal | undefined
  /** Whether a refusal is the last that is known of any partner. */
  isAnyRefusing(): boolean
  forget(partner: string): void
  /** Of the last hour or, if that is shorter, since the start. */
  rates(): Rates
}

const hour = 3_600
/** Seconds that are counted together. */
const width = 300

interface Bucket {
  /** Monotonic seconds, in widths. */
  readonly slot: number
  mints: number
  refreshes: number
  unauthorized: number
}

/** @internal */
export function createHappenings(clock: Clock): Happenings {
  const startedAt = clock.monotonic()
  const lastErrors = new Map<string, LastError>()
  const lastRefusals = new Map<string, LastRefusal>()
  const refusing = new Set<string>()
  let buckets: Bucket[] = []

  const bucket = (): Bucket => {
    const slot = Math.floor(clock.monotonic() / width)
    const last = buckets.at(-1)
    if (last?.slot === slot) return last
    buckets = buckets.filter((one) => one.slot > slot - hour / width)
    const next = { slot, mints: 0, refreshes: 0, unauthorized: 0 }
    buckets.push(next)
    return next
  }
  const total = (name: 'mints' | 'refreshes' | 'unauthorized') =>
    buckets.reduce((sum, one) => sum + one[name], 0)

  return {
    minted: (partner) => {
      bucket().mints += 1
      if (lastErrors.size > 0) lastErrors.delete(partner)
    },
    refreshing: () => {
      bucket().refreshes += 1
    },
    failed: (partner, error) => void lastErrors.set(partner, error),
    lastError: (partner) => lastErrors.get(partner),
    refused: (partner, keyId) => {
      bucket().unauthorized += 1
      lastRefusals.set(partner, { at: clock.now(), keyId, acceptedSince: false })
      refusing.add(partner)
    },
    accepted: (partner) => {
      const last = lastRefusals.get(partner)
      if (!refusing.delete(partner) || last === undefined) return
      lastRefusals.set(partner, { ...last, acceptedSince: true })
    },
    lastRefusal: (partner) => lastRefusals.get(partner),
    isAnyRefusing: () => refusing.size > 0,
    forget: (partner) => {
      for (const known of [lastErrors, lastRefusals, refusing]) known.delete(partner)
    },
    rates: () => {
      bucket()
      const seconds = Math.min(hour, clock.monotonic() - startedAt)
      return {
        seconds,
        mints: total('mints'),
        refreshes: total('refreshes'),
        unauthorized: total('unauthorized'),
      }
    },
  }
}
