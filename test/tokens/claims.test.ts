import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOrgidAuthError } from '../../src/errors.js'
import {
  claimsSet,
  type MintRequest,
  mintRequest,
  readClaims,
  readScope,
  type ScopeFormat,
} from '../../src/tokens/claims.js'
import { refusal } from '../support.js'

const where = 'partners[0].claims'

const json = (value: unknown) => JSON.stringify(value)

type Parts = Omit<MintRequest, 'key'>

const parts: Parts = {
  partner: 'hotels',
  keyId: 'webserver',
  issuer: 'did:orgid:0xa#webserver',
  audience: 'did:orgid:0xb',
  lifetime: 3_600,
  scope: undefined,
  scopeFormat: 'json-string',
  claims: undefined,
  singleUse: false,
}

const hasControl = (value: string) =>
  [...value].some((character) => character < ' ' || character === '\u007f')

/** JSON values without control characters, which a claim may be. */
const text = fc.string().filter((value) => !hasControl(value))
const jsonValues = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    text,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  ),
}))
const claimNames = fc
  .oneof(text, fc.constantFrom('__proto__', 'constructor', 'toJSON', '1', '10', '2'))
  .filter((name) => !['iss', 'aud', 'exp', 'iat', 'nbf', 'jti', 'scope'].includes(name))
/** As JSON.parse gives them: `__proto__` is a name like any other. */
const claims = fc
  .array(fc.tuple(claimNames, jsonValues.value), { maxLength: 5 })
  .map((entries) => Object.fromEntries(entries) as Record<string, unknown>)

describe('readClaims', () => {
  it.each([
    ['iss', /the issuer option/],
    ['aud', /the audience option of a call/],
    ['exp', /use lifetime/],
    ['iat', /use issuedAtBackdate/],
    ['nbf', /no clock tolerance/],
    ['jti', /use singleUse/],
    ['scope', /use scope/],
  ])('refuses %s, which this library sets, and says what to use', (name, remedy) => {
    for (const value of ['x', undefined, null]) {
      const error = refusal(() => readClaims({ sub: 'x', [name]: value }, where))
      expect(error.code).toBe('ERR_RESERVED_CLAIM')
      expect(error.message).toMatch(remedy)
      expect(error.message).toContain(`${where}.${name}`)
    }
  })

  it('reserves those names at the top alone, and in this case alone', () => {
    const input = { sub: 'x', act: { iss: 'y', exp: 5 }, Iss: 1, EXP: 2, ' iss': 3 }
    expect(json(readClaims(input, where))).toBe(
      '{" iss":3,"EXP":2,"Iss":1,"act":{"exp":5,"iss":"y"},"sub":"x"}',
    )
  })

  it('gives undefined for no claims', () => {
    expect(readClaims({}, where)).toBeUndefined()
    expect(readClaims({ tier: undefined }, where)).toBeUndefined()
  })

  const cycle: Record<string, unknown> = {}
  cycle.self = { again: cycle }
  const endless: unknown[] = []
  endless.push(endless)
  const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) })
  const hole = new Array(2)
  hole[1] = 1

  it.each<[string, unknown, RegExp]>([
    ['claims that are text', 'sub', /an object of claims/],
    ['claims that are null', null, /an object of claims/],
    ['claims that are an array', [], /an object of claims/],
    ['claims that are a Map', new Map([['a', 1]]), /an object of claims, got an object \(Map\)/],
    ['undefined in an array', { a: [undefined] }, /\.a\[0\]: expected a JSON value, got undefined/],
    ['a hole in an array', { a: hole }, /\.a\[0\]: expected a JSON value, got undefined/],
    ['a function', { a: () => 1 }, /\.a: expected a JSON value, got a function/],
    ['toJSON', { a: { toJSON: () => ({ iss: 'x' }) } }, /\.a\.toJSON: expected a JSON value/],
    ['a symbol', { a: Symbol('x') }, /got a symbol/],
    ['a bigint', { a: 1n }, /got a bigint/],
    ['NaN', { a: Number.NaN }, /got NaN/],
    ['Infinity', { a: Number.POSITIVE_INFINITY }, /got Infinity/],
    ['a Date', { a: new Date(0) }, /got an object \(Date\)/],
    ['a Set', { a: new Set() }, /got an object \(Set\)/],
    ['bytes', { a: Buffer.from('x') }, /got an object \(Buffer\)/],
    ['a boxed string', { a: new String('x') }, /got an object \(String\)/],
    ['an instance', { a: Object.create({ inherited: 1 }) }, /expected a JSON value/],
    ['a cycle of objects', cycle, /at most 16 levels, got more, or a cycle/],
    ['a cycle of arrays', { endless }, /at most 16 levels/],
    ['more than 16 levels', { a: deep(16) }, /at most 16 levels/],
    ['a line break in a value', { a: 'x\ny' }, /\.a: expected text without control characters/],
    ['a NUL in a nested value', { a: { b: ['\u0000'] } }, /\.a\.b\[0\]: expected text without/],
    ['DEL in a value', { a: '\u007f' }, /without control characters/],
    ['a carriage return in a name', { 'a\r': 1 }, /claim names without control characters/],
    ['a tab in a nested name', { a: [{ '\t': 1 }] }, /claim names without control characters/],
  ])('refuses %s', (_, input, message) => {
    const error = refusal(() => readClaims(input, where))
    expect(error.code).toBe('ERR_INVALID_CLAIM')
    expect(error.message).toMatch(/^partners\[0\]\.claims/)
    expect(error.message).toMatch(message)
  })

  it('takes 16 levels, and a value twice that is no cycle', () => {
    const twice = { b: 1 }
    expect(json(readClaims({ a: deep(15), x: twice, y: twice }, where))).toContain('"y":{"b":1}')
  })

  it('takes an object without prototype, and one from JSON', () => {
    const bare = Object.assign(Object.create(null), { a: 1 })
    expect(json(readClaims(bare, where))).toBe('{"a":1}')
    expect(json(readClaims(JSON.parse('{"a":[{"b":null}]}'), where))).toBe('{"a":[{"b":null}]}')
  })

  it('takes a claim named __proto__ for a claim, and pollutes nothing', () => {
    const input = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"p":2}}}')
    const read = readClaims(input, where)
    expect(json(read)).toBe('{"__proto__":{"polluted":1},"constructor":{"prototype":{"p":2}}}')
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    const set = claimsSet({ ...mintRequest({ ...parts, claims: read }) }, times, undefined)
    expect(Object.getPrototypeOf(set)).toBe(Object.prototype)
    expect(json(set)).toContain('"__proto__":{"polluted":1}')
  })

  it('takes no claim from Object.prototype', () => {
    const polluted = Object.prototype as Record<string, unknown>
    polluted.role = 'admin'
    try {
      expect(json(readClaims({ a: { b: 1 } }, where))).toBe('{"a":{"b":1}}')
    } finally {
      delete polluted.role
    }
  })

  it('copies: what the caller changes afterwards changes nothing', () => {
    const item = { a: 1 }
    const list: unknown[] = [item]
    const nested = { b: 2 }
    const input: Record<string, unknown> = { list, nested }
    const read = readClaims(input, where)
    const before = json(read)
    item.a = 9
    list.push(3)
    nested.b = 4
    input.iss = 'did:orgid:0xevil'
    expect(json(read)).toBe(before)
  })

  it('freezes at every level, and does not freeze what it was given', () => {
    const input = { list: [{ a: 1 }] }
    const read = readClaims(input, where) as unknown as typeof input
    for (const level of [read, read.list, read.list[0]]) expect(Object.isFrozen(level)).toBe(true)
    for (const level of [input, input.list, input.list[0]])
      expect(Object.isFrozen(level)).toBe(false)
  })

  it('keeps the value of every JSON, whatever its names', () => {
    fc.assert(
      fc.property(claims, (input) => {
        const read = readClaims(input, where)
        expect(JSON.parse(json(read ?? {}))).toEqual(JSON.parse(json(input)))
      }),
    )
  })

  it('gives JSON values without control characters, or a typed error, whatever comes', () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        let read: unknown
        try {
          read = readClaims(input, where)
        } catch (error) {
          expect(isOrgidAuthError(error) && error.code).toMatch(/^ERR_(?:INVALID|RESERVED)_CLAIM$/)
          return
        }
        const written = json(read ?? {})
        JSON.parse(written, (name, value) => {
          expect([name, value].some((part) => typeof part === 'string' && hasControl(part))).toBe(
            false,
          )
          return value
        })
        expect(json(readClaims(JSON.parse(written), where) ?? {})).toBe(written)
      }),
      { numRuns: 500 },
    )
  })
})

const times = { issuedAt: 1_799_999_970, expiresAt: 1_800_003_600 }

describe('claimsSet', () => {
  it('has iss, aud, iat and exp, and nothing else by default', () => {
    expect(claimsSet(mintRequest(parts), times, undefined)).toEqual({
      iss: parts.issuer,
      aud: parts.audience,
      iat: 1_799_999_970,
      exp: 1_800_003_600,
    })
  })

  it.each<[ScopeFormat, unknown]>([
    ['json-string', '["read","book"]'],
    ['space', 'read book'],
    ['array', ['read', 'book']],
  ])('writes a scope as %s', (scopeFormat, expected) => {
    const request = mintRequest({ ...parts, scope: ['read', 'book'], scopeFormat })
    expect(claimsSet(request, times, undefined).scope).toEqual(expected)
  })

  it('has a jti when there is one, and the further claims behind', () => {
    const request = mintRequest({ ...parts, claims: { sub: 'x' } })
    expect(json(claimsSet(request, times, 'one-of-a-kind'))).toBe(
      '{"iss":"did:orgid:0xa#webserver","aud":"did:orgid:0xb","iat":1799999970,"exp":1800003600,"jti":"one-of-a-kind","sub":"x"}',
    )
  })
})

const noScopes: readonly unknown[] = [
  '',
  ' ',
  ' read',
  'read ',
  'read  book',
  'read\tbook',
  'read\nbook',
  'read "book"',
  'read\\book',
  'réad',
  [''],
  ['read book'],
  ['read', 5],
  [['read']],
  [undefined],
  null,
  5,
  true,
  { read: true },
  new Set(['read']),
]

describe('readScope', () => {
  it.each<[unknown, readonly string[] | undefined]>([
    ['read', ['read']],
    ['read book', ['read', 'book']],
    [
      ['read', 'book'],
      ['read', 'book'],
    ],
    [['https://api.example/read'], ['https://api.example/read']],
    [[], undefined],
  ])('reads %j as %j', (input, tokens) => {
    expect(readScope(input, 'scope')).toEqual(tokens)
  })

  it('copies and freezes', () => {
    const input = ['read']
    const tokens = readScope(input, 'scope')
    input.push('admin')
    expect(tokens).toEqual(['read'])
    expect(Object.isFrozen(tokens)).toBe(true)
  })

  it('takes every scope-token of RFC 6749 and no other character', () => {
    for (let code = 0; code < 0x200; code += 1) {
      const character = String.fromCharCode(code)
      const allowed =
        code === 0x21 || (code >= 0x23 && code <= 0x5b) || (code >= 0x5d && code <= 0x7e)
      if (allowed) expect(readScope([`a${character}b`], 'scope')).toEqual([`a${character}b`])
      else
        expect(refusal(() => readScope([`a${character}b`], 'scope')).code).toBe('ERR_INVALID_SCOPE')
    }
  })

  it.each(noScopes.map((input) => [inspect(input), input] as const))('refuses %s', (_, input) => {
    const error = refusal(() => readScope(input, 'options.scope'))
    expect(error.code).toBe('ERR_INVALID_SCOPE')
    expect(error.message).toMatch(/^options\.scope: .*RFC 6749 3\.3.*such as \['read', 'book'\]/)
  })

  it('does not repeat a scope that it refuses', () => {
    fc.assert(
      fc.property(fc.base64String({ minLength: 16 }), (secret) => {
        const error = refusal(() => readScope([`"${secret}"`], 'scope'))
        expect(error.message).not.toContain(secret)
      }),
    )
  })
})

describe('the key of a mint request', () => {
  const word = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'ab,":[]{}\\# \u0000'), maxLength: 4 }),
    fc.constantFrom('null', 'json-string', 'space', 'array', '3600'),
  )
  const anyParts: fc.Arbitrary<Parts> = fc
    .record({
      partner: word,
      keyId: word,
      issuer: word,
      audience: word,
      lifetime: fc.integer({ min: 1, max: 3 }),
      scope: fc.option(fc.array(word, { minLength: 1, maxLength: 2 }), { nil: undefined }),
      scopeFormat: fc.constantFrom<ScopeFormat>('json-string', 'space', 'array'),
      claims: fc.option(claims, { nil: undefined }),
    })
    .map((some) => ({
      ...some,
      claims: some.claims && readClaims(some.claims, where),
      singleUse: false,
    }))

  it('is shared by no two requests that differ in anything', () => {
    const edited = fc
      .tuple(anyParts, anyParts, fc.subarray(Object.keys(parts) as (keyof Parts)[]))
      .map(([one, other, taken]) => {
        // alike but for a few fields, so that a field left out of the key is noticed
        const next: Record<string, unknown> = { ...one }
        for (const name of taken) next[name] = other[name]
        return [one, next as unknown as Parts] as const
      })
    fc.assert(
      fc.property(edited, ([one, other]) => {
        const same = json(sorted(one)) === json(sorted(other))
        expect(mintRequest(one).key === mintRequest(other).key).toBe(same)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each<[string, Partial<Parts>]>([
    ['another partner', { partner: 'air' }],
    ['another key', { keyId: 'webserver2' }],
    ['another issuer', { issuer: 'did:orgid:137:0xa#webserver' }],
    ['another audience', { audience: 'did:orgid:0xB' }],
    ['another lifetime', { lifetime: 3_601 }],
    ['a scope', { scope: ['read'] }],
    ['a scope of one token with a comma', { scope: ['read,book'] }],
    ['a scope of two tokens', { scope: ['read', 'book'] }],
    ['a scope in another order', { scope: ['book', 'read'] }],
    ['another scope format', { scopeFormat: 'space' }],
    ['a claim', { claims: { a: 1 } }],
    ['a claim of another type', { claims: { a: '1' } }],
    ['a claim of null', { claims: { a: null } }],
    ['a claim of another name', { claims: { b: 1 } }],
    ['a claim one level down', { claims: { a: { a: 1 } } }],
    ['a claim in a list', { claims: { a: [1] } }],
  ])('is another for %s', (_, change) => {
    const others = [parts, { ...parts, scope: ['x'] }, { ...parts, claims: { z: 0 } }]
    const keys = others.map((other) => mintRequest(other).key)
    expect(keys).not.toContain(mintRequest({ ...parts, ...change }).key)
  })

  it('is the same whatever order claims come in, at every level', () => {
    const shuffled = claims.chain((input) =>
      fc
        .shuffledSubarray(Object.entries(input), { minLength: Object.keys(input).length })
        .map((entries) => [input, Object.fromEntries(entries.map(([k, v]) => [k, reversed(v)]))]),
    )
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        const keys = [one, other].map(
          (input) => mintRequest({ ...parts, claims: readClaims(input, where) }).key,
        )
        expect(keys[0]).toBe(keys[1])
      }),
    )
  })

  it('is that of what was asked for, however the caller changes its objects afterwards', () => {
    const input = { role: { name: 'guest' } }
    const scope = ['read']
    const request = mintRequest({
      ...parts,
      claims: readClaims(input, where),
      scope: readScope(scope, 'scope'),
    })
    const before = json(claimsSet(request, times, undefined))
    input.role.name = 'admin'
    scope[0] = 'admin'
    const again = mintRequest({
      ...parts,
      claims: readClaims(input, where),
      scope: readScope(scope, 'scope'),
    })
    expect(json(claimsSet(request, times, undefined))).toBe(before)
    expect(again.key).not.toBe(request.key)
  })
})

/** The same value with the keys of its objects in the order of their names. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .map(([name, item]) => [name, sorted(item)])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
}

/** The same value with the keys of its objects the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, item]) => [name, reversed(item)]),
  )
}
