import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFragment, isPortableFragment, parseDid } from '../src/did.js'
import { OrgidAuthError } from '../src/errors.js'

const id = `0x${'aB'.repeat(32)}`

const hexDigits = fc.string({
  unit: fc.constantFrom(...'0123456789abcdefABCDEF'),
  minLength: 64,
  maxLength: 64,
})
const chains = fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String), { nil: undefined })
const fragments = fc.option(
  fc.string({ unit: fc.constantFrom(..."aZ09-._~!$&'()*+,;=:@/?", '%2F'), minLength: 1 }),
  { nil: undefined },
)

function refusal(text: unknown, where?: string): OrgidAuthError {
  try {
    parseDid(text, where)
  } catch (error) {
    if (error instanceof OrgidAuthError) return error
    throw error
  }
  throw new Error('expected a refusal')
}

describe('parseDid', () => {
  it('takes both forms apart, with and without fragment', () => {
    expect(parseDid(`did:orgid:${id}`)).toEqual({ did: `did:orgid:${id}`, id })
    expect(parseDid(`did:orgid:${id}#webserver`)).toEqual({
      did: `did:orgid:${id}`,
      id,
      fragment: 'webserver',
    })
    expect(parseDid(`did:orgid:137:${id}`)).toEqual({
      did: `did:orgid:137:${id}`,
      chain: '137',
      id,
    })
    expect(parseDid(`did:orgid:137:${id}#key/1?v=%20`)).toEqual({
      did: `did:orgid:137:${id}`,
      chain: '137',
      id,
      fragment: 'key/1?v=%20',
    })
  })

  it('keeps every character as written, and puts together again gives the same text', () => {
    fc.assert(
      fc.property(hexDigits, chains, fragments, (hex, chain, fragment) => {
        const did = `did:orgid:${chain === undefined ? '' : `${chain}:`}0x${hex}`
        const text = fragment === undefined ? did : `${did}#${fragment}`
        const parsed = parseDid(text)
        expect(parsed.did).toBe(did)
        expect(parsed.id).toBe(`0x${hex}`)
        expect(parsed.chain).toBe(chain)
        expect(parsed.fragment).toBe(fragment)
      }),
    )
  })

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /got undefined/],
    ['null', null, /got null/],
    ['a number', 12, /got 12/],
    ['a boxed string', new String(`did:orgid:${id}`), /got an object \(String\)/],
    ['an empty string', '', /an empty string/],
    ['a 20-byte address', `did:orgid:0x${'a'.repeat(40)}`, /20-byte Ethereum address.*32 bytes/],
    ['a bare address', `0x${'a'.repeat(40)}`, /20-byte Ethereum address/],
    ['a bare identifier', id, /put did:orgid: before it/],
    ['another method', `did:ethr:${id}`, /does not start with did:orgid:/],
    ['another case of the method', `DID:ORGID:${id}`, /does not start with did:orgid:/],
    ['63 digits', `did:orgid:${id.slice(0, -1)}`, /got 63 digits after 0x, 1 too few$/],
    ['66 digits', `did:orgid:137:${id}00`, /got 66 digits after 0x, 2 too many$/],
    ['no digits', 'did:orgid:0x', /got 0 digits after 0x, 64 too few$/],
    ['digits that are not hex', `did:orgid:0x${'g'.repeat(64)}`, /one whose character 1 after 0x/],
    [
      'an o for a 0',
      `did:orgid:0x12345o${'0'.repeat(58)}#webserver`,
      /got one whose character 6 after 0x is no hex digit \(0 to 9, a to f\)$/,
    ],
    [
      'an O for a 0, and a digit too few',
      `did:orgid:0x12345O${'0'.repeat(57)}`,
      /got 63 digits after 0x, 1 too few, and character 6 after 0x is no hex digit/,
    ],
    ['no 0x', `did:orgid:${id.slice(2)}`, /without 0x/],
    ['0X', `did:orgid:0X${id.slice(2)}`, /write 0x/],
    ['a chain that is no number', `did:orgid:main:${id}`, /another form/],
    ['a negative chain', `did:orgid:-1:${id}`, /another form/],
    ['an empty chain', `did:orgid::${id}`, /another form/],
    ['two chains', `did:orgid:1:2:${id}`, /another form/],
    ['an empty fragment', `did:orgid:${id}#`, /another form/],
    ['two fragments', `did:orgid:${id}#a#b`, /another form/],
    ['a broken escape in the fragment', `did:orgid:${id}#a%2`, /another form/],
    ['a quote in the fragment', `did:orgid:${id}#a"b`, /another form/],
    ['a non-ASCII fragment', `did:orgid:${id}#clé`, /another form/],
    ['a path', `did:orgid:${id}/path`, /another form/],
    ['white space around it', ` did:orgid:${id}`, /white space.*remove it/],
    ['a line break at its end', `did:orgid:${id}\n`, /white space.*remove it/],
    ['a line break in its fragment', `did:orgid:${id}#a\nb`, /white space.*remove it/],
  ])('refuses %s, and says why', (_, text, message) => {
    const error = refusal(text, 'partners[3].did')
    expect(error.code).toBe('ERR_INVALID_DID')
    expect(error.message).toMatch(/^partners\[3\]\.did: expected an ORGiD such as did:orgid:/)
    expect(error.message).toMatch(message)
  })

  it('names the option "did" when it is told no other', () => {
    expect(refusal('x').message).toMatch(/^did: /)
  })

  it('refuses whatever is no ORGiD with a typed error that does not repeat it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ minLength: 20 }), fc.anything()), (input) => {
        const error = refusal(input)
        expect(error.code).toBe('ERR_INVALID_DID')
        if (typeof input === 'string' && input.length >= 20)
          expect(error.message).not.toContain(input)
      }),
    )
  })

  it('reads no DID out of the middle of a text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.boolean(), (noise, before) => {
        fc.pre(before || !/^(?:#|[0-9a-fA-F])/.test(noise))
        const text = before ? `${noise}did:orgid:${id}` : `did:orgid:${id}${noise}`
        expect(refusal(text).code).toBe('ERR_INVALID_DID')
      }),
    )
  })
})

describe('a fragment', () => {
  it.each(['webserver', 'key1', 'KEY', '0'])('%s is portable', (fragment) => {
    expect(isPortableFragment(fragment)).toBe(true)
  })

  it.each(['key-1', 'key_1', 'key.1', 'key:1', '', 'clé', 'key1\n'])('%j is not', (fragment) => {
    expect(isPortableFragment(fragment)).toBe(false)
  })

  it('is one exactly when it can stand behind the # of a DID', () => {
    const texts = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'aZ0-._%2F#/?" \n') }))
    fc.assert(
      fc.property(texts, (text) => {
        let fragment: string | undefined
        try {
          fragment = parseDid(`did:orgid:${id}#${text}`).fragment
        } catch {}
        expect(isFragment(text)).toBe(fragment === text)
      }),
    )
  })
})
