import { describe, expect, it } from 'vitest'
import { createBreaker } from '../../src/tokens/breaker.js'

function setUp(random = 0) {
  let now = 0
  const breaker = createBreaker({ clock: { monotonic: () => now }, random: () => random })
  const fail = (times: number) => {
    for (let time = 0; time < times; time += 1) breaker.failed()
  }
  return {
    ...breaker,
    fail,
    pass: (seconds: number) => {
      now += seconds
    },
    /** The seconds, in steps of a hundredth, until a question is allowed that nobody waits for. */
    pause: () => {
      let passed = 0
      while (!breaker.allows(false)) {
        now += 0.01
        passed += 0.01
      }
      return passed
    },
  }
}

describe('a breaker', () => {
  it('lets all questions through after fewer than three failures in a row', () => {
    const breaker = setUp()
    breaker.fail(2)
    expect(breaker.allows(true)).toBe(true)
    breaker.succeeded()
    breaker.fail(2)
    expect([breaker.allows(true), breaker.allows(false)]).toEqual([true, true])
  })

  it('lets none through after three, and after a pause one that no call waits for', () => {
    const breaker = setUp()
    breaker.fail(3)
    expect([breaker.allows(true), breaker.allows(false)]).toEqual([false, false])
    breaker.pass(0.49)
    expect(breaker.allows(false)).toBe(false)
    breaker.pass(0.02)
    expect(breaker.allows(true)).toBe(false)
    expect([breaker.allows(false), breaker.allows(false)]).toEqual([true, false])
  })

  it('lets all through again once that one is answered', () => {
    const breaker = setUp()
    breaker.fail(3)
    breaker.pause()
    breaker.succeeded()
    expect([breaker.allows(true), breaker.allows(true)]).toEqual([true, true])
  })

  it('doubles the pause each time that fails as well, up to a minute', () => {
    const breaker = setUp()
    breaker.fail(3)
    const pauses = Array.from({ length: 9 }, () => {
      const pause = breaker.pause()
      breaker.failed()
      return Math.round(pause * 10) / 10
    })
    expect(pauses).toEqual([0.5, 1, 2, 4, 8, 16, 30, 30, 30])
  })

  it('draws each pause from half of it to all of it', () => {
    const breaker = setUp(0.999)
    breaker.fail(3)
    expect(breaker.pause()).toBeCloseTo(1, 1)
  })

  it('counts questions that were asked before the pause as one failure, however many', () => {
    const breaker = setUp()
    breaker.fail(1_000)
    expect(breaker.pause()).toBeCloseTo(0.5, 1)
  })
})
