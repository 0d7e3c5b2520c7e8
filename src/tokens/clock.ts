/**
 * The two clocks a token's life is measured with, both in seconds.
 *
 * Wall time decides what stands in `iat` and `exp`, and sees a suspended process wake up; the
 * monotonic one sees time pass while wall time is set back. A token is served only while both
 * agree that it lives.
 *
 * @internal
 */
export interface Clock {
  /** Epoch seconds, with fraction. */
  now(): number
  /** Seconds since some fixed moment; never goes back. */
  monotonic(): number
}

/** @internal */
export function systemClock(now: () => number = () => Date.now() / 1_000): Clock {
  return { now, monotonic: () => performance.now() / 1_000 }
}
