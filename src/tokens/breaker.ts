import type { Clock } from './clock.js'

/** Tells whether a store is to be asked, from how it has answered. @internal */
export interface Breaker {
  /** @param isAwaited a call waits for the answer. */
  allows(isAwaited: boolean): boolean
  succeeded(): void
  failed(): void
}

/** Failures in a row: fewer are a coincidence. */
const patience = 3
/** Seconds that the first pause lasts at most, and any of them. */
const firstPause = 1
const longestPause = 60

/**
 * After some failures in a row a store is left alone, for a while that doubles with each further
 * one. Then it is tried with one question that no call waits for: an outage costs the calls at its
 * beginning some time, and none after that.
 *
 * @internal
 */
export function createBreaker(options: {
  readonly clock: Pick<Clock, 'monotonic'>
  /** Uniform in [0, 1). */
  readonly random: () => number
}): Breaker {
  const { clock, random } = options
  let failures = 0
  let pausedUntil = Number.NEGATIVE_INFINITY
  let isProbing = false

  return {
    allows(isAwaited) {
      if (failures < patience) return true
      if (isAwaited || isProbing || clock.monotonic() < pausedUntil) return false
      isProbing = true
      return true
    },
    succeeded() {
      failures = 0
      isProbing = false
    },
    failed() {
      // Of many questions asked before the pause began, the later ones' failures say nothing new
      if (failures >= patience && !isProbing) return
      isProbing = false
      failures += 1
      if (failures < patience) return
      const pause = Math.min(longestPause, firstPause * 2 ** (failures - patience))
      pausedUntil = clock.monotonic() + pause * (0.5 + random() / 2)
    },
  }
}
