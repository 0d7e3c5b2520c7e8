import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { onEvent } from '../../src/events.js'
import { localSigner } from '../../src/signers/local.js'
import { createFallbacks } from '../../src/tokens/fallback.js'
import { createKeyring, type SigningKey } from '../../src/tokens/keyring.js'
import { newKey } from '../support.js'

const signer = localSigner(newKey().pem, { backend: 'noble' })
const key = (id: string, activeFrom: number): SigningKey => ({ id, signer, activeFrom })

const start = 1_800_000_000
const minute = 60
const hour = 3_600
const day = 86_400

/** Old and new key, of which the new one has just begun to sign, and a partner that knows `known`. */
function setUp(...keys: SigningKey[]) {
  let now = start
  const ring = createKeyring(
    keys.length > 0 ? keys : [key('old', Number.NEGATIVE_INFINITY), key('new', start)],
  )
  const fallbacks = createFallbacks(ring, { now: () => now, monotonic: () => now })
  const partner = { known: ['old'] as readonly string[], seen: [] as string[] }

  const keyFor = (mayRepeat = true) => fallbacks.keyFor('hotels', now, mayRepeat)
  /** A call with a first token and, if that is refused and it may be, with a second one. */
  const call = ({ mayRepeat = true, isTimely = true } = {}): boolean => {
    const send = (keyId: string) => {
      partner.seen.push(keyId)
      const isAccepted = isTimely && partner.known.includes(keyId)
      if (isAccepted && fallbacks.isWaiting('hotels')) fallbacks.accepted('hotels', keyId)
      return isAccepted
    }
    const first = keyFor(mayRepeat)
    if (send(first)) return true
    const refusal = { keyId: first, isTimely, isRepeated: false }
    const second = fallbacks.refused('hotels', refusal)
    if (!mayRepeat) return false
    // By the clock that has been learnt by then
    const isFine = partner.known.includes(second)
    partner.seen.push(second)
    if (isFine && fallbacks.isWaiting('hotels')) fallbacks.accepted('hotels', second)
    if (!isFine) fallbacks.refused('hotels', { keyId: second, isTimely: true, isRepeated: true })
    return isFine
  }
  return {
    ring,
    fallbacks,
    partner,
    call,
    keyFor,
    now: () => now,
    /** What was sent since it was asked last. */
    seen: () => partner.seen.splice(0).join(' '),
    pass: (seconds: number) => {
      now += seconds
    },
  }
}

describe('for a partner that refuses the newest key', () => {
  it('the key before signs, at once and from then on', () => {
    const { call, seen, fallbacks } = setUp()
    expect(call()).toBe(true)
    expect(seen()).toBe('new old')
    for (let again = 0; again < 5; again += 1) expect(call()).toBe(true)
    expect(seen()).toBe('old old old old old')
    expect(fallbacks.of('hotels')).toEqual({
      from: 'new',
      to: 'old',
      since: start,
      retryAt: start + hour,
    })
  })

  it('the newest is tried again after an hour, then two, four and so on up to a day, by a call that can be repeated', () => {
    const { call, pass, partner, now } = setUp()
    const tries: number[] = []
    while (now() < start + 10 * day) {
      partner.seen.length = 0
      expect(call({ mayRepeat: now() % 120 === 0 })).toBe(now() > start || now() % 120 === 0)
      if (partner.seen[0] === 'new') tries.push((now() - start) / hour)
      pass(minute)
    }
    expect(tries.map(Math.round)).toEqual([
      0, 1, 3, 7, 15, 31, 55, 79, 103, 127, 151, 175, 199, 223,
    ])
  })

  it('the newest signs once it has been accepted', () => {
    const { call, seen, partner, pass, fallbacks } = setUp()
    call()
    partner.known = ['old', 'new']
    pass(hour)
    seen()
    expect(call({ mayRepeat: false })).toBe(true)
    expect(call()).toBe(true)
    expect(call({ mayRepeat: false })).toBe(true)
    expect(seen()).toBe('old new new')
    expect(fallbacks.of('hotels')).toBeUndefined()
  })

  it('is not taken for one that accepts it by what answers late', () => {
    const { call, fallbacks, pass, keyFor } = setUp()
    call()
    // Sent before the first refusal
    fallbacks.accepted('hotels', 'new')
    fallbacks.refused('hotels', { keyId: 'new', isTimely: true, isRepeated: false })
    expect(fallbacks.of('hotels')?.retryAt).toBe(start + hour)
    pass(hour)
    expect(keyFor(false)).toBe('old')
    expect(keyFor()).toBe('new')
    // While nothing is known of that one, the others keep to the older key, and one a minute tries
    expect(Array.from({ length: 20 }, () => keyFor())).toEqual(Array(20).fill('old'))
    pass(minute)
    expect(keyFor()).toBe('new')
    expect(keyFor()).toBe('old')
  })

  it('a relapse begins with longer waits', () => {
    const { call, partner, pass, fallbacks } = setUp()
    call()
    partner.known = ['new']
    pass(hour)
    expect(call()).toBe(true)
    partner.known = ['old']
    expect(call()).toBe(true)
    expect(fallbacks.of('hotels')).toMatchObject({ since: start + hour, retryAt: start + 3 * hour })
  })

  it('the older key is not gone back to when the partner has had 31 days, or always', () => {
    const { call, seen, pass } = setUp()
    pass(31 * day + 1)
    expect(call()).toBe(false)
    expect(seen()).toBe('new new')
    const { call: other, seen: sent } = setUp(
      key('old', Number.NEGATIVE_INFINITY),
      key('new', Number.NEGATIVE_INFINITY),
    )
    expect(other()).toBe(false)
    expect(sent()).toBe('new new')
  })

  it('nothing changes while there is no other key', () => {
    const { call, seen, partner, fallbacks } = setUp(key('only', start))
    partner.known = []
    expect(call()).toBe(false)
    expect(seen()).toBe('only only')
    expect(fallbacks.isAny()).toBe(false)
  })

  it('another partner’s key is as it was', () => {
    const { call, fallbacks, now } = setUp()
    call()
    expect(fallbacks.keyFor('air', now())).toBe('new')
    expect(fallbacks.of('air')).toBeUndefined()
  })
})

describe('events', () => {
  it('tell when another key signs for a partner, there and back', () => {
    const seen: string[] = []
    const stop = onEvent('orgid-bearer:fallback', ({ partner, from, to }) =>
      seen.push(`${partner}: ${from} ${to}`),
    )
    try {
      const { call, partner, pass } = setUp()
      partner.known = []
      call()
      expect(seen.splice(0)).toEqual(['hotels: new old', 'hotels: old new'])
      pass(10 * minute)
      partner.known = ['old']
      call()
      call()
      expect(seen.splice(0)).toEqual(['hotels: new old'])
      partner.known = ['new']
      pass(hour)
      call()
      expect(seen).toEqual(['hotels: old new'])
    } finally {
      stop()
    }
  })
})

describe('a refusal that the clock explains', () => {
  it('is answered with the older key by the right clock, and the next call has the newest again', () => {
    const { call, seen, partner, fallbacks } = setUp()
    partner.known = ['old', 'new']
    expect(call({ isTimely: false })).toBe(true)
    expect(call()).toBe(true)
    expect(seen()).toBe('new old new')
    expect(fallbacks.of('hotels')).toBeUndefined()
  })

  it('fails no call of a partner that does not know the newest key either', () => {
    const { call, seen, fallbacks } = setUp()
    expect(call({ isTimely: false })).toBe(true)
    expect(call()).toBe(true)
    expect(call()).toBe(true)
    expect(seen()).toBe('new old new old old')
    expect(fallbacks.of('hotels')?.since).toBe(start)
  })

  it('says nothing about the newest key when that is tried again', () => {
    const { call, seen, pass, fallbacks, now } = setUp()
    call()
    pass(hour)
    seen()
    expect(call({ isTimely: false })).toBe(true)
    expect(seen()).toBe('new old')
    expect(fallbacks.of('hotels')?.retryAt).toBe(now() + minute)
  })

  it('keeps to the older key where that signs', () => {
    const { call, seen } = setUp()
    call()
    seen()
    expect(call({ isTimely: false })).toBe(true)
    expect(seen()).toBe('old old')
  })
})

describe('when the older key is refused as well', () => {
  it('it is not the key: the newest signs, and the older one is left alone for ten minutes', () => {
    const { call, seen, partner, pass, fallbacks } = setUp()
    partner.known = []
    expect(call()).toBe(false)
    expect(fallbacks.of('hotels')).toBeUndefined()
    expect(call()).toBe(false)
    pass(10 * minute - 1)
    expect(call()).toBe(false)
    expect(seen()).toBe('new old new new new new')
    pass(1)
    partner.known = ['old']
    expect(call()).toBe(true)
    expect(seen()).toBe('new old')
  })

  it('so it is for calls that cannot be repeated', () => {
    const { call, seen, partner } = setUp()
    partner.known = []
    for (let again = 0; again < 4; again += 1) expect(call({ mayRepeat: false })).toBe(false)
    expect(seen()).toBe('new old new new')
  })

  it('so it is after a refusal that the clock explained', () => {
    const { call, seen, partner } = setUp()
    partner.known = ['new']
    expect(call({ isTimely: false })).toBe(false)
    expect(call({ isTimely: false })).toBe(true)
    expect(seen()).toBe('new old new new')
  })

  it('and had been accepted before, the newest is tried within a minute', () => {
    const { call, seen, partner, pass, fallbacks } = setUp()
    call()
    pass(10 * minute)
    partner.known = []
    expect(call()).toBe(false)
    expect(fallbacks.of('hotels')?.retryAt).toBe(start + 11 * minute)
    // It was nothing, or it was that the older key is published no more
    pass(minute)
    seen()
    partner.known = ['new']
    expect(call()).toBe(true)
    expect(seen()).toBe('new')
    expect(fallbacks.of('hotels')).toBeUndefined()
  })

  it('and neither is accepted for hours, a call costs at most two tokens, and mostly one', () => {
    const { call, partner, pass } = setUp()
    call()
    partner.known = []
    partner.seen.length = 0
    for (let second = 0; second < 6 * hour; second += 10) {
      expect(call()).toBe(false)
      pass(10)
    }
    const tries = partner.seen.filter((id) => id === 'new').length
    expect(tries).toBeLessThanOrEqual(6 * 60)
    partner.known = ['old']
    expect(call()).toBe(true)
  })

  it('before the newest has been used, it is the newest’s turn', () => {
    const { fallbacks } = setUp()
    const refusal = { keyId: 'old', isTimely: true, isRepeated: false }
    expect(fallbacks.refused('hotels', refusal)).toBe('new')
    expect(fallbacks.of('hotels')).toBeUndefined()
  })
})

describe('keys that come and go', () => {
  it('a retired newest key ends the fallback, and so does a retired older one', () => {
    for (const [gone, left] of [
      ['new', 'old'],
      ['old', 'new'],
    ] as const) {
      const { call, ring, fallbacks, keyFor, now } = setUp()
      call()
      ring.retire(gone, now())
      expect(fallbacks.of('hotels')).toBeUndefined()
      expect(keyFor()).toBe(left)
      expect(fallbacks.isAny()).toBe(false)
    }
  })

  it('a key that is retired meanwhile is in nobody’s way', () => {
    const { call, ring, fallbacks, now } = setUp()
    call()
    ring.retire('new', now())
    const refusal = { keyId: undefined, isTimely: true, isRepeated: false }
    expect(fallbacks.refused('hotels', refusal)).toBe('old')
  })

  it('a third key is tried at once, and until it is accepted the one that was last accepted signs', () => {
    const { call, seen, ring, partner, pass, fallbacks } = setUp()
    call()
    ring.add(key('third', start + hour))
    pass(hour)
    seen()
    expect(call({ mayRepeat: false })).toBe(true)
    expect(call()).toBe(true)
    expect(call()).toBe(true)
    expect(seen()).toBe('old third old old')
    expect(fallbacks.of('hotels')).toMatchObject({ from: 'third', to: 'old', since: start })
    partner.known = ['third']
    pass(2 * hour)
    expect(call()).toBe(true)
    expect(fallbacks.of('hotels')).toBeUndefined()
  })

  it('a key is gone back to that was accepted last, and none before that', () => {
    const keys = [key('first', 0), key('second', start - day), key('third', start)]
    const { call, seen, fallbacks } = setUp(...keys)
    expect(fallbacks.before('hotels', 'third')).toBe('second')
    expect(call()).toBe(false)
    expect(call()).toBe(false)
    expect(seen()).toBe('third second third third')
  })

  it('the token of the key that is gone back to will do while the newest has none', () => {
    const { call, ring, fallbacks, pass } = setUp()
    expect(fallbacks.before('hotels', 'new')).toBe('old')
    expect(fallbacks.before('hotels', 'old')).toBeUndefined()
    call()
    ring.add(key('third', start + hour))
    expect(fallbacks.before('hotels', 'third')).toBeUndefined()
    pass(hour)
    expect(fallbacks.before('hotels', 'third')).toBe('old')
    expect(fallbacks.before('air', 'third')).toBe('new')
  })

  it('a partner that is another one by now is nothing known of', () => {
    const { call, fallbacks, keyFor } = setUp()
    call()
    fallbacks.forget('hotels')
    expect(keyFor()).toBe('new')
  })
})

describe('a clock that is set back', () => {
  it('does not put off the next try', () => {
    const { call, seen, pass, fallbacks, partner, ring } = setUp(
      key('old', Number.NEGATIVE_INFINITY),
      key('new', start - 10 * day),
    )
    call()
    partner.known = ['old', 'new']
    pass(-9 * day)
    seen()
    expect(call()).toBe(true)
    expect(seen()).toBe('new')
    expect(fallbacks.of('hotels')).toBeUndefined()
    expect(ring.list()).toHaveLength(2)
  })
})

describe('whatever is called when', () => {
  const steps = fc.array(
    fc.record({
      pass: fc.oneof(fc.nat(120), fc.nat(2 * hour), fc.nat(2 * day)),
      mayRepeat: fc.boolean(),
    }),
    { minLength: 1, maxLength: 60 },
  )

  it('no call fails that can be repeated, and of the others one at most', () => {
    fc.assert(
      fc.property(steps, fc.nat(30 * day), (calls, freshAfter) => {
        const { call, pass, partner, now, keyFor } = setUp()
        let refused = 0
        let passed = 0
        for (const { pass: seconds, mayRepeat } of calls) {
          if (passed + seconds > 30 * day) break
          pass(seconds)
          passed += seconds
          if (passed >= freshAfter) partner.known = ['old', 'new']
          if (call({ mayRepeat })) continue
          expect(mayRepeat).toBe(false)
          refused += 1
        }
        expect(refused).toBeLessThanOrEqual(1)
        const tries = partner.seen.filter((id) => id === 'new').length
        if (!partner.known.includes('new')) expect(tries).toBeLessThanOrEqual(6 + passed / day)
        // And it comes to an end
        partner.known = ['new', 'old']
        pass(day)
        expect(call()).toBe(true)
        expect(keyFor(false)).toBe('new')
        expect(now()).toBeGreaterThan(start)
      }),
      { numRuns: 300 },
    )
  })

  it('what signs is in the ring, and is the active key where the others are retired', () => {
    const ids = ['old', 'new', 'third', 'fourth']
    const anything = fc.array(
      fc.oneof(
        fc.record({ pass: fc.nat(2 * day) }),
        fc.record({ known: fc.subarray(ids) }),
        fc.record({ call: fc.boolean(), isTimely: fc.boolean() }),
        fc.record({ retire: fc.constantFrom(...ids) }),
        fc.record({ add: fc.constantFrom('third', 'fourth'), in: fc.nat(2 * day) }),
      ),
      { maxLength: 80 },
    )
    const quietly = (fn: () => void) => {
      try {
        fn()
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_INVALID_OPTION' })
      }
    }
    fc.assert(
      fc.property(anything, (todo) => {
        const { ring, partner, pass, call, keyFor, now, fallbacks } = setUp(
          key('old', Number.NEGATIVE_INFINITY),
          key('new', start),
        )
        for (const step of todo) {
          if ('pass' in step) pass(step.pass)
          else if ('known' in step) partner.known = step.known
          else if ('retire' in step) quietly(() => ring.retire(step.retire, now()))
          else if ('add' in step) quietly(() => ring.add(key(step.add, now() + step.in)))
          else call({ mayRepeat: step.call, isTimely: step.isTimely })
          for (const mayProbe of [false, true]) {
            const signs = ring.get(keyFor(mayProbe))
            expect(signs?.activeFrom).toBeLessThanOrEqual(ring.active(now()).activeFrom)
          }
          const fallback = fallbacks.of('hotels')
          if (fallback) expect(fallback.from).toBe(ring.active(now()).id)
        }
      }),
      { numRuns: 300 },
    )
  })
})
