import { randomUUID } from 'node:crypto'
import { OrgidAuthError } from '../errors.js'
import { isInProcess, toLowS } from '../signers/signer.js'
import type { MintRequest } from './claims.js'
import type { Clock } from './clock.js'
import {
  authorizationOf,
  encodePayload,
  encodeSignature,
  sharedInput,
  signingInput,
} from './compact.js'
import type { Keyring } from './keyring.js'
import { freshShare } from './life.js'
import type { ClockOffsets } from './offsets.js'
import { Token } from './token.js'

/**
 * Anything that yields tokens. A cache is a source around another.
 *
 * @internal
 */
export interface TokenSource {
  /**
   * @param previous the token this one replaces: the new one differs from it.
   * @returns the token, or a promise of it where the source cannot answer at once.
   */
  get(request: MintRequest, previous?: Token): Token | Promise<Token>
}

/** @internal */
export interface MinterOptions {
  readonly keyring: Keyring
  readonly clock: Clock
  /** Seconds that `iat` lies before now: one verifier wants it strictly in the past. */
  readonly issuedAtBackdate: number
  /** Seconds a signer may take. */
  readonly signTimeout: number
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Partners' clocks: a token's times are those of the one who reads it. */
  readonly offsets: Pick<ClockOffsets, 'of'>
}

/** The innermost source: signs a new token for each call. @internal */
export function createMinter(options: MinterOptions): TokenSource {
  const { keyring, clock: ourClock, issuedAtBackdate, signTimeout, random, offsets } = options

  const mint = (request: MintRequest, previous?: Token): Token | Promise<Token> => {
    const now = ourClock.now()
    const clock = offsets.of(request.partner)
    const theirs = now + (clock?.offset ?? 0)
    const seconds = Math.floor(theirs)
    const expiresAt = seconds + request.lifetime
    const issuedAt = differ(seconds - issuedAtBackdate, expiresAt, previous)
    const jti = request.singleUse ? randomUUID() : undefined
    const payload = encodePayload(request, { issuedAt, expiresAt }, jti)

    // Of the life that is sure
    const life = expiresAt - theirs - (clock?.doubt ?? 0)
    const freshUntil = now + life * freshShare(random)
    const finish = (signature: Uint8Array): Token =>
      new Token(authorizationOf(payload, encodeSignature(checked(signature))), {
        issuer: request.issuer,
        audience: request.audience,
        scope: request.scope,
        issuedAt,
        freshUntil,
        expiresAt,
        clock,
      })

    const signature = sign(request.keyId, payload)
    return signature instanceof Promise ? signature.then(finish) : finish(signature)
  }

  const sign = (keyId: string, payload: string): Uint8Array | Promise<Uint8Array> => {
    const signer = keyring.get(keyId)?.signer
    if (signer === undefined) {
      throw new OrgidAuthError(
        'ERR_NO_ACTIVE_KEY',
        'the key of this token was retired while it was waited for; call again',
      )
    }
    // A signer in this process has answered before any deadline
    const isOurs = isInProcess(signer)
    const input = isOurs ? sharedInput(payload) : Buffer.from(signingInput(payload), 'latin1')
    const deadline = isOurs ? undefined : new AbortController()
    let result: Uint8Array | PromiseLike<Uint8Array>
    try {
      result = signer.sign(input, deadline === undefined ? {} : { signal: deadline.signal })
    } catch (error) {
      throw signerFailed(error)
    }
    // Ours are never promises, and to look for `then` in bytes takes as long as to encode them
    if (isOurs) return result as Uint8Array
    return isThenable(result) ? within(result, signTimeout, deadline) : result
  }

  return { get: mint }
}

/**
 * A token's `iat`, so that the token differs from the one it replaces. Signatures may be
 * deterministic and times are whole seconds, so two tokens of one second are the same string,
 * unless the second steps back: and a partner that refused a string may go on refusing it.
 */
function differ(issuedAt: number, expiresAt: number, previous: Token | undefined): number {
  if (previous === undefined || previous.expiresAt !== expiresAt) return issuedAt
  return Math.min(issuedAt, previous.issuedAt - 1)
}

function checked(signature: unknown): Uint8Array {
  if (signature instanceof Uint8Array && signature.length === 64) return toLowS(signature)
  const got = signature instanceof Uint8Array ? `${signature.length} bytes` : typeof signature
  const der = signature instanceof Uint8Array && signature.length > 64 && signature[0] === 0x30
  throw new OrgidAuthError(
    'ERR_INVALID_SIGNATURE',
    `signer: expected 64 bytes r || s (RFC 7518 3.4), got ${got}${der ? ' that look like DER; convert them' : ''}`,
  )
}

/** Waits for a signer, but no longer than its deadline; what comes later is dropped. */
function within(
  result: PromiseLike<Uint8Array>,
  seconds: number,
  deadline: AbortController | undefined,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new OrgidAuthError(
        'ERR_SIGNER_TIMEOUT',
        `signer: expected a signature within ${seconds} s, got none. Is the key service reachable? signTimeout sets the limit`,
      )
      reject(error)
      deadline?.abort(error)
    }, seconds * 1_000)
    Promise.resolve(result)
      .then(resolve, (error: unknown) => reject(signerFailed(error)))
      .finally(() => clearTimeout(timer))
  })
}

function signerFailed(cause: unknown): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_SIGNER_FAILED',
    'signer: expected a signature, got an error; see its cause',
    { cause },
  )
}

function isThenable(value: unknown): value is PromiseLike<Uint8Array> {
  return typeof (value as PromiseLike<unknown> | null)?.then === 'function'
}
