import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDuration } from '../src/duration.js'
import { OrgidAuthError } from '../src/errors.js'

function refusal(input: unknown, where?: string): OrgidAuthError {
  try {
    parseDuration(input, where)
  } catch (error) {
    if (error instanceof OrgidAuthError) return error
    throw error
  }
  throw new Error('expected a refusal')
}

const hundredYears = 3_155_760_000

const noDurations: readonly unknown[] = [
  0,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  hundredYears + 1,
  '101 years',
  '0',
  '0 hours',
  '0.1s',
  '-5 minutes',
  '+5 minutes',
  '',
  '   ',
  'minutes',
  '1 month',
  '1 fortnight',
  '1 hour 30 minutes',
  '1h30m',
  '1e3',
  '0x10',
  '1_000',
  '1,5 hours',
  '.5 hours',
  '5. hours',
  '1 hour\u0000',
  '１ hour',
  '9'.repeat(400),
  null,
  undefined,
  true,
  60n,
  [60],
  { seconds: 60 },
  new Date(0),
]

describe('parseDuration', () => {
  it.each<[number | string, number]>([
    // the durations of the protocol's own document and of its users
    ['1 year', 31_557_600],
    ['12hr', 43_200],
    ['24 weeks', 14_515_200],
    ['24h', 86_400],
    ['10 minutes', 600],
    // every unit, in each of its spellings
    ['1s', 1],
    ['1 sec', 1],
    ['2 secs', 2],
    ['1 second', 1],
    ['2 seconds', 2],
    ['1m', 60],
    ['1 min', 60],
    ['2 mins', 120],
    ['1 minute', 60],
    ['1h', 3_600],
    ['1 hr', 3_600],
    ['2 hrs', 7_200],
    ['1 hour', 3_600],
    ['2 hours', 7_200],
    ['1d', 86_400],
    ['1 day', 86_400],
    ['2 days', 172_800],
    ['1w', 604_800],
    ['1 week', 604_800],
    ['1y', 31_557_600],
    ['1 yr', 31_557_600],
    ['2 yrs', 63_115_200],
    ['2 years', 63_115_200],
    // bare numbers are seconds, as text too: environment variables are text
    [90, 90],
    ['90', 90],
    [1, 1],
    [hundredYears, hundredYears],
    // case, white space, fractions that come to whole seconds
    ['1 HOUR', 3_600],
    [' 10  minutes ', 600],
    ['0.5 hours', 1_800],
    ['0.1 hours', 360],
    ['1.5m', 90],
    ['90.0', 90],
  ])('reads %j as %i seconds', (input, seconds) => {
    expect(parseDuration(input)).toBe(seconds)
  })

  it.each(noDurations.map((input) => [inspect(input).slice(0, 40), input] as const))(
    'refuses %s',
    (_, input) => {
      const error = refusal(input, 'partners[0].lifetime')
      expect(error.code).toBe('ERR_INVALID_DURATION')
      expect(error.message).toMatch(/^partners\[0\]\.lifetime: expected whole seconds/)
      expect(error.message).toMatch(/'10 minutes', '12hr' or '1 year'/)
    },
  )

  it('names the option "lifetime" when it is told no other', () => {
    expect(refusal('soon').message).toMatch(/^lifetime: /)
  })

  it('reads n of a unit as n times that unit, for every n', () => {
    const unit = fc.constantFrom<[string, number]>(
      ['s', 1],
      ['m', 60],
      ['h', 3_600],
      ['d', 86_400],
      ['w', 604_800],
      ['y', 31_557_600],
    )
    fc.assert(
      fc.property(unit, fc.integer({ min: 1, max: 100 }), ([name, seconds], amount) => {
        expect(parseDuration(`${amount} ${name}`)).toBe(amount * seconds)
      }),
    )
  })

  it('reads seconds, minutes, hours and days with up to three decimals without a rounding error', () => {
    const unit = fc.constantFrom<[string, bigint]>(
      ['s', 1n],
      ['m', 60n],
      ['h', 3_600n],
      ['d', 86_400n],
    )
    fc.assert(
      fc.property(unit, fc.integer({ min: 1, max: 9_999_999 }), ([name, seconds], thousandths) => {
        const exact = BigInt(thousandths) * seconds
        const text = `${(thousandths / 1_000).toFixed(3)} ${name}`
        if (exact % 1_000n === 0n) expect(parseDuration(text)).toBe(Number(exact / 1_000n))
        else expect(refusal(text).code).toBe('ERR_INVALID_DURATION')
      }),
    )
  })

  it('gives whole seconds from 1 to a hundred years or a typed error, whatever comes', () => {
    const texts = fc.string({ unit: fc.constantFrom(...'0123456789.smhdwy -+e') })
    fc.assert(
      fc.property(fc.oneof(texts, fc.double(), fc.anything()), (input) => {
        let seconds: number
        try {
          seconds = parseDuration(input)
        } catch (error) {
          expect((error as OrgidAuthError).code).toBe('ERR_INVALID_DURATION')
          return
        }
        expect(Number.isInteger(seconds)).toBe(true)
        expect(seconds).toBeGreaterThanOrEqual(1)
        expect(seconds).toBeLessThanOrEqual(hundredYears)
      }),
    )
  })

  it('does not repeat a text that it refuses, which may be a secret in the wrong variable', () => {
    fc.assert(
      fc.property(fc.base64String({ minLength: 16 }), (text) => {
        expect(refusal(`x${text}`).message).not.toContain(text)
      }),
    )
  })
})
