import { createHash, type KeyObject, randomBytes, verify } from 'node:crypto'
import type { RemoteSignerOptions } from 'orgid-bearer/signers/remote'
import { verifyToken } from 'orgid-bearer/verify'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createOrgidAuth } from '../../src/index.js'
import type { Signer } from '../../src/signers/signer.js'
import { shownBy } from '../secrets.js'
import { did, laterRefusal } from '../support.js'
import type { Fault, StubService } from './key-service.js'
import { startAwsKms } from './stub-aws-kms.js'
import { startAzureKeyVault } from './stub-azure-key-vault.js'
import { startGcpKms, startGcpKmsRest } from './stub-gcp-kms.js'

const starts: Readonly<Record<string, () => Promise<StubService>>> = {
  'AWS KMS': startAwsKms,
  'Google Cloud KMS': startGcpKms,
  'Google Cloud KMS in REST': startGcpKmsRest,
  'Azure Key Vault': startAzureKeyVault,
}

/** Milliseconds: for a busy machine. */
const patient = { timeout: 10_000, interval: 50 }

/** Of the size of a real one, and unlike any other. */
const signingInput = () =>
  Buffer.from(`eyJhbGciOiJFUzI1NksiLCJ0eXAiOiJKV1QifQ.${randomBytes(150).toString('base64url')}`)

describe.each(Object.entries(starts))('a key in %s', (_, start) => {
  let stub: StubService
  beforeAll(async () => {
    stub = await start()
  }, 60_000)
  afterAll(() => stub.close())

  let seen = 0
  let signer: Signer
  const newSigner = async (options?: RemoteSignerOptions) => {
    signer = await stub.signer(options)
    return signer
  }
  const requests = () => stub.service.requests - seen
  const sign = (input: Uint8Array = signingInput(), signal?: AbortSignal) =>
    signer.sign(input, signal ? { signal } : {}) as Promise<Uint8Array>
  const isValid = (input: Uint8Array, signature: Uint8Array, { service } = stub) => {
    const key = { key: service.publicKey, dsaEncoding: 'ieee-p1363' } as const
    return verify('sha256', input, key, signature)
  }

  beforeEach(async () => {
    stub.service.faults.length = 0
    stub.service.always = undefined
    stub.service.delay = 0
    seen = stub.service.requests
    await newSigner()
  })

  it('signs, with the public key of the service', async () => {
    const input = signingInput()
    const signature = await sign(input)
    expect(signature).toHaveLength(64)
    expect(isValid(input, signature)).toBe(true)
    expect((signer.publicKey as KeyObject).equals(stub.service.publicKey)).toBe(true)
    expect(requests()).toBe(1)
    expect(Object.isFrozen(signer)).toBe(true)
  })

  it.each<Fault>(['throttled', 'reset', 'failing'])(
    'signs at the second attempt after one that was %s',
    async (fault) => {
      stub.service.faults.push(fault)
      const input = signingInput()
      expect(isValid(input, await sign(input))).toBe(true)
      expect(requests()).toBe(2)
    },
  )

  it('gives up after as many attempts as there may be', async () => {
    stub.service.always = 'failing'
    expect((await laterRefusal(sign())).message).toMatch(
      /expected a signature, got .* at attempt 3/,
    )
    expect(requests()).toBe(3)
    await newSigner({ attempts: 1 })
    expect((await laterRefusal(sign())).code).toBe('ERR_SIGNER_FAILED')
    expect(requests()).toBe(4)
  })

  it('asks once where the key is disabled', async () => {
    stub.service.faults.push('disabled')
    const error = await laterRefusal(sign())
    expect(error.code).toBe('ERR_SIGNER_FAILED')
    expect(error.message).toMatch(/disabled/i)
    expect(requests()).toBe(1)
  })

  it('waits for an answer no longer than it may, and frees the place in line', async () => {
    await newSigner({ attemptTimeout: 2, attempts: 1, concurrency: 1 })
    stub.service.faults.push('hanging')
    const [first, second] = [sign(), sign()]
    expect((await laterRefusal(first)).code).toBe('ERR_SIGNER_TIMEOUT')
    expect(await second).toHaveLength(64)
  })

  it('asks again where no answer came', async () => {
    await newSigner({ attemptTimeout: 1 })
    stub.service.faults.push('hanging')
    expect(await sign()).toHaveLength(64)
    // Twice, and a third time on a machine with too much to do
    expect(requests()).toBeGreaterThan(1)
  })

  it('gives the low s where the service gives the high one', async () => {
    const input = signingInput()
    const low = await sign(input)
    stub.service.faults.push('high s')
    expect(Buffer.from(await sign(input))).toEqual(Buffer.from(low))
  })

  it.each<[Fault, RegExp]>([
    ['another key', /does not verify.*another key/],
    ['nothing', /got (0 bytes|an empty string)/],
    ['truncated', /that are neither/],
  ])('refuses a signature that is %s, and asks for no other', async (fault, message) => {
    stub.service.faults.push(fault)
    const error = await laterRefusal(sign())
    expect(error.code).toBe('ERR_INVALID_SIGNATURE')
    expect(error.message).toMatch(message)
    expect(requests()).toBe(1)
  })

  it('has no more signatures under way than it may, and makes all of them', async () => {
    // One of its own: what hung in another test may still be under way there
    const other = await start()
    const { service } = other
    const crowded = await other.signer({ concurrency: 3, attemptTimeout: 10 })
    service.delay = 20
    const inputs = Array.from({ length: 20 }, signingInput)
    const signatures = await Promise.all(inputs.map((input) => crowded.sign(input, {})))
    for (const [at, input] of inputs.entries())
      expect(isValid(input, signatures[at] as Uint8Array, other)).toBe(true)
    expect(service.requests).toBe(20)
    expect(service.mostAtOnce).toBe(3)
    await other.close()
  })

  it('leaves with its caller, whether under way or in line', async () => {
    await newSigner({ concurrency: 1 })
    stub.service.faults.push('hanging')
    const callers = [new AbortController(), new AbortController()] as const
    const calls = callers.map((caller) => sign(signingInput(), caller.signal))
    const reasons = [new Error('under way'), new Error('in line')] as const
    const ends = calls.map((call) => call.catch((reason: unknown) => reason))
    await vi.waitFor(() => expect(requests()).toBe(1), patient)
    callers[1].abort(reasons[1])
    callers[0].abort(reasons[0])
    expect(await Promise.all(ends)).toEqual([reasons[0], reasons[1]])
    expect(await sign()).toHaveLength(64)
  })

  it('leaves a service alone that fails again and again, and comes back to it', async () => {
    await newSigner({ attempts: 1 })
    stub.service.always = 'failing'
    for (let call = 0; call < 3; call += 1)
      expect((await laterRefusal(sign())).code).toBe('ERR_SIGNER_FAILED')
    const error = await laterRefusal(sign())
    expect(error.code).toBe('ERR_SIGNER_UNAVAILABLE')
    expect(error.message).toMatch(/The last failure: .*expected a signature/)
    expect(requests()).toBe(3)
    stub.service.always = undefined
    expect(await vi.waitFor(() => sign(), patient)).toHaveLength(64)
    expect(requests()).toBe(4)
  })

  it('shows neither what is to be signed nor the signature in what it throws', async () => {
    // Last of all the reset, which also ends the connections that a client keeps
    const faults: Fault[] = ['throttled', 'failing', 'disabled', 'hanging', 'another key', 'reset']
    for (const fault of faults) {
      await newSigner({ attempts: 1, attemptTimeout: 1 })
      stub.service.faults.push(fault)
      const input = signingInput()
      const digest = createHash('sha256').update(input).digest()
      const shown = shownBy(await laterRefusal(sign(input)))
      const signature = stub.service.sign(digest, fault)
      for (const secret of [input, input.subarray(-20), digest, signature]) {
        for (const encoding of ['latin1', 'base64', 'base64url', 'hex'] as const)
          expect(shown).not.toContain(Buffer.from(secret).toString(encoding))
      }
    }
  })

  it('signs tokens that partners accept, and an outage costs no call', async () => {
    let now = 1_800_000_000
    await newSigner({ attempts: 1 })
    const auth = createOrgidAuth({
      issuer: `${did('a')}#webserver`,
      key: signer,
      partners: [{ name: 'hotels', did: did('b'), origin: 'https://hotels.example' }],
      now: () => now,
    })
    const isAccepted = (value: string) =>
      verifyToken(value, { audience: did('b'), key: stub.service.publicKey, now: () => now })
    const first = await auth.token('hotels')
    expect((await isAccepted(first.value)).claims.iss).toBe(`${did('a')}#webserver`)

    stub.service.always = 'failing'
    now = first.freshUntil + 1
    seen = stub.service.requests
    expect((await auth.token('hotels')).value).toBe(first.value)
    await vi.waitFor(() => expect(auth.status().partners[0]?.lastError).toBeDefined(), patient)
    expect(requests()).toBe(1)
    expect((await auth.token('hotels')).value).toBe(first.value)

    stub.service.always = undefined
    now = first.expiresAt - 60
    await auth.token('hotels')
    const second = await vi.waitFor(async () => {
      const token = await auth.token('hotels')
      expect(token.value).not.toBe(first.value)
      return token
    }, patient)
    expect((await isAccepted(second.value)).claims.aud).toBe(did('b'))
  })
})
