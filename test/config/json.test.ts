import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../src/config/json.js'
import { isOrgidAuthError } from '../../src/errors.js'
import { refusal } from '../support.js'

const faultOf = (text: string) => refusal(() => parseJson(text, 'orgid.json'))

describe('JSON', () => {
  it('is parsed as JSON.parse does, also behind a byte order mark', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(`\uFEFF${text}`, 'orgid.json')).toEqual(JSON.parse(text))
      }),
    )
  })

  it.each([
    ['', 'line 1, column 1: expected a value, got the end of the text'],
    ['{"a":1,}', 'line 1, column 8: expected a name in quotes, got something else'],
    ['{a:1}', 'line 1, column 2: expected a name in quotes or }, got something else'],
    ["{'a':1}", 'line 1, column 2: expected a name in quotes or }, got something else'],
    ['{"a" 1}', 'line 1, column 6: expected a colon, got something else'],
    ['{\r\n  "a": [1 2]\r\n}', 'line 2, column 11: expected a comma or ], got something else'],
    ['{"a": {"b": 1}', 'line 1, column 15: expected a comma or }, got the end of the text'],
    ['{"a": [[], {}] "b": 1}', 'line 1, column 16: expected a comma or }, got something else'],
    ['[1,]', 'line 1, column 4: expected a value, got something else'],
    ['[', 'line 1, column 2: expected a value or ], got the end of the text'],
    ['[,]', 'line 1, column 2: expected a value or ], got something else'],
    ['{}\n{}', 'line 2, column 1: expected the end of the text, got something else'],
    ['01', 'line 1, column 2: expected the end of the text, got something else'],
    ['// issuer\n{}', 'line 1, column 1: expected a value, got something else'],
    ['{"a": "x\ny"}', 'line 1, column 7: expected a value, got something else'],
    ['{"a": "\\x"}', 'line 1, column 7: expected a value, got something else'],
    ['{"a": nul}', 'line 1, column 7: expected a value, got something else'],
    ['[true, false, null, -1.5e3, "\\u00e4\\n" x]', 'line 1, column 40: expected a comma or ]'],
  ])('that is none is told by line and column: %j', (text, message) => {
    expect(faultOf(text).code).toBe('ERR_CONFIG')
    expect(faultOf(text).message).toContain(`orgid.json: ${message}`)
  })

  it('that is none is never shown, and has no cause that shows it', () => {
    const { message, cause } = faultOf('{"key": "c0ffee" oops}')
    expect(message).not.toMatch(/c0ffee|oops/)
    expect(cause).toBeUndefined()
  })

  it('is told from every other text, at a place that lies in it', () => {
    const text = fc.array(
      fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '"a"', '1', '-', 'null', ' ', '\n', 'x'),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(text, (parts) => {
        const input = parts.join('')
        try {
          JSON.parse(input)
        } catch {
          const { message } = faultOf(input)
          const [, line = '', column = ''] = /line (\d+), column (\d+)/.exec(message) ?? []
          const lines = input.split('\n')
          expect(Number(line)).toBeLessThanOrEqual(lines.length)
          expect(Number(column)).toBeLessThanOrEqual((lines[Number(line) - 1] ?? '').length + 1)
          return
        }
        expect(() => parseJson(input, 'x')).not.toThrow()
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ['{"a":"', 'x', '"}'],
    ['{"a":"', '\\n', ''],
    ['{"a":"', '\\"', '\u0000'],
    ['["', '","', '"'],
  ])('of a megabyte is read to its fault: %j', (start, part, end) => {
    const repeated = part.repeat((1e6 - start.length - end.length) / part.length)
    const text = `${start}${repeated}${end}`
    try {
      JSON.parse(text)
    } catch {
      expect(faultOf(text).message).toMatch(/^orgid\.json: line 1, column \d+: expected/)
      return
    }
    expect(() => parseJson(text, 'orgid.json')).not.toThrow()
  })

  it('is read up to a size and to a depth that nobody needs, and the limit is told', () => {
    const longest = `"${'x'.repeat(1_000_000 - 2)}"`
    expect(parseJson(longest, 'orgid.json')).toHaveLength(1_000_000 - 2)
    expect(faultOf(`${longest} `).code).toBe('ERR_CONFIG')
    expect(faultOf(`${longest} `).message).toMatch(/: expected at most 1000000 characters, got 10/)
    const nested = (depth: number) => `${'['.repeat(depth)}"[["${']'.repeat(depth)}`
    expect(parseJson(nested(100), 'orgid.json')).toHaveLength(1)
    for (const depth of [101, 400_000]) {
      expect(faultOf(nested(depth)).code).toBe('ERR_CONFIG')
      expect(faultOf(nested(depth)).message).toMatch(/: expected at most 100 arrays and objects/)
    }
    // the second value hides the first one from whoever looks at the result
    expect(faultOf(`{"a":${nested(100)},"a":1}`).message).toMatch(/at most 100/)
    expect(parseJson(`[${`${nested(99)},`.repeat(9)}1]`, 'orgid.json')).toHaveLength(10)
  })

  it('is refused with an error of this library, however it is broken', () => {
    expect(isOrgidAuthError(faultOf('\u0000'))).toBe(true)
  })
})
