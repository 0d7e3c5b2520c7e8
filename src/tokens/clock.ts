import { describe } from '../errors.js'
import { invalidOption } from '../options.js'

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
export function systemClock(now?: () => number): Clock {
  const monotonic = () => performance.now() / 1_000
  return now === undefined
    ? { now: () => Date.now() / 1_000, monotonic }
    : { now: () => epochSeconds(now(), 'now'), monotonic }
}

/**
 * A moment in epoch seconds. Beyond 1e11, in the year 5138, it is surely in milliseconds.
 *
 * @throws OrgidAuthError `ERR_INVALID_OPTION`
 * @internal
 */
export function epochSeconds(value: unknown, where: string): number {
  if (typeof value === 'number' && Math.abs(value) < 1e11) return value
  const remedy = typeof value === 'number' && value >= 1e11 ? 'Divide milliseconds by 1000' : ''
  throw invalidOption(where, 'epoch seconds', describe(value), remedy)
}
