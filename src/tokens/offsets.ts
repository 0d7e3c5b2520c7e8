import { publish } from '../events.js'
import type { Clock } from './clock.js'
import type { PartnerClock } from './token.js'

/** What an answer tells of its sender's clock. */
interface DatedAnswer {
  /** When the request was sent; epoch seconds of our clock. */
  readonly sentAt: number
  /** `Date` (RFC 9110 6.6.1). */
  readonly date: string | null | undefined
  /** `Age` (RFC 9111 5.1): the answer comes out of a cache, and its date is that of another. */
  readonly age: string | null | undefined
}

/** What is known of partners' clocks. @internal */
export interface ClockOffsets {
  /** Undefined until it is learnt that it differs from ours. */
  of(partner: string): PartnerClock | undefined
  /**
   * @param mayChange asked if the offset is to be another one.
   * @returns whether it is another one now.
   */
  learn(partner: string, answer: DatedAnswer, mayChange: () => boolean): boolean
  forget(partner: string): void
}

interface Learnt extends PartnerClock {
  readonly until: number
}

/** Seconds. Beyond that a clock is not wrong but broken, or lies; a wrong time zone is within. */
const largest = 14 * 3_600
/** Seconds until an offset must be learnt again: clocks are set right some day. */
const memory = 3_600
/** Seconds between sending and receiving beyond which an answer's date says too little. */
const longestTrip = 60

/**
 * Learns offsets from the answers that refuse a token. A partner tolerates no difference of
 * clocks, so its tokens are minted by its own.
 *
 * @internal
 */
export function createClockOffsets(clock: Clock): ClockOffsets {
  const learnt = new Map<string, Learnt>()

  const of = (partner: string): Learnt | undefined => {
    if (learnt.size === 0) return undefined
    const found = learnt.get(partner)
    if (found === undefined) return undefined
    // A clock set back must not make it last longer than it was meant to
    const left = found.until - clock.now()
    if (left > 0 && left <= memory) return found
    learnt.delete(partner)
    return undefined
  }

  const learn: ClockOffsets['learn'] = (partner, { sentAt, date, age }, mayChange) => {
    if (date == null || age != null) return false
    const receivedAt = clock.now()
    const trip = receivedAt - sentAt
    // `Date` has whole seconds, cut off: half a second more on average, so that rounding the half
    // down is what is nearest to it
    const theirs = Date.parse(date) / 1_000 + 0.5
    const measured = Math.ceil(theirs - (sentAt + receivedAt) / 2 - 0.5)
    if (!(Math.abs(measured) <= largest && trip >= 0 && trip <= longestTrip)) return false
    const before = of(partner)?.offset ?? 0
    const exactness = 1 + trip / 2
    const isNews = Math.abs(measured - before) > exactness
    if (isNews && !mayChange()) return false
    const offset = isNews ? measured : before
    if (Math.abs(offset) > exactness) {
      learnt.set(partner, { offset, doubt: exactness, until: receivedAt + memory })
    } else {
      learnt.delete(partner)
    }
    if (isNews) publish('orgid-bearer:skew', () => ({ partner, offset, previous: before }))
    return isNews
  }

  return { of, learn, forget: (partner) => void learnt.delete(partner) }
}
