import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { judge } from '../../src/testing/index.js'
import {
  caller,
  chainCaller,
  chainPartner,
  corpus,
  goodClaims,
  goodHeader,
  now,
  organizations,
  partner,
} from './corpus.js'
import { jose1, jose2, verifyCurrent, verifyOlder } from './realVerifiers.js'
import { callerKey, otherKey, signToken } from './tokens.js'

// org.id-auth takes its time from the system alone
beforeAll(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: now * 1000 })
})
afterAll(() => {
  vi.useRealTimers()
})

const keys = { orgJson: organizations }

describe.each(corpus)('a token: $title', ({ token, audience, requiredScope, accepted }) => {
  const presented = { token, audience, organizations }
  const rules = { did: audience, keys, now, ...(requiredScope && { requiredScope }) }

  it('is to the older profile what it is to jose 1 and jose 2', () => {
    const verdicts = {
      jose1: verifyOlder(jose1, presented, now).accepted,
      jose2: verifyOlder(jose2, presented, now).accepted,
      judged: judge('older', token, rules).accepted,
    }
    expect(verdicts).toEqual({
      jose1: accepted.older,
      jose2: accepted.older,
      judged: accepted.older,
    })
  })

  it('is to the current profile what it is to org.id-auth', async () => {
    const verdicts = {
      orgIdAuth: (await verifyCurrent(presented, requiredScope)).accepted,
      judged: judge('current', token, rules).accepted,
    }
    expect(verdicts).toEqual({ orgIdAuth: accepted.current, judged: accepted.current })
  })
})

describe('the profiles', () => {
  const absent = fc.constant(undefined)
  const odd = fc.constantFrom<unknown>(null, '', 'x', 0, -1, true, [], {}, ['x'], [1])
  const mostly = <T>(value: T) => ({ weight: 12, arbitrary: fc.constant(value) })
  const time = fc.oneof(
    mostly(now),
    { weight: 12, arbitrary: fc.constantFrom(now - 900, now - 1, now + 1, now + 0.5, now + 900) },
    absent,
    odd,
  )
  const header = fc.record({
    alg: fc.oneof(mostly('ES256K'), fc.constantFrom('ES256', 'none', 'HS256'), absent, odd),
    typ: fc.oneof(mostly('JWT'), fc.constantFrom('jwt', 'application/JWT', 'JWS'), absent, odd),
    crit: fc.oneof(mostly(undefined), fc.constantFrom<unknown>(['b64'], ['b64', 'x']), odd),
    b64: fc.oneof(mostly(undefined), fc.boolean()),
  })
  const claims = fc.record({
    iss: fc.oneof(
      mostly(goodClaims.iss),
      fc.constantFrom(...['key1', 'key-1', 'other', 'none'].map((name) => `${caller}#${name}`)),
      fc.constant(`${chainCaller}#webserver`),
      absent,
      odd,
    ),
    aud: fc.oneof(
      mostly<unknown>(partner),
      fc.constantFrom<unknown>([partner], [partner, 1], chainPartner, `${partner}#x`),
      absent,
      odd,
    ),
    exp: time,
    iat: time,
    nbf: fc.oneof(mostly(undefined), time),
    jti: fc.oneof(mostly(undefined), odd),
    sub: fc.oneof(mostly(undefined), odd),
    scope: fc.oneof(
      mostly('["a"]'),
      fc.constantFrom<unknown>('a', '["a","b"]', ['a']),
      absent,
      odd,
    ),
  })
  const parts = fc.record({
    header,
    claims,
    key: fc.oneof(mostly(callerKey), fc.constant(otherKey)),
  })

  it('say what the real verifiers say of any other token', async () => {
    let acceptances = 0
    const property = fc.asyncProperty(
      parts,
      fc.constantFrom(undefined, ['a']),
      async (tokenParts, requiredScope) => {
        const token = signToken(tokenParts)
        const presented = { token, audience: partner, organizations }
        const rules = { did: partner, keys, now, ...(requiredScope && { requiredScope }) }
        const real = {
          jose1: verifyOlder(jose1, presented, now).accepted,
          jose2: verifyOlder(jose2, presented, now).accepted,
          current: (await verifyCurrent(presented, requiredScope)).accepted,
        }
        const older = judge('older', token, rules).accepted
        const current = judge('current', token, rules).accepted
        expect({ jose1: older, jose2: older, current }).toEqual(real)
        acceptances += Number(older) + Number(current)
      },
    )
    await fc.assert(property, { numRuns: 300 })
    expect(acceptances).toBeGreaterThan(30)
  }, 60_000)

  it('count whole seconds as the real verifiers do', async () => {
    const token = signToken({ claims: { ...goodClaims, exp: now + 0.5 } })
    const presented = { token, audience: partner, organizations }
    vi.setSystemTime((now + 0.7) * 1000)
    const verdicts = [
      verifyOlder(jose1, presented, now + 0.7),
      verifyOlder(jose2, presented, now + 0.7),
      await verifyCurrent(presented),
    ]
    vi.setSystemTime(now * 1000)
    expect(verdicts.map(({ accepted }) => accepted)).toEqual([true, true, true])
  })

  it('give the claims that the real verifiers give', async () => {
    const token = signToken({ header: goodHeader, claims: goodClaims })
    const presented = { token, audience: partner, organizations }
    const rules = { did: partner, keys, now }
    const verdict = { accepted: true, claims: goodClaims }
    expect(verifyOlder(jose1, presented, now)).toEqual(verdict)
    expect(verifyOlder(jose2, presented, now)).toEqual(verdict)
    expect(await verifyCurrent(presented)).toEqual(verdict)
    expect(judge('older', token, rules)).toEqual(verdict)
    expect(judge('current', token, rules)).toEqual(verdict)
  })
})
