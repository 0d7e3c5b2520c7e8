import { OrgidAuthError } from '../errors.js'

/** More than any configuration or ORG.JSON has, in characters. @internal */
export const maxJsonLength = 1_000_000
/** Of arrays and objects in each other: what reads a text may call itself for each of them. */
const maxDepth = 100

/**
 * Parses JSON. What is wrong is told by line and column, and never shown: V8's own message quotes
 * the text, in which there may be a key in the wrong place.
 *
 * @throws OrgidAuthError `ERR_CONFIG`, also for more text, or deeper, than anybody has.
 * @internal
 */
export function parseJson(input: string, where: string): unknown {
  const text = input.replace(/^\uFEFF/, '')
  if (text.length > maxJsonLength) {
    throw broken(where, `expected at most ${maxJsonLength} characters, got ${text.length}`)
  }
  const value = parse(text, where)
  if (depthOf(text) <= maxDepth) return value
  throw broken(where, `expected at most ${maxDepth} arrays and objects in each other, got more`)
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const { at, expected } = findFault(text)
    const before = text.slice(0, at).split('\n')
    const column = (before.at(-1) as string).length + 1
    const got = at >= text.length ? 'the end of the text' : 'something else'
    throw broken(
      where,
      `line ${before.length}, column ${column}: expected ${expected}, got ${got}. JSON has double quotes only, no comments, and no comma after the last item`,
    )
  }
}

function broken(where: string, why: string): OrgidAuthError {
  return new OrgidAuthError('ERR_CONFIG', `${where}: ${why}`)
}

/** Of a text that is known to be JSON; that of its value is less where a name comes twice. */
function depthOf(text: string): number {
  let [depth, deepest] = [0, 0]
  for (const [mark] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/g)) {
    if (mark === '{' || mark === '[') depth += 1
    else if (mark === '}' || mark === ']') depth -= 1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

const blank = /[ \t\n\r]*/y
// RFC 8259, 6 and 7
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them, and so must this
const string = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y
const scalar = new RegExp(
  `${string.source}|-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d+)?|true|false|null`,
  'y',
)

/** What may come next. */
type Expected =
  | 'a value'
  | 'a value or ]'
  | 'a name in quotes'
  | 'a name in quotes or }'
  | 'a colon'
  | 'a comma or }'
  | 'a comma or ]'
  | 'the end of the text'

/** Where a text that JSON.parse refuses stops being JSON (RFC 8259, 2), and what belongs there. */
function findFault(text: string): { at: number; expected: Expected } {
  const open: string[] = []
  let at = 0
  let expected: Expected = 'a value'

  const takes = (pattern: RegExp): boolean => {
    pattern.lastIndex = at
    const found = pattern.test(text)
    if (found) at = pattern.lastIndex
    return found
  }
  const takesMark = (marks: string): string | undefined => {
    const mark = text[at]
    if (mark === undefined || !marks.includes(mark)) return undefined
    at += 1
    return mark
  }
  const afterValue = (): Expected => {
    const top = open.at(-1)
    if (top === undefined) return 'the end of the text'
    return top === '{' ? 'a comma or }' : 'a comma or ]'
  }
  const afterClosing = (): Expected => {
    open.pop()
    return afterValue()
  }

  const step = (): Expected | undefined => {
    if (expected === 'a colon') return takesMark(':') === undefined ? undefined : 'a value'
    if (expected === 'a comma or }' || expected === 'a comma or ]') {
      const mark = takesMark(`,${expected.slice(-1)}`)
      if (mark !== ',') return mark === undefined ? undefined : afterClosing()
      return expected === 'a comma or }' ? 'a name in quotes' : 'a value'
    }
    if (expected === 'a name in quotes' || expected === 'a name in quotes or }') {
      if (takes(string)) return 'a colon'
      return expected === 'a name in quotes or }' && takesMark('}') ? afterClosing() : undefined
    }
    if (expected === 'the end of the text') return undefined
    if (expected === 'a value or ]' && takesMark(']')) return afterClosing()
    if (takes(scalar)) return afterValue()
    const opened = takesMark('{[')
    if (opened === undefined) return undefined
    open.push(opened)
    return opened === '{' ? 'a name in quotes or }' : 'a value or ]'
  }

  for (;;) {
    takes(blank)
    const next = step()
    if (next === undefined) return { at, expected }
    expected = next
  }
}
