import type { Clock } from './clock.js'

/** How often things happened in a stretch of time. */
export interface Rates {
  /** Seconds. */
  readonly seconds: number
  /** Tokens signed. */
  readonly mints: number
  /** 401s to tokens of ours. */
  readonly unauthorized: number
}

/** A 401 to a token of ours. @internal */
export interface LastRefusal {
  /** Epoch seconds. */
  readonly at: number
  readonly keyId: string
}

/** What has happened lately, in numbers. @internal */
export interface Happenings {
  minted(): void
  refused(partner: string, keyId: string): void
  lastRefusal(partner: string): LastRefusal | undefined
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
  unauthorized: number
}

/** @internal */
export function createHappenings(clock: Clock): Happenings {
  const startedAt = clock.monotonic()
  const lastRefusals = new Map<string, LastRefusal>()
  let buckets: Bucket[] = []

  const bucket = (): Bucket => {
    const slot = Math.floor(clock.monotonic() / width)
    const last = buckets.at(-1)
    if (last?.slot === slot) return last
    buckets = buckets.filter((one) => one.slot > slot - hour / width)
    const next = { slot, mints: 0, unauthorized: 0 }
    buckets.push(next)
    return next
  }
  const total = (name: 'mints' | 'unauthorized') => buckets.reduce((sum, one) => sum + one[name], 0)

  return {
    minted: () => {
      bucket().mints += 1
    },
    refused: (partner, keyId) => {
      bucket().unauthorized += 1
      lastRefusals.set(partner, { at: clock.now(), keyId })
    },
    lastRefusal: (partner) => lastRefusals.get(partner),
    forget: (partner) => void lastRefusals.delete(partner),
    rates: () => {
      bucket()
      const seconds = Math.min(hour, clock.monotonic() - startedAt)
      return { seconds, mints: total('mints'), unauthorized: total('unauthorized') }
    },
  }
}
