import { describe, expect, it } from 'vitest'
import { describeToken } from '../../src/cli/token-words.js'
import { moment, relative, span } from '../../src/words.js'

const token = (claims: Record<string, unknown>) =>
  Object.fromEntries(
    describeToken({ header: {}, claims, signingInput: '', signature: new Uint8Array() }, 1_000),
  )

describe('times in words', () => {
  it.each([
    [1, '1 second'],
    [90, '1.5 minutes'],
    [3_600, '1 hour'],
    [86_400 * 3, '3 days'],
    [31_557_600, '1 year'],
    [0.2, '0.2 seconds'],
  ])('%i s are %s', (seconds, words) => {
    expect(span(seconds)).toBe(words)
  })

  it.each([
    [1_000, 'now'],
    [1_060, 'in 1 minute'],
    [970, '30 seconds ago'],
  ])('%i is %s', (seconds, words) => {
    expect(relative(seconds, 1_000)).toBe(words)
  })

  it('knows moments that no date can say', () => {
    expect(moment(0)).toBe('1970-01-01 00:00:00 UTC')
    expect(moment(1e20)).toMatch(/beyond/)
  })
})

describe('a token in words', () => {
  it.each([
    ['exp', 'expires', undefined, /^missing$/],
    ['exp', 'expires', '5', /^5, which is no number$/],
    ['exp', 'expires', 1_800_000_000_000, /milliseconds/],
    ['nbf', 'not before', 1_060, /in 1 minute$/],
    ['scope', 'scope', undefined, /^none$/],
    ['scope', 'scope', 'a b', /^a, b, separated by spaces$/],
    ['scope', 'scope', ['a', 'b'], /^a, b, as a JSON array$/],
    ['scope', 'scope', '["a"]', /^a, as a JSON array inside a string$/],
    ['scope', 'scope', '{}', /^\{\}, separated by spaces$/],
    ['scope', 'scope', 7, /^7$/],
    ['aud', 'audience', ['a', 'b'], /^\["a","b"\]$/],
    ['iss', 'issuer', undefined, /^missing$/],
  ])('says of %s as %s what it means: %j', (claim, name, value, words) => {
    expect(token({ [claim]: value })[name]).toMatch(words)
  })
})
