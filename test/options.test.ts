import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createOrgidAuth } from '../src/auth.js'
import { nearest, readOptions } from '../src/options.js'
import { did, newKey, refusal } from './support.js'

const known = ['issuer', 'key', 'keys', 'partners', 'lifetime', 'name', 'did', 'id']

describe('an unknown option', () => {
  const messageOf = (options: object) => refusal(() => createOrgidAuth(options as never)).message
  const whole = { issuer: `${did('a')}#webserver`, key: newKey().pem, partners: [] }

  it('is named first, then what was meant, then what is known', () => {
    expect(messageOf({ ...whole, lifetmie: 60 })).toMatch(
      /^options: got an unknown option, "lifetmie"; did you mean "lifetime"\? Expected only issuer, key, keys, partners, /,
    )
    expect(messageOf({ ...whole, partners: [{ orgin: 'x' }] })).toMatch(
      /^partners\[0\]: got an unknown option, "orgin"; did you mean "origin"\? Expected only did, /,
    )
    expect(messageOf({ ...whole, cache: { size: 1 } })).toBe(
      'cache: got an unknown option, "size". Expected only max',
    )
  })

  it('is not shown where it may be a secret', () => {
    const secret = '0123456789abcdef'.repeat(4)
    expect(messageOf({ ...whole, [secret]: 1 })).toMatch(
      /^options: got an unknown option, a string of 64 characters\. Expected only/,
    )
  })

  it.each([
    ['isuer', 'issuer'],
    ['ISSUER', 'issuer'],
    ['partner', 'partners'],
    ['patrners', 'partners'],
    ['keyz', 'key'],
    ['nmae', 'name'],
    ['Id', 'id'],
  ])('%s is taken for %s', (name, meant) => {
    expect(nearest(name, known)).toBe(meant)
  })

  it.each(['', 'x', 'private', 'eyk', 'expiry', 'keyboard', 'k'.repeat(1e6)])(
    'is like none when it is %.20s',
    (name) => {
      expect(nearest(name, known)).toBeUndefined()
    },
  )

  it('is always like the one that it is, and like one that is known', () => {
    for (const name of known) expect(nearest(name, known)).toBe(name)
    fc.assert(
      fc.property(fc.string(), (name) => {
        const meant = nearest(name, known)
        expect(meant === undefined || known.includes(meant)).toBe(true)
      }),
    )
  })
})

describe('readOptions', () => {
  it('says what it expects in place of what is no object', () => {
    expect(refusal(() => readOptions([] as { max?: number }, ['max'], 'cache')).message).toBe(
      'cache: expected an object with max, got an array of 0',
    )
  })
})
