import { describe, expect, it } from 'vitest'
import { createCredit } from '../../src/tokens/credit.js'

function setUp(max = 100) {
  let now = 1_800_000_000
  const credit = createCredit({ now: () => now, monotonic: () => 0 }, max)
  return {
    credit,
    pass: (seconds: number) => {
      now += seconds
    },
    /** How often it can be taken at once. */
    takeAll: (key: string) => {
      let taken = 0
      while (taken < 1_000 && credit.take(key)) taken += 1
      return taken
    },
  }
}

describe('credit', () => {
  it('is for ten replacements at a stretch, and one every six seconds from then on', () => {
    const { takeAll, pass } = setUp()
    expect(takeAll('key')).toBe(10)
    pass(5)
    expect(takeAll('key')).toBe(0)
    pass(1)
    expect(takeAll('key')).toBe(1)
    pass(3_600)
    expect(takeAll('key')).toBe(10)
  })

  it('can be looked at without being taken', () => {
    const { credit, takeAll } = setUp()
    for (let look = 0; look < 20; look += 1) expect(credit.has('key')).toBe(true)
    takeAll('key')
    expect(credit.has('key')).toBe(false)
  })

  it('is counted by key', () => {
    const { takeAll } = setUp()
    takeAll('key')
    expect(takeAll('other')).toBe(10)
  })

  it('is gone for a minute once it is exhausted', () => {
    const { credit, takeAll, pass } = setUp()
    credit.exhaust('key')
    pass(59)
    expect(takeAll('key')).toBe(0)
    pass(1)
    expect(takeAll('key')).toBe(1)
  })

  it('keeps one who always exhausts it to a replacement a minute', () => {
    const { credit, pass } = setUp()
    let taken = 0
    for (let second = 0; second < 600; second += 1) {
      if (credit.take('key')) {
        taken += 1
        credit.exhaust('key')
      }
      pass(1)
    }
    expect(taken).toBe(10)
  })

  it('does not stay away when the clock is set back', () => {
    const { credit, pass } = setUp()
    credit.exhaust('key')
    pass(-3_600)
    expect(credit.take('key')).toBe(true)
  })

  it('is remembered for so many keys', () => {
    const { credit } = setUp(2)
    for (const key of ['first', 'second', 'third']) credit.exhaust(key)
    expect(credit.take('third')).toBe(false)
    expect(credit.take('first')).toBe(true)
  })
})
