import { createHash, generateKeyPairSync, type KeyObject, randomBytes, verify } from 'node:crypto'
import { type RemoteKey, remoteSigner } from 'orgid-bearer/signers/remote'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createOrgidAuth, localSigner, OrgidAuthError } from '../../src/index.js'
import { secretParts, shownBy } from '../secrets.js'
import { codeOf, did, gate, refusal, settle } from '../support.js'
import { toDer } from './key-service.js'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const local = localSigner(privateKey, { backend: 'noble' })
const input = Buffer.from(`header.${randomBytes(100).toString('base64url')}`)
const signatureOf = (of: Uint8Array = input) => local.sign(of, {}) as Uint8Array

type Sign = RemoteKey['sign']
const signer = (sign: Sign, options: Partial<RemoteKey> = {}) =>
  remoteSigner({ service: 'HSM', publicKey, sign, ...options })
const signs: Sign = async (request) => signatureOf(request.input)
const never = () => new Promise<never>(() => {})
const code = (error: { code?: unknown }) => error.code

describe('remoteSigner', () => {
  afterEach(() => {
    vi.useRealTimers()
    delete (Object.prototype as Record<string, unknown>).attempts
  })

  it('hands on what is to be signed and its SHA-256, and gives the signature', async () => {
    const seen: Parameters<Sign>[] = []
    const remote = signer(async (...args) => {
      seen.push(args)
      return signatureOf()
    })
    expect(await remote.sign(input, {})).toEqual(signatureOf())
    const [[request, context]] = seen as [Parameters<Sign>]
    expect(request.input).toBe(input)
    expect(Buffer.from(request.digest)).toEqual(createHash('sha256').update(input).digest())
    expect(context.signal.aborted).toBe(false)
    expect(seen).toHaveLength(1)
  })

  it('is frozen, for ES256K, and has the public key as a KeyObject', () => {
    const remote = signer(signs, { publicKey: publicKey.export({ format: 'jwk' }) })
    expect(Object.isFrozen(remote)).toBe(true)
    expect(Object.keys(remote)).toEqual(['alg', 'publicKey', 'sign'])
    expect(remote.alg).toBe('ES256K')
    expect((remote.publicKey as KeyObject).equals(publicKey)).toBe(true)
  })

  it.each([
    ['DER', (raw: Uint8Array) => toDer(raw)],
    ['a Buffer', (raw: Uint8Array) => Buffer.from(raw)],
    [
      'part of a larger buffer',
      (raw: Uint8Array) => Buffer.concat([Buffer.alloc(9), raw]).subarray(9),
    ],
  ])('gives 64 bytes where it gets %s', async (_, convert) => {
    const signature = await signer(async () => convert(signatureOf())).sign(input, {})
    expect(signature).toEqual(signatureOf())
  })

  it('gives bytes of its own, which the client cannot change any more', async () => {
    const returned = Buffer.from(signatureOf())
    const signature = await signer(async () => returned).sign(input, {})
    returned.fill(0)
    expect(signature).toEqual(signatureOf())
  })

  it.each<[string, unknown, RegExp]>([
    ['no bytes', new Uint8Array(), /0 bytes/],
    ['63 bytes', new Uint8Array(63), /63 bytes/],
    ['text', 'c2ln', /a string of 4 characters/],
    ['nothing', undefined, /undefined/],
    ['an object', { signature: new Uint8Array(64) }, /an object/],
    ['zeros', new Uint8Array(64), /does not verify/],
    ['r and s beyond the order', new Uint8Array(64).fill(0xff), /does not verify/],
    ['a signature of something else', signatureOf(Buffer.from('else')), /does not verify/],
  ])('refuses %s for a signature', async (_, returned, message) => {
    const error = signer(async () => returned as Uint8Array).sign(input, {})
    await expect(error).rejects.toMatchObject({ code: 'ERR_INVALID_SIGNATURE', message })
  })

  it('repeats nothing unless it is told what can succeed', async () => {
    let calls = 0
    const fails = async () => {
      calls += 1
      throw Object.assign(new Error('busy'), { code: 'EBUSY' })
    }
    await expect(signer(fails).sign(input, {})).rejects.toMatchObject({
      code: 'ERR_SIGNER_FAILED',
      message: 'HSM: expected a signature, got EBUSY: busy',
    })
    expect(calls).toBe(1)
    const isTransient = (error: unknown) => code(error as object) === 'EBUSY'
    const twice = signer(fails, { isTransient, attempts: 2 }).sign(input, {})
    await expect(twice).rejects.toMatchObject({ message: /at attempt 2$/ })
    expect(calls).toBe(3)
  })

  it('takes an error that is thrown at once as it takes a rejection', async () => {
    const throws: Sign = () => {
      throw new Error('not connected')
    }
    await expect(signer(throws).sign(input, {})).rejects.toMatchObject({
      code: 'ERR_SIGNER_FAILED',
      message: /not connected/,
    })
  })

  it('gives up at the deadline, tells the client so, and waits for it no longer', async () => {
    const signals: AbortSignal[] = []
    const hangs: Sign = (_, { signal }) => {
      signals.push(signal)
      return never()
    }
    const remote = signer(hangs, { attemptTimeout: 0.02, attempts: 2, concurrency: 1 })
    const calls = [remote.sign(input, {}), remote.sign(input, {})]
    for (const call of calls)
      await expect(call).rejects.toMatchObject({
        code: 'ERR_SIGNER_TIMEOUT',
        message: /within 0\.02 s/,
      })
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true, true])
    expect(new Set(signals).size).toBe(4)
  })

  it('handles what a client does after the deadline', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const late = gate<Uint8Array>()
    const remote = signer(() => late.promise, { attemptTimeout: 0.01, attempts: 1 })
    await expect(remote.sign(input, {})).rejects.toMatchObject({ code: 'ERR_SIGNER_TIMEOUT' })
    late.reject(new Error('too late'))
    await settle()
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  it('serves those who wait in their order, and passes over those who left', async () => {
    const gates: (() => void)[] = []
    const order: string[] = []
    const remote = signer(
      async (request) => {
        order.push(Buffer.from(request.input).toString())
        await new Promise<void>((resolve) => gates.push(resolve))
        return signatureOf(request.input)
      },
      { concurrency: 1 },
    )
    const leaving = new AbortController()
    const sign = (text: string, signal?: AbortSignal) =>
      remote.sign(Buffer.from(text), signal ? { signal } : {}) as Promise<Uint8Array>
    const calls = [sign('a'), sign('b', leaving.signal), sign('c'), sign('d')]
    const left = expect(calls[1]).rejects.toThrow('left')
    await settle()
    leaving.abort(new Error('left'))
    await left
    for (const _ of ['a', 'c', 'd']) {
      await settle()
      gates.shift()?.()
    }
    await Promise.all([calls[0], calls[2], calls[3]])
    expect(order).toEqual(['a', 'c', 'd'])
  })

  it('asks nobody for a caller that has left already, or leaves at once', async () => {
    const sign = vi.fn(signs)
    const remote = signer(sign)
    const reason = new Error('left')
    const left = remote.sign(input, { signal: AbortSignal.abort(reason) })
    await expect(left).rejects.toBe(reason)
    const caller = new AbortController()
    const leaving = remote.sign(input, { signal: caller.signal })
    caller.abort(reason)
    await expect(leaving).rejects.toBe(reason)
    expect(sign).not.toHaveBeenCalled()
  })

  it('puts nobody in line who has left already', async () => {
    const remote = signer(never, { concurrency: 1 })
    const caller = new AbortController()
    const reason = new Error('left')
    const first = expect(remote.sign(input, { signal: caller.signal })).rejects.toBe(reason)
    const left = remote.sign(input, { signal: AbortSignal.abort(reason) })
    await expect(left).rejects.toBe(reason)
    caller.abort(reason)
    await first
  })

  it('leaves between two attempts, too', async () => {
    const caller = new AbortController()
    const reason = new Error('left')
    let calls = 0
    const fails = async () => {
      calls += 1
      setImmediate(() => caller.abort(reason))
      throw new Error('busy')
    }
    // The first pause is drawn from 0 to 0.1 s; this one is the longest
    vi.spyOn(Math, 'random').mockReturnValue(0.999)
    const remote = signer(fails, { isTransient: () => true })
    await expect(remote.sign(input, { signal: caller.signal })).rejects.toBe(reason)
    expect(calls).toBe(1)
  })

  it('keeps no listener on the signal of its caller', async () => {
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    const remote = signer(signs, { concurrency: 1 })
    await Promise.all([remote.sign(input, { signal }), remote.sign(input, { signal })])
    expect(added).toHaveBeenCalled()
    for (const [event, listener] of added.mock.calls)
      expect(removed).toHaveBeenCalledWith(event, listener)
  })

  /** As the minter and as `AbortSignal.timeout` put it, and as one who lost interest does. */
  const deadlines = [
    new OrgidAuthError('ERR_SIGNER_TIMEOUT', 'too late'),
    new DOMException('too late', 'TimeoutError'),
  ]
  const leaves = async (remote: ReturnType<typeof signer>, reason: Error, seconds: number) => {
    const caller = new AbortController()
    const end = expect(remote.sign(input, { signal: caller.signal })).rejects.toBe(reason)
    await settle()
    vi.advanceTimersByTime(seconds * 1_000)
    caller.abort(reason)
    await end
  }

  it.each(deadlines)(
    'counts a caller’s deadline against a service that had its time: %s',
    async (reason) => {
      vi.useFakeTimers({ toFake: ['performance'] })
      const remote = signer(never, { attemptTimeout: 2 })
      for (let call = 0; call < 3; call += 1) await leaves(remote, reason, 2)
      await expect(remote.sign(input, {})).rejects.toMatchObject({ code: 'ERR_SIGNER_UNAVAILABLE' })
    },
  )

  it.each([
    ...deadlines.map((reason) => [reason, 1.9] as const),
    [new Error('left'), 1.9] as const,
    [new Error('left'), 2] as const,
  ])('counts nothing against it where a caller leaves: %s after %d s', async (reason, seconds) => {
    vi.useFakeTimers({ toFake: ['performance'] })
    let answer: Sign = never
    const remote = signer((...args) => answer(...args), { attemptTimeout: 2 })
    for (let call = 0; call < 5; call += 1) await leaves(remote, reason, seconds)
    answer = signs
    expect(await remote.sign(input, {})).toEqual(signatureOf())
  })

  it.each(deadlines)('blames no service for the line before it: %s', async (reason) => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const answers: (() => void)[] = []
    const remote = signer(
      async (request) => {
        await new Promise<void>((resolve) => answers.push(resolve))
        return signatureOf(request.input)
      },
      { attemptTimeout: 2, concurrency: 4 },
    )
    const callers = Array.from({ length: 20 }, () => new AbortController())
    const burst = callers.map(({ signal }) => remote.sign(input, { signal }))
    const ends = Promise.allSettled(burst)
    // The second four are served when the deadline comes, and have been for a second
    await settle()
    vi.advanceTimersByTime(2_000)
    for (const give of answers.splice(0)) give()
    await settle()
    vi.advanceTimersByTime(1_000)
    for (const caller of callers) caller.abort(reason)
    const signed = (await ends).filter(({ status }) => status === 'fulfilled')
    expect(signed).toHaveLength(4)
    const next = remote.sign(input, {})
    await settle()
    for (const give of answers) give()
    expect(await next).toEqual(signatureOf())
  })

  it('takes an isTransient that throws for one that says no, and counts the failure', async () => {
    let calls = 0
    const remote = signer(
      () => {
        calls += 1
        return Promise.reject(undefined)
      },
      { isTransient: (error) => (error as { status: number }).status >= 500 },
    )
    for (let call = 0; call < 3; call += 1)
      await expect(remote.sign(input, {})).rejects.toMatchObject({ code: 'ERR_SIGNER_FAILED' })
    await expect(remote.sign(input, {})).rejects.toMatchObject({ code: 'ERR_SIGNER_UNAVAILABLE' })
    expect(calls).toBe(3)
  })

  it('is, left alone, the cause of what a call through an auth fails with', async () => {
    const key = signer(() => Promise.reject(new Error('down')))
    const auth = createOrgidAuth({
      issuer: `${did('a')}#webserver`,
      key,
      partners: [{ name: 'hotels', did: did('b'), origin: 'https://hotels.example' }],
    })
    const causes: unknown[] = []
    for (let call = 0; call < 4; call += 1) {
      const error = await auth.token('hotels').catch((error: unknown) => error)
      expect(code(error as object)).toBe('ERR_SIGNER_FAILED')
      causes.push(code((error as Error).cause as object))
    }
    expect(causes[3]).toBe('ERR_SIGNER_UNAVAILABLE')
  })

  it('refuses those in line as well, once it leaves the service alone', async () => {
    let calls = 0
    const remote = signer(
      async () => {
        calls += 1
        throw new Error('down')
      },
      { concurrency: 1 },
    )
    const waiting = Array.from({ length: 50 }, () => remote.sign(input, {}) as Promise<Uint8Array>)
    const codes = await Promise.all(waiting.map((call) => call.then(() => 'signed', code)))
    expect(codes.slice(0, 3)).toEqual(new Array(3).fill('ERR_SIGNER_FAILED'))
    expect(codes.slice(3)).toEqual(new Array(47).fill('ERR_SIGNER_UNAVAILABLE'))
    expect(calls).toBe(3)
  })

  it('refuses at once, too, while the one call that may ask takes the only place', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    let answer: () => Promise<Uint8Array> = async () => {
      throw new Error('down')
    }
    const remote = signer(() => answer(), { concurrency: 1 })
    for (let call = 0; call < 3; call += 1)
      await expect(remote.sign(input, {})).rejects.toMatchObject({ code: 'ERR_SIGNER_FAILED' })
    vi.advanceTimersByTime(1_000)
    const probe = gate<Uint8Array>()
    answer = () => probe.promise
    const probing = remote.sign(input, {})
    await settle()
    await expect(remote.sign(input, {})).rejects.toMatchObject({ code: 'ERR_SIGNER_UNAVAILABLE' })
    probe.resolve(signatureOf())
    expect(await probing).toEqual(signatureOf())
    expect(await remote.sign(input, {})).toEqual(signatureOf())
  })

  it.each<[string, (request: Parameters<Sign>[0]) => unknown]>([
    ['in its message', ({ input }) => new Error(`cannot sign ${Buffer.from(input)}`)],
    ['in its message, in base64', ({ input }) => new Error(Buffer.from(input).toString('base64'))],
    ['in its properties', (request) => Object.assign(new Error('failed'), { request })],
    ['in its cause', (request) => new Error('failed', { cause: request })],
    [
      'in its name',
      ({ input }) => Object.assign(new Error('x'), { name: String(Buffer.from(input)).slice(-40) }),
    ],
    ['as what is thrown', ({ input }) => Buffer.from(input).toString()],
  ])('shows no part of a token where a client’s error holds it %s', async (_, toError) => {
    let asked = ''
    const key = signer(async (request) => {
      asked = Buffer.from(request.input).toString()
      throw toError(request)
    })
    const auth = createOrgidAuth({
      issuer: `${did('a')}#webserver`,
      key,
      partners: [{ name: 'hotels', did: did('b'), origin: 'https://hotels.example' }],
    })
    const error = await auth.token('hotels').catch((error: unknown) => error)
    expect(code(error as object)).toBe('ERR_SIGNER_FAILED')
    const signature = Buffer.from(signatureOf(Buffer.from(asked))).toString('base64url')
    for (const secret of [...secretParts(`${asked}.${signature}`), asked.slice(-40)])
      expect(shownBy(error)).not.toContain(secret)
  })

  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  it.each<[string, Record<string, unknown>, string]>([
    ['no service', { service: '' }, 'ERR_INVALID_OPTION'],
    ['no function to sign', { sign: 'sign' }, 'ERR_INVALID_OPTION'],
    ['no function for isTransient', { isTransient: true }, 'ERR_INVALID_OPTION'],
    ['no time', { attemptTimeout: 0 }, 'ERR_INVALID_OPTION'],
    ['milliseconds', { attemptTimeout: 2_000 }, 'ERR_INVALID_OPTION'],
    ['no attempt', { attempts: 0 }, 'ERR_INVALID_OPTION'],
    ['half an attempt', { attempts: 1.5 }, 'ERR_INVALID_OPTION'],
    ['no concurrency', { concurrency: 0 }, 'ERR_INVALID_OPTION'],
    ['a misspelt option', { attempt: 2 }, 'ERR_INVALID_OPTION'],
    ['no public key', { publicKey: 'x' }, 'ERR_INVALID_KEY'],
    ['a public key of another curve', { publicKey: p256 }, 'ERR_KEY_CURVE'],
  ])('refuses %s', (_, options, expected) => {
    expect(codeOf(() => signer(signs, options))).toBe(expected)
  })

  it('names the option it refuses', () => {
    expect(refusal(() => signer(signs, { attempts: 11 })).message).toMatch(/^attempts: .*1 to 10/)
  })

  it('takes no option from Object.prototype', async () => {
    ;(Object.prototype as Record<string, unknown>).attempts = 0
    expect(await signer(signs).sign(input, {})).toHaveLength(64)
  })

  it('gives signatures that node:crypto verifies, with low s, over and over', async () => {
    const openssl = localSigner(privateKey, { backend: 'openssl' })
    const remote = signer(async (request) => toDer(await openssl.sign(request.input, {})))
    for (let round = 0; round < 50; round += 1) {
      const message = randomBytes(round)
      const signature = await remote.sign(message, {})
      const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
      expect(verify('sha256', message, key, signature)).toBe(true)
    }
  })
})
