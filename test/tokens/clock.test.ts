import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/tokens/clock.js'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a moment', () => {
  it('is read once a millisecond from both clocks of the system', () => {
    const wall = vi.spyOn(Date, 'now').mockReturnValue(1_800_000_000_001)
    const monotonic = vi.spyOn(performance, 'now').mockReturnValue(5_000)
    const clock = systemClock()
    const moment = clock.moment()
    expect(moment).toEqual({ now: 1_800_000_000.001, monotonic: 5 })
    monotonic.mockReturnValue(5_001)
    expect(clock.moment()).toBe(moment)
    wall.mockReturnValue(1_800_000_000_002)
    expect(clock.moment()).toEqual({ now: 1_800_000_000.002, monotonic: 5.001 })
    // set back
    wall.mockReturnValue(1_799_999_999_000)
    monotonic.mockReturnValue(5_500)
    expect(clock.moment()).toEqual({ now: 1_799_999_999, monotonic: 5.5 })
  })

  it('is read each time from a clock that was given', () => {
    const monotonic = vi.spyOn(performance, 'now').mockReturnValue(5_000)
    const clock = systemClock(() => 1_800_000_000)
    expect(clock.moment()).toEqual({ now: 1_800_000_000, monotonic: 5 })
    monotonic.mockReturnValue(9_000)
    expect(clock.moment()).toEqual({ now: 1_800_000_000, monotonic: 9 })
  })
})
