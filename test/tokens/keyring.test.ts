import { setImmediate as immediate } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { localSigner } from '../../src/signers/local.js'
import {
  createKeyring,
  type KeyOptions,
  readFragment,
  readKey,
  readSigner,
  type SigningKey,
  warnUnportable,
} from '../../src/tokens/keyring.js'
import { did, newKey, refusal } from '../support.js'

const { pem } = newKey()
const signer = localSigner(pem, { backend: 'noble' })
const always = Number.NEGATIVE_INFINITY
const key = (id: string, activeFrom = always): SigningKey => ({ id, signer, activeFrom })

describe('the active key', () => {
  it('is the one whose activeFrom passed last, whatever order they came in', () => {
    const keys = [key('first'), key('second', 100), key('third', 200)]
    for (const order of [keys, keys.toReversed(), [keys[1], keys[2], keys[0]] as SigningKey[]]) {
      const ring = createKeyring(order)
      expect([0, 99, 99.9, 100, 150, 200, 1e12].map((now) => ring.active(now).id)).toEqual([
        'first',
        'first',
        'first',
        'second',
        'second',
        'third',
        'third',
      ])
    }
  })

  it('is the later added one of two that are active from the same moment', () => {
    expect(createKeyring([key('a', 100), key('b', 100)]).active(100).id).toBe('b')
    expect(createKeyring([key('a'), key('b')]).active(0).id).toBe('b')
    const ring = createKeyring([key('a')])
    expect(ring.active(5).id).toBe('a')
    ring.add(key('b'))
    expect(ring.active(5).id).toBe('b')
  })

  it('follows the clock forward and back', () => {
    const ring = createKeyring([key('first'), key('second', 100), key('third', 200)])
    const seen = [250, 150, 50, 150, 250, 99, 200, 100].map((now) => ring.active(now).id)
    expect(seen).toEqual([
      'third',
      'second',
      'first',
      'second',
      'third',
      'first',
      'third',
      'second',
    ])
  })

  it('changes with a key added while running, at once or at its moment', () => {
    const ring = createKeyring([key('first')])
    expect(ring.active(50).id).toBe('first')
    ring.add(key('later', 100))
    expect(ring.active(50).id).toBe('first')
    ring.add(key('now', 40))
    expect(ring.active(50).id).toBe('now')
    expect(ring.active(100).id).toBe('later')
  })

  it('is an error while all keys are still to come, and the first of them from its moment on', () => {
    const ring = createKeyring([key('a', 100), key('b', 200)])
    const error = refusal(() => ring.active(99))
    expect(error.code).toBe('ERR_NO_ACTIVE_KEY')
    expect(error.message).toMatch(/2 that are all still to come\. Give one key without activeFrom/)
    expect(ring.active(100).id).toBe('a')
    expect(refusal(() => ring.active(99)).code).toBe('ERR_NO_ACTIVE_KEY')
  })

  it('is what a search of all keys finds, for any keys, changes and clock', () => {
    const moments = fc.oneof(fc.constant(always), fc.integer({ min: 0, max: 9 }))
    const steps = fc.array(
      fc.oneof(
        fc.record({ ask: fc.integer({ min: 0, max: 10 }) }),
        fc.record({ add: moments }),
        fc.record({ retire: fc.nat(9), now: fc.integer({ min: 0, max: 10 }) }),
      ),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(steps, (todo) => {
        const ring = createKeyring([key('k0')])
        let keys = [key('k0')]
        let added = 1
        for (const step of todo) {
          if ('add' in step) {
            const next = key(`k${added++}`, step.add)
            ring.add(next)
            keys = [...keys, next]
          } else if ('retire' in step) {
            const rest = keys.filter(({ id }) => id !== `k${step.retire}`)
            const allowed =
              rest.length < keys.length && rest.some(({ activeFrom }) => activeFrom <= step.now)
            if (allowed) {
              ring.retire(`k${step.retire}`, step.now)
              keys = rest
            } else {
              expect(refusal(() => ring.retire(`k${step.retire}`, step.now)).code).toBe(
                'ERR_INVALID_OPTION',
              )
            }
          } else {
            const started = keys.filter(({ activeFrom }) => activeFrom <= step.ask)
            const latest = Math.max(...started.map(({ activeFrom }) => activeFrom))
            const expected = started.findLast(({ activeFrom }) => activeFrom === latest)
            if (expected) expect(ring.active(step.ask).id).toBe(expected.id)
            else expect(refusal(() => ring.active(step.ask)).code).toBe('ERR_NO_ACTIVE_KEY')
          }
          expect(ring.list().map(({ id }) => id)).toEqual(keys.map(({ id }) => id))
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('a keyring', () => {
  it('finds keys by id, and no others', () => {
    const ring = createKeyring([key('a'), key('b', 100)])
    expect(ring.get('b')).toMatchObject({ id: 'b', activeFrom: 100 })
    for (const id of ['c', 'A', '', '__proto__', 'constructor'])
      expect(ring.get(id)).toBeUndefined()
  })

  it('tells the key that each took over from, in the order in which they sign', () => {
    const ring = createKeyring([key('c', 200), key('a'), key('b', 100), key('b2', 100)])
    const earlier = (id: string) => ring.before(id)?.id
    expect(['a', 'b', 'b2', 'c', 'd'].map(earlier)).toEqual([undefined, 'a', 'b', 'b2', undefined])
    ring.retire('b2', 200)
    expect(earlier('c')).toBe('b')
    ring.add(key('d', 150))
    expect(earlier('c')).toBe('d')
    expect(createKeyring([key('a'), key('b')]).before('b')?.id).toBe('a')
  })

  it('refuses an id twice, at the start and later, and says to take a new fragment', () => {
    for (const again of [
      () => createKeyring([key('a'), key('a', 5)]),
      () => createKeyring([key('a')]).add(key('a')),
    ]) {
      const error = refusal(again)
      expect(error.code).toBe('ERR_INVALID_OPTION')
      expect(error.message).toMatch(/new fragment/)
    }
  })

  it('keeps what it has when an addition is refused', () => {
    const ring = createKeyring([key('a')])
    refusal(() => ring.add(key('a', 5)))
    expect(ring.list()).toHaveLength(1)
    expect(ring.active(10).activeFrom).toBe(always)
  })

  it('retires a key beside another active one, at once', () => {
    const ring = createKeyring([key('old'), key('new', 100)])
    expect(ring.active(100).id).toBe('new')
    ring.retire('new', 100)
    expect(ring.active(100).id).toBe('old')
    expect(ring.get('new')).toBeUndefined()
  })

  it('retires a key that is still to come', () => {
    const ring = createKeyring([key('old'), key('new', 100)])
    ring.retire('new', 50)
    expect(ring.active(100).id).toBe('old')
  })

  it('keeps the last active key, whatever is still to come', () => {
    const ring = createKeyring([key('old'), key('new', 100)])
    const error = refusal(() => ring.retire('old', 99))
    expect(error.code).toBe('ERR_INVALID_OPTION')
    expect(error.message).toMatch(/last active key.*Add its successor with auth\.addKey first/)
    expect(ring.active(99).id).toBe('old')
    ring.retire('old', 100)
    expect(ring.list().map(({ id }) => id)).toEqual(['new'])
  })

  it('names its keys when asked to retire another', () => {
    const error = refusal(() => createKeyring([key('a'), key('b')]).retire('secret text', 0))
    expect(error.code).toBe('ERR_INVALID_OPTION')
    expect(error.message).toMatch(/one of a, b/)
    expect(error.message).not.toContain('secret text')
  })

  it('takes no id again, not even a retired one', () => {
    const ring = createKeyring([key('a'), key('b')])
    ring.retire('a', 0)
    expect(() => ring.add(key('a'))).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
    )
  })

  it('does not change the list that it was given, or that it gave', () => {
    const initial = Object.freeze([key('a')])
    const ring = createKeyring(initial)
    const list = ring.list()
    ring.add(key('b'))
    expect(initial).toHaveLength(1)
    expect(list).toHaveLength(1)
  })
})

describe('readKey', () => {
  const options = (activeFrom?: unknown) =>
    ({ id: 'webserver', key: pem, activeFrom }) as KeyOptions

  it.each<[string, unknown, number]>([
    ['nothing', undefined, always],
    ['epoch seconds', 1_800_000_000, 1_800_000_000],
    ['fractions of a second', 1_800_000_000.5, 1_800_000_000.5],
    ['0', 0, 0],
    ['a Date', new Date('2027-01-15T08:00:00Z'), 1_800_000_000],
    ['ISO 8601', '2027-01-15T08:00:00Z', 1_800_000_000],
    ['ISO 8601 with an offset', '2027-01-15T10:00:00+02:00', 1_800_000_000],
    ['an ISO 8601 date', '2027-01-15', 1_799_971_200],
  ])('reads activeFrom as %s', (_, activeFrom, seconds) => {
    expect(readKey(options(activeFrom), 'keys[0]')).toMatchObject({
      id: 'webserver',
      activeFrom: seconds,
    })
  })

  it.each<[string, unknown]>([
    ['null', null],
    ['true', true],
    ['text that is no time', 'tomorrow'],
    ['an empty text', ''],
    ['an invalid Date', new Date(Number.NaN)],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['a list', [2027]],
    ['a bigint', 1_800_000_000n],
  ])('refuses %s as activeFrom', (_, activeFrom) => {
    const error = refusal(() => readKey(options(activeFrom), 'keys[1]'))
    expect(error.code).toBe('ERR_INVALID_OPTION')
    expect(error.message).toMatch(
      /^keys\[1\]\.activeFrom: expected epoch seconds, a Date or an ISO/,
    )
  })

  it.each<[string, unknown, string, RegExp]>([
    ['no object', 'webserver', 'ERR_INVALID_OPTION', /keys\[0\]: expected an object with id, key/],
    ['an unknown option', { id: 'a', key: pem, active: 1 }, 'ERR_INVALID_OPTION', /"active"/],
    ['no id', { key: pem }, 'ERR_INVALID_OPTION', /keys\[0\]\.id: .*such as "webserver"/],
    ['an id that is no text', { id: 5, key: pem }, 'ERR_INVALID_OPTION', /keys\[0\]\.id/],
    ['an empty id', { id: '', key: pem }, 'ERR_INVALID_OPTION', /keys\[0\]\.id/],
    ['an id with space', { id: 'a b', key: pem }, 'ERR_INVALID_OPTION', /keys\[0\]\.id/],
    ['an id with control characters', { id: 'a\r', key: pem }, 'ERR_INVALID_OPTION', /keys\[0\]/],
    ['an id with its #', { id: '#a', key: pem }, 'ERR_INVALID_OPTION', /only what follows the #/],
    [
      'a whole DID as id',
      { id: `${did('a')}#webserver`, key: pem },
      'ERR_INVALID_OPTION',
      /only what follows the #/,
    ],
    ['no key', { id: 'a' }, 'ERR_INVALID_KEY', /keys\[0\]\.key/],
    ['an address for a key', { id: 'a', key: `0x${'1'.repeat(40)}` }, 'ERR_INVALID_KEY', /40 hex/],
    [
      'a signer of another algorithm',
      { id: 'a', key: { alg: 'RS256', sign: () => new Uint8Array(64) } },
      'ERR_INVALID_OPTION',
      /keys\[0\]\.key\.alg: expected a signer with alg 'ES256K'/,
    ],
  ])('refuses %s', (_, input, code, message) => {
    const error = refusal(() => readKey(input as KeyOptions, 'keys[0]'))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
  })

  it('takes nothing from Object.prototype', () => {
    const polluted = Object.prototype as Record<string, unknown>
    Object.assign(polluted, { id: 'evil', key: newKey().pem, activeFrom: 5 })
    try {
      expect(refusal(() => readKey({} as KeyOptions, 'keys[0]')).code).toBe('ERR_INVALID_OPTION')
      expect(readKey({ id: 'a', key: pem }, 'keys[0]').activeFrom).toBe(always)
    } finally {
      for (const name of ['id', 'key', 'activeFrom']) delete polluted[name]
    }
  })
})

describe('readSigner', () => {
  it('makes a signer of a key, and takes a signer as it is', () => {
    const made = readSigner(pem, 'key')
    expect(made.alg).toBe('ES256K')
    expect(made.sign(new Uint8Array(3), {})).toHaveLength(64)
    expect(readSigner(signer, 'key')).toBe(signer)
  })
})

describe('a fragment that some verifiers cannot use', () => {
  const warnings: Error[] = []
  const listen = (warning: Error) => warnings.push(warning)
  beforeEach(() => process.on('warning', listen))
  afterEach(() => {
    process.off('warning', listen)
    warnings.length = 0
  })

  it.each(['key-1', 'key_1', 'key.1'])(
    'such as %s is taken as it is, with a warning',
    async (id) => {
      expect(readFragment(id, 'keys[0].id')).toBe(id)
      await immediate()
      expect(warnings).toHaveLength(1)
      expect(warnings[0]).toMatchObject({
        name: 'OrgidBearerWarning',
        code: 'ORGID_UNPORTABLE_FRAGMENT',
        message: expect.stringMatching(`"#${id}".*letters and digits only`),
      })
    },
  )

  it('is warned of once a process', async () => {
    for (let round = 0; round < 3; round += 1) {
      readFragment('once-only', 'keys[0].id')
      warnUnportable('once-only')
    }
    await immediate()
    expect(warnings).toHaveLength(1)
  })

  it('is not one of letters and digits: nobody is warned of that', async () => {
    for (const fragment of ['webserver', 'key1', 'A', '0'])
      expect(readFragment(fragment, 'keys[0].id')).toBe(fragment)
    await immediate()
    expect(warnings).toEqual([])
  })

  it('does not reach the warning when it is no fragment at all', async () => {
    expect(refusal(() => readFragment('not a fragment', 'keys[0].id')).code).toBe(
      'ERR_INVALID_OPTION',
    )
    await immediate()
    expect(warnings).toEqual([])
  })
})
