import { createHash, type KeyObject, verify } from 'node:crypto'
import { describe, isOrgidAuthError, OrgidAuthError, type OrgidErrorCode } from '../errors.js'
import { loadPublicKey, type PublicKeyInput } from '../keys/public.js'
import { invalidOption, readOptions } from '../options.js'
import { attempt } from './attempts.js'
import { createBreaker } from './breaker.js'
import { fromDer } from './der.js'
import { type RemoteSignerOptions, readRemoteOptions, remoteOptionNames } from './remote-options.js'
import { type Signer, toLowS } from './signer.js'
import { createSlots } from './slots.js'

export type { RemoteSignerOptions } from './remote-options.js'

/** A key in a service that signs on request. */
export interface RemoteKey extends RemoteSignerOptions {
  /** The service, for messages: 'AWS KMS'. */
  readonly service: string
  readonly publicKey: PublicKeyInput
  /**
   * Asks the service once. `digest` is the SHA-256 of `input`, for a service that takes that.
   *
   * @param context `signal` aborts when the answer is no longer wanted.
   * @returns r || s or DER, with either s.
   */
  sign(
    request: { readonly input: Uint8Array; readonly digest: Uint8Array },
    context: { readonly signal: AbortSignal },
  ): Promise<Uint8Array>
  /** Whether another attempt can succeed: throttled, reset, 5xx. Default: none can. */
  isTransient?(error: unknown): boolean
}

/**
 * A {@link Signer} over a key that lives in a service, with what any of them needs: a deadline for
 * each attempt, repetition of what can succeed, a cap on concurrency, a pause after failed calls
 * in a row, 64 bytes with low s whatever the service returns, and a check of every signature with
 * the public key.
 *
 * @throws OrgidAuthError `ERR_INVALID_OPTION`, `ERR_INVALID_KEY`, `ERR_KEY_CURVE`. Its `sign`
 *   rejects with `ERR_SIGNER_FAILED`, `ERR_SIGNER_TIMEOUT`, `ERR_INVALID_SIGNATURE`, and with
 *   `ERR_SIGNER_UNAVAILABLE` during that pause, without asking the service.
 */
export function remoteSigner(key: RemoteKey): Signer {
  const own = readOptions<RemoteKey>(
    key,
    ['service', 'publicKey', 'sign', 'isTransient', ...remoteOptionNames],
    'key',
  )
  const service = readText(own.service, 'service', "the service's name, such as 'AWS KMS'")
  const ask = readFunction(own.sign, 'sign')
  const isTransient = own.isTransient ? readFunction(own.isTransient, 'isTransient') : () => false
  const publicKey = loadPublicKey(own.publicKey as PublicKeyInput, 'publicKey')
  const { attemptTimeout, attempts, concurrency } = readRemoteOptions(own)

  const slots = createSlots(concurrency)
  const breaker = createBreaker({ service })

  const sign: Signer['sign'] = async (input, { signal }) => {
    breaker.check()
    await slots.take(signal)
    const takenAt = performance.now()
    const hadItsTime = () => performance.now() - takenAt >= attemptTimeout * 1_000
    try {
      const call = async () => {
        const digest = createHash('sha256').update(input).digest()
        const returned = await attempt(
          {
            service,
            wanted: 'a signature',
            attemptTimeout,
            attempts,
            secret: input,
            ask: (context) => ask({ input, digest }, context),
            isTransient,
          },
          signal,
        )
        return checked(returned, input, publicKey, service)
      }
      // A caller's deadline may have run out in line
      return await breaker.run(call, (error) =>
        signal?.aborted && error === signal.reason
          ? isDeadline(error) && hadItsTime()
          : isOrgidAuthError(error) && failures.has(error.code),
      )
    } finally {
      slots.release()
    }
  }
  return Object.freeze({ alg: 'ES256K', publicKey, sign })
}

function readText(value: unknown, where: string, expected: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw invalidOption(where, expected, describe(value))
}

function readFunction<T>(value: T | undefined, where: string): T {
  if (typeof value === 'function') return value
  throw invalidOption(where, 'a function', describe(value))
}

const failures: ReadonlySet<string> = new Set<OrgidErrorCode>([
  'ERR_SIGNER_FAILED',
  'ERR_SIGNER_TIMEOUT',
  'ERR_INVALID_SIGNATURE',
])

/** A caller that lost interest says nothing of the service; one that waited too long may. */
function isDeadline(reason: unknown): boolean {
  return isOrgidAuthError(reason)
    ? reason.code === 'ERR_SIGNER_TIMEOUT'
    : (reason as Error | undefined)?.name === 'TimeoutError'
}

/** 64 bytes with low s, of this key. */
function checked(
  returned: unknown,
  input: Uint8Array,
  publicKey: KeyObject,
  service: string,
): Uint8Array {
  const signature = toLowS(normalised(returned, service))
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
  if (verify('sha256', input, key, signature)) return signature
  throw new OrgidAuthError(
    'ERR_INVALID_SIGNATURE',
    `${service}: expected a signature by the key whose public half the signer has, got one that does not verify. It may be by another key or key version, over another input (a digest where the message is meant, or hashed twice), or damaged on its way`,
  )
}

function normalised(returned: unknown, service: string): Uint8Array {
  if (returned instanceof Uint8Array) {
    // A DER signature of 64 bytes needs five bytes of zeros at the head of r and s: it never is one
    const signature = returned.length === 64 ? new Uint8Array(returned) : fromDer(returned)
    if (signature !== undefined) return signature
  }
  const got =
    returned instanceof Uint8Array
      ? `${returned.length} bytes that are neither`
      : describe(returned)
  throw new OrgidAuthError(
    'ERR_INVALID_SIGNATURE',
    `${service}: expected a signature as 64 bytes r || s (RFC 7518 3.4) or as DER (RFC 3279 2.2.3), got ${got}`,
  )
}
