import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { claimsSet, mintRequest, readClaims } from '../../src/tokens/claims.js'
import {
  authorizationOf,
  encodePayload,
  encodeSignature,
  sharedInput,
  signingInput,
} from '../../src/tokens/compact.js'
import { did } from '../support.js'

const times = { issuedAt: 1_800_000_000, expiresAt: 1_800_003_600 }

/** Characters that a fragment may have (RFC 3986 3.5), and every one that JSON might have escaped. */
const fragment = fc.string({
  unit: fc.constantFrom(..."abcXYZ019-._~!$&'()*+,;=:@/?%2F"),
  minLength: 1,
  maxLength: 40,
})

const request = (parts: {
  readonly fragment?: string
  readonly scope?: readonly string[] | undefined
  readonly claims?: Readonly<Record<string, unknown>> | undefined
}) =>
  mintRequest({
    partner: 'hotels',
    keyId: 'webserver',
    issuer: `${did('a')}#${parts.fragment ?? 'webserver'}`,
    audience: did('b'),
    lifetime: 3_600,
    scope: parts.scope,
    scopeFormat: 'json-string',
    claims: parts.claims && readClaims(parts.claims, 'claims'),
    singleUse: false,
  })

const payloadOf = (text: string) => Buffer.from(text).toString('base64url')

/** From a few bytes to more than the buffers take that are there already. */
const claims = fc.record({
  note: fc.string({ unit: 'grapheme', maxLength: 3_000 }).filter((text) => !/\p{Cc}/u.test(text)),
})

describe('the payload of a token', () => {
  it('without claims of its own is what JSON.stringify makes of the claims set', () => {
    fc.assert(
      fc.property(fragment, fc.nat(4_000_000_000), (name, issuedAt) => {
        const plain = request({ fragment: name })
        const then = { issuedAt, expiresAt: issuedAt + 3_600 }
        const expected = JSON.stringify(claimsSet(plain, then, undefined))
        expect(encodePayload(plain, then)).toBe(payloadOf(expected))
      }),
    )
  })

  it('has scope, further claims and jti, whatever they are and however long', () => {
    const scope = fc.option(fc.constant(['read', 'book']), { nil: undefined })
    const jti = fc.option(fc.uuid(), { nil: undefined })
    fc.assert(
      fc.property(scope, fc.option(claims, { nil: undefined }), jti, (words, further, id) => {
        const asked = request({ scope: words, claims: further })
        const expected = JSON.stringify(claimsSet(asked, times, id))
        expect(encodePayload(asked, times, id)).toBe(payloadOf(expected))
      }),
    )
  })

  it.each(['a', 'é', '漢', '😀'])('has claims of thousands of %s', (character) => {
    for (const count of [500, 1_000, 1_300, 2_000, 5_000]) {
      const asked = request({ claims: { note: character.repeat(count) } })
      const expected = JSON.stringify(claimsSet(asked, times, undefined))
      expect(encodePayload(asked, times)).toBe(payloadOf(expected))
    }
  })
})

describe('the pieces of a token', () => {
  const signature = new Uint8Array(64).map((_, index) => 255 - index)

  it('are joined with dots, behind the scheme, however long they are', () => {
    // 3,965 characters fill the buffer that is there to the last byte, and 4,052 that without signature
    for (const length of [1, 240, 3_964, 3_965, 3_966, 4_051, 4_052, 4_053, 20_000]) {
      const payload = 'p'.repeat(length)
      const encoded = encodeSignature(signature)
      expect(encoded).toBe(Buffer.from(signature).toString('base64url'))
      const header = Buffer.from('{"alg":"ES256K","typ":"JWT"}').toString('base64url')
      expect(signingInput(payload)).toBe(`${header}.${payload}`)
      expect(Buffer.from(sharedInput(payload)).toString()).toBe(`${header}.${payload}`)
      expect(authorizationOf(payload, encoded)).toBe(`Bearer ${header}.${payload}.${encoded}`)
    }
  })

  it('do not change when the next token is made', () => {
    const first = authorizationOf('first', encodeSignature(signature))
    const copy = Buffer.from(first).toString()
    sharedInput('the second one')
    authorizationOf('the second one', encodeSignature(new Uint8Array(64)))
    expect(first).toBe(copy)
  })
})
