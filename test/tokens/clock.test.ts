import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type SystemClock, systemClock } from '../../src/tokens/clock.js'

const always = {
  from: Number.NEGATIVE_INFINITY,
  until: Number.POSITIVE_INFINITY,
  deadline: Number.POSITIVE_INFINITY,
}

let wall = 0
let steady = 0

beforeEach(() => {
  wall = 1_800_000_000_500
  steady = 5_000
  vi.spyOn(Date, 'now').mockImplementation(() => wall)
  vi.spyOn(performance, 'now').mockImplementation(() => steady)
})

afterEach(() => {
  vi.restoreAllMocks()
})

describe.each([
  ['of the system', () => systemClock()],
  ['that was given', () => systemClock(() => wall / 1_000)],
] as const)('a clock %s', (_, make: () => SystemClock) => {
  it('is within a stretch from its beginning on, and not at its end', () => {
    const clock = make()
    expect(clock.isWithin(always)).toBe(true)
    expect(clock.isWithin({ ...always, from: 1_800_000_000.5 })).toBe(true)
    expect(clock.isWithin({ ...always, from: 1_800_000_000.501 })).toBe(false)
    expect(clock.isWithin({ ...always, until: 1_800_000_000.501 })).toBe(true)
    expect(clock.isWithin({ ...always, until: 1_800_000_000.5 })).toBe(false)
    expect(clock.isWithin({ ...always, deadline: 5.001 })).toBe(true)
    expect(clock.isWithin({ ...always, deadline: 5 })).toBe(false)
  })

  it('sees time pass while wall time is set back', () => {
    const clock = make()
    const stretch = { from: 1_700_000_000, until: 1_900_000_000, deadline: 9 }
    expect(clock.isWithin(stretch)).toBe(true)
    wall -= 3_000
    steady = 9_000
    expect(clock.isWithin(stretch)).toBe(false)
  })
})

it('of two clocks of the system the second is read once a millisecond', () => {
  const clock = systemClock()
  const { calls } = vi.mocked(performance.now).mock
  for (let call = 0; call < 3; call += 1) clock.isWithin(always)
  expect(calls).toHaveLength(1)
  wall += 1
  for (let call = 0; call < 3; call += 1) clock.isWithin(always)
  expect(calls).toHaveLength(2)
})
