import { describe, expect, it } from 'vitest'
import { OrgidAuthError } from '../../src/errors.js'
import { createBreaker } from '../../src/signers/breaker.js'
import { codeOf, gate, refusal } from '../support.js'

const failed = new OrgidAuthError('ERR_SIGNER_FAILED', 'HSM: it is on fire')

function setUp() {
  const clock = { seconds: 0 }
  const { check, run } = createBreaker({
    service: 'HSM',
    monotonic: () => clock.seconds,
    random: () => 1,
  })
  const breaker = {
    check,
    run: <T>(call: () => Promise<T>) => run(call, (error) => error === failed),
  }
  const fail = () => breaker.run(() => Promise.reject(failed)).catch(() => {})
  const succeed = () => breaker.run(() => Promise.resolve('signature'))
  const isOpen = () => {
    try {
      breaker.check()
      return true
    } catch {
      return false
    }
  }
  return { breaker, clock, fail, succeed, isOpen }
}

describe('createBreaker', () => {
  it('lets calls through until three of them have failed in a row', async () => {
    const { fail, succeed, isOpen } = setUp()
    await fail()
    await fail()
    await succeed()
    await fail()
    await fail()
    expect(isOpen()).toBe(true)
    await fail()
    expect(isOpen()).toBe(false)
  })

  it('says what failed last, and when it asks again, and makes no call', async () => {
    const { breaker, fail } = setUp()
    for (let call = 0; call < 3; call += 1) await fail()
    const error = refusal(() => breaker.check())
    expect(error.code).toBe('ERR_SIGNER_UNAVAILABLE')
    expect(error.message).toMatch(/got 3 failed calls .* asked again in 1\.0 s.*it is on fire/)
    let calls = 0
    const call = async () => {
      calls += 1
    }
    await expect(breaker.run(call)).rejects.toMatchObject({ code: 'ERR_SIGNER_UNAVAILABLE' })
    expect(calls).toBe(0)
  })

  it('lets one call through after the pause, and all of them once that one succeeds', async () => {
    const { breaker, clock, fail, isOpen } = setUp()
    for (let call = 0; call < 3; call += 1) await fail()
    clock.seconds = 1
    expect(isOpen()).toBe(true)
    const probe = gate<string>()
    const probing = breaker.run(() => probe.promise)
    expect(refusal(() => breaker.check()).message).toMatch(/one call asks it now/)
    probe.resolve('signature')
    await probing
    expect(isOpen()).toBe(true)
    await fail()
    await fail()
    expect(isOpen()).toBe(true)
  })

  it('pauses twice as long with each probe that fails, up to 30 s', async () => {
    const { clock, fail, isOpen } = setUp()
    for (let call = 0; call < 3; call += 1) await fail()
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      clock.seconds += seconds - 0.001
      expect(isOpen()).toBe(false)
      clock.seconds += 0.002
      expect(isOpen()).toBe(true)
      await fail()
    }
  })

  it('begins with a short pause again after a success', async () => {
    const { clock, fail, succeed, isOpen } = setUp()
    for (let call = 0; call < 3; call += 1) await fail()
    clock.seconds += 1
    await fail()
    clock.seconds += 2
    await succeed()
    for (let call = 0; call < 3; call += 1) await fail()
    clock.seconds += 1
    expect(isOpen()).toBe(true)
  })

  it('takes the failures of calls that were under way as one', async () => {
    const { breaker, clock, isOpen } = setUp()
    const gates = Array.from({ length: 10 }, () => gate())
    const calls = gates.map(({ promise }) => breaker.run(() => promise).catch(() => {}))
    for (const { reject } of gates) reject(failed)
    await Promise.all(calls)
    expect(isOpen()).toBe(false)
    clock.seconds = 1
    expect(isOpen()).toBe(true)
  })

  it.each([0, 1])(
    'opens at once when a call that was under way succeeds after %i s',
    async (seconds) => {
      const { breaker, clock, fail, isOpen } = setUp()
      const late = gate()
      const call = breaker.run(() => late.promise)
      for (let failure = 0; failure < 3; failure += 1) await fail()
      clock.seconds = seconds
      // After a second this one probes; before, it is refused
      const probe = gate()
      const probing = breaker.run(() => probe.promise).catch(() => {})
      expect(isOpen()).toBe(false)
      late.resolve()
      await call
      expect(isOpen()).toBe(true)
      probe.resolve()
      await probing
    },
  )

  it('learns nothing from a caller that leaves, and lets the next one probe', async () => {
    const { breaker, clock, fail, isOpen } = setUp()
    const leave = () => breaker.run(() => Promise.reject(new Error('left'))).catch(() => {})
    for (let call = 0; call < 10; call += 1) await leave()
    expect(isOpen()).toBe(true)
    for (let call = 0; call < 3; call += 1) await fail()
    clock.seconds = 1
    await leave()
    expect(isOpen()).toBe(true)
  })

  it('hands on what the call gives or throws', async () => {
    const { breaker, succeed } = setUp()
    expect(await succeed()).toBe('signature')
    await expect(breaker.run(() => Promise.reject(failed))).rejects.toBe(failed)
    expect(() => codeOf(() => breaker.check())).toThrow('expected a refusal')
  })
})
