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

/** One moment, on both clocks. @internal */
export interface Moment {
  readonly now: number
  readonly monotonic: number
}

/** A stretch of time, on both clocks. @internal */
export interface Stretch {
  /** Epoch seconds. */
  readonly from: number
  readonly until: number
  /** Seconds, monotonic. */
  readonly deadline: number
}

/** @internal */
export interface SystemClock extends Clock {
  /** Whether it is the time, exact to a millisecond. */
  isWithin(stretch: Stretch): boolean
}

/** @internal */
export function systemClock(now?: () => number): SystemClock {
  const monotonic = () => performance.now() / 1_000
  const isIn = ({ from, until, deadline }: Stretch, wall: number, steady: number) =>
    wall >= from && wall < until && steady < deadline
  if (now !== undefined) {
    const given = () => epochSeconds(now(), 'now')
    return { now: given, monotonic, isWithin: (stretch) => isIn(stretch, given(), monotonic()) }
  }
  // A clock takes as long to read as all the rest of a call whose token is cached. In a busy process
  // many calls share a millisecond, and the second clock is read once for all of them. An array of
  // doubles, since V8 puts a double that is a variable into an object of its own
  const latest = new Float64Array([Number.NaN, Number.NaN])
  const isWithin = (stretch: Stretch): boolean => {
    const milliseconds = Date.now()
    if (milliseconds !== latest[0]) {
      latest[0] = milliseconds
      latest[1] = monotonic()
    }
    return isIn(stretch, milliseconds / 1_000, latest[1] as number)
  }
  return { now: () => Date.now() / 1_000, monotonic, isWithin }
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
