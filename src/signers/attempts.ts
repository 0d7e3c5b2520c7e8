import { isOrgidAuthError, OrgidAuthError } from '../errors.js'
import { describeFailure } from './failure.js'

/** What is asked of a service, and how often. @internal */
export interface Attempts<T> {
  readonly service: string
  /** What is asked for, in words. */
  readonly wanted: string
  /** Seconds for one attempt. */
  readonly attemptTimeout: number
  readonly attempts: number
  /** What an error must not show. */
  readonly secret?: Uint8Array | undefined
  ask(context: { readonly signal: AbortSignal }): T | Promise<T>
  isTransient(error: unknown): boolean
}

/**
 * Asks until there is an answer, another attempt can change nothing, or `signal` aborts. Between
 * attempts it waits: exponentially longer, with full jitter.
 *
 * @throws OrgidAuthError `ERR_SIGNER_FAILED`, `ERR_SIGNER_TIMEOUT`, or the signal's reason.
 * @internal
 */
export async function attempt<T>(options: Attempts<T>, signal?: AbortSignal): Promise<T> {
  const { service, wanted, attempts, secret } = options
  for (let made = 1; ; made += 1) {
    try {
      return await askOnce(options, signal)
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      const isLate = isOrgidAuthError(error) && error.code === 'ERR_SIGNER_TIMEOUT'
      if (made >= attempts || !(isLate || canSucceed(options, error))) {
        if (isOrgidAuthError(error)) throw error
        const count = made > 1 ? `, at attempt ${made}` : ''
        throw new OrgidAuthError(
          'ERR_SIGNER_FAILED',
          `${service}: expected ${wanted}, got ${describeFailure(error, secret)}${count}`,
        )
      }
    }
    await pause(Math.random() * Math.min(longestPause, firstPause * 2 ** (made - 1)), signal)
  }
}

/** An `isTransient` of a user's that throws has not said so. */
function canSucceed(
  { isTransient }: Pick<Attempts<never>, 'isTransient'>,
  error: unknown,
): boolean {
  try {
    return isTransient(error)
  } catch {
    return false
  }
}

/** Seconds. */
const firstPause = 0.1
const longestPause = 1

/** One attempt, with its deadline. What the client does after it is waited for by nobody. */
function askOnce<T>(
  { service, wanted, attemptTimeout, ask }: Attempts<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const attempt = new AbortController()
  return new Promise<T>((resolve, reject) => {
    const giveUp = (reason: unknown) => {
      stop()
      reject(reason)
      attempt.abort(reason)
    }
    const leave = () => giveUp(signal?.reason)
    const timer = setTimeout(() => {
      const late = `${service}: expected ${wanted} within ${attemptTimeout} s, got none. Is it reachable? attemptTimeout sets the limit`
      giveUp(new OrgidAuthError('ERR_SIGNER_TIMEOUT', late))
    }, attemptTimeout * 1_000)
    const stop = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', leave)
    }
    if (signal?.aborted) return leave()
    signal?.addEventListener('abort', leave, { once: true })
    new Promise<T>((answer) => answer(ask({ signal: attempt.signal })))
      .finally(stop)
      .then(resolve, reject)
  })
}

function pause(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', leave)
    }
    const leave = () => {
      end()
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      end()
      resolve()
    }, seconds * 1_000)
    signal?.addEventListener('abort', leave, { once: true })
  })
}
