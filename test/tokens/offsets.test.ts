import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createClockOffsets } from '../../src/tokens/offsets.js'

const start = 1_800_000_000
const yes = () => true

function setUp() {
  let now = start
  const offsets = createClockOffsets({ now: () => now, monotonic: () => 0 })
  return {
    offsets,
    pass: (seconds: number) => {
      now += seconds
    },
    /** An answer of a clock that is `ahead`, after a round trip of so many seconds. */
    answer: (ahead: number, { trip = 0, age = null as string | null } = {}) => {
      const sentAt = now
      const date = new Date((now + trip / 2 + ahead) * 1_000).toUTCString()
      now += trip
      return { sentAt, date, age }
    },
  }
}

describe('clock offsets', () => {
  it('are none until learnt', () => {
    expect(setUp().offsets.of('hotels')).toBeUndefined()
  })

  it.each([300, -300, 90, -90, 7_200, -43_200])('of %i seconds are learnt', (ahead) => {
    const { offsets, answer } = setUp()
    expect(offsets.learn('hotels', answer(ahead), yes)).toBe(true)
    expect(offsets.of('hotels')?.offset ?? 0).toBe(ahead)
  })

  it('are of one partner, and nobody else’s', () => {
    const { offsets, answer } = setUp()
    offsets.learn('hotels', answer(300), yes)
    expect(offsets.of('air')?.offset ?? 0).toBe(0)
  })

  it('are wrong by no more than is said, a second and half the time that the answer took', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -50_000, max: 50_000, noNaN: true }),
        fc.double({ min: 0, max: 60, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (ahead, trip, fraction) => {
          const { offsets, answer, pass } = setUp()
          pass(fraction)
          offsets.learn('hotels', answer(ahead, { trip }), yes)
          const { offset, doubt } = offsets.of('hotels') ?? { offset: 0, doubt: 2 + trip }
          expect(Math.abs(offset - ahead)).toBeLessThanOrEqual(doubt)
        },
      ),
    )
  })

  it('are no news when they are what is known, so that tokens are not dropped again', () => {
    const { offsets, answer, pass } = setUp()
    expect(offsets.learn('hotels', answer(300), yes)).toBe(true)
    pass(0.4)
    expect(offsets.learn('hotels', answer(300.6), yes)).toBe(false)
    expect(offsets.of('hotels')?.offset ?? 0).toBe(300)
    expect(offsets.learn('air', answer(0), yes)).toBe(false)
  })

  it('stay as they are where no change is allowed', () => {
    const { offsets, answer } = setUp()
    offsets.learn('hotels', answer(300), yes)
    expect(offsets.learn('hotels', answer(600), () => false)).toBe(false)
    expect(offsets.of('hotels')?.offset ?? 0).toBe(300)
  })

  it('below what an answer can tell are none', () => {
    const { offsets, answer } = setUp()
    expect(offsets.learn('hotels', answer(3, { trip: 10 }), yes)).toBe(false)
    expect(offsets.of('hotels')?.offset ?? 0).toBe(0)
  })

  it('are forgotten after an hour, unless they are learnt again', () => {
    const { offsets, answer, pass } = setUp()
    offsets.learn('hotels', answer(300), yes)
    pass(3_000)
    expect(offsets.of('hotels')?.offset ?? 0).toBe(300)
    offsets.learn('hotels', answer(300), yes)
    pass(3_000)
    expect(offsets.of('hotels')?.offset ?? 0).toBe(300)
    pass(601)
    expect(offsets.of('hotels')?.offset ?? 0).toBe(0)
  })

  it('are forgotten when our own clock is set back', () => {
    const { offsets, answer, pass } = setUp()
    offsets.learn('hotels', answer(300), yes)
    pass(-10)
    expect(offsets.of('hotels')?.offset ?? 0).toBe(0)
  })

  it('are unlearnt when the partner’s clock is right again', () => {
    const { offsets, answer } = setUp()
    offsets.learn('hotels', answer(300), yes)
    expect(offsets.learn('hotels', answer(0), yes)).toBe(true)
    expect(offsets.of('hotels')?.offset ?? 0).toBe(0)
  })

  it.each([
    ['no date', { date: null }],
    ['a date that is none', { date: 'yesterday' }],
    ['an Age, which is an answer out of a cache', { age: '0' }],
    [
      'a clock that is wrong by more than 14 hours',
      { date: new Date((start + 50_401) * 1_000).toUTCString() },
    ],
    ['a clock of another year', { date: 'Tue, 15 Nov 1994 08:12:31 GMT' }],
    ['an answer that took more than a minute', { sentAt: start - 61 }],
    ['an answer from before the request', { sentAt: start + 1 }],
  ])('are not learnt from %s', (_, evidence) => {
    const { offsets, answer } = setUp()
    expect(offsets.learn('hotels', { ...answer(300), ...evidence }, yes)).toBe(false)
    expect(offsets.of('hotels')?.offset ?? 0).toBe(0)
  })
})
