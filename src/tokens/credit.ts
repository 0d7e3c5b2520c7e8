import { LRUCache } from 'lru-cache'
import type { Clock } from './clock.js'

/**
 * How many refused tokens may be replaced. One that refuses everything, or every second call, must
 * not drive a mint with each.
 *
 * @internal
 */
export interface Credit {
  /** Whether one more may be replaced now. */
  has(key: string): boolean
  /** The same, and if so, it is counted. */
  take(key: string): boolean
  /** Takes all credit away for a while: the replacement was refused as well. */
  exhaust(key: string): void
}

/** Seconds of credit that one replacement costs, and that are there at most: ten at a stretch. */
const cost = 6
const most = 60
/** Seconds without any, once a replacement was refused. */
const coolDown = 60

/** @internal */
export function createCredit(clock: Clock, max: number): Credit {
  // The moment at which a key will have all of its credit back (a generic cell rate algorithm)
  const full = new LRUCache<string, number>({ max })

  const fullAt = (key: string, now: number): number => {
    const at = full.get(key) ?? now
    // Further away than it can have been set: the clock was set back
    return at > now + most + coolDown ? now : Math.max(at, now)
  }
  const afterOne = (key: string): number | undefined => {
    const now = clock.now()
    const at = fullAt(key, now) + cost
    return at > now + most ? undefined : at
  }

  return {
    has: (key) => afterOne(key) !== undefined,
    take(key) {
      const at = afterOne(key)
      if (at !== undefined) full.set(key, at)
      return at !== undefined
    },
    exhaust(key) {
      full.set(key, clock.now() + most + coolDown - cost)
    },
  }
}
