import type { AxiosStatic } from 'axios'
import type { Call } from './axios-call.js'
import type { Config } from './axios-config.js'

interface SubscribableToken {
  readonly reason?: unknown
  subscribe(listener: () => void): void
  unsubscribe(listener: () => void): void
}

type CanceledErrorConstructor = new (message: null, config: Config) => Error

/**
 * Waits for a token as long as the request may take: `signal`, `cancelToken` and `timeout` cover
 * minting as they cover the request, and what is left of the timeout is the request's.
 *
 * @internal
 */
export function waitWithin<T>(promise: Promise<T>, call: Call): Promise<T> {
  const { config, timeout } = call
  const { library } = call.attachment
  const { signal } = config
  // Not as axios' types have them: `subscribe` is undeclared, and a CanceledError takes no code
  const cancelToken = config.cancelToken as SubscribableToken | undefined
  const CanceledError = library.CanceledError as unknown as CanceledErrorConstructor
  return new Promise<T>((resolve, reject) => {
    let left = false
    const leave = (reason: unknown) => {
      left = true
      reject(reason)
    }
    const canceled = () => leave(cancelToken?.reason ?? new CanceledError(null, config))
    const timer =
      timeout > 0 ? setTimeout(() => leave(timedOut(call, library)), remaining(call)) : undefined
    signal?.addEventListener?.('abort', canceled)
    cancelToken?.subscribe(canceled)
    if (signal?.aborted) canceled()
    promise
      .then((value) => {
        // The config of a request that has ended is the caller's again
        if (!left) spendTimeout(call)
        resolve(value)
      }, reject)
      .finally(() => {
        clearTimeout(timer)
        signal?.removeEventListener?.('abort', canceled)
        cancelToken?.unsubscribe(canceled)
      })
  })
}

/** Leaves the rest of the request what is left of its timeout. @internal */
export function spendTimeout(call: Call): void {
  if (!(call.timeout > 0)) return
  call.restore.set('timeoutErrorMessage', timeoutMessage(call))
  call.restore.set('timeout', remaining(call))
}

/** Milliseconds; 0 would be no timeout at all. */
function remaining({ timeout, startedAt }: Call): number {
  return Math.max(1, timeout - (performance.now() - startedAt))
}

function timedOut(call: Call, { AxiosError }: AxiosStatic): Error {
  const { config } = call
  const code = config.transitional?.clarifyTimeoutError
    ? AxiosError.ETIMEDOUT
    : AxiosError.ECONNABORTED
  return new AxiosError(timeoutMessage(call), code, config)
}

function timeoutMessage({ config, timeout }: Call): string {
  return config.timeoutErrorMessage || `timeout of ${timeout}ms exceeded`
}
