import type { AxiosStatic } from 'axios'
import type { Config, Restore } from './axios-config.js'

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
export function waitWithin<T>(
  promise: Promise<T>,
  config: Config,
  library: AxiosStatic,
  restore: Restore,
): Promise<T> {
  const { signal, timeout = 0 } = config
  // Not as axios' types have them: `subscribe` is undeclared, and a CanceledError takes no code
  const cancelToken = config.cancelToken as SubscribableToken | undefined
  const CanceledError = library.CanceledError as unknown as CanceledErrorConstructor
  const startedAt = performance.now()
  return new Promise<T>((resolve, reject) => {
    let left = false
    const leave = (reason: unknown) => {
      left = true
      reject(reason)
    }
    const canceled = () => leave(cancelToken?.reason ?? new CanceledError(null, config))
    const timer =
      timeout > 0 ? setTimeout(() => leave(timedOut(config, library)), timeout) : undefined
    signal?.addEventListener?.('abort', canceled)
    cancelToken?.subscribe(canceled)
    if (signal?.aborted) canceled()
    promise
      .then((value) => {
        // The config of a request that has ended is the caller's again
        if (timeout > 0 && !left) {
          restore.set('timeoutErrorMessage', timeoutMessage(config))
          restore.set('timeout', Math.max(1, timeout - (performance.now() - startedAt)))
        }
        resolve(value)
      }, reject)
      .finally(() => {
        clearTimeout(timer)
        signal?.removeEventListener?.('abort', canceled)
        cancelToken?.unsubscribe(canceled)
      })
  })
}

function timedOut(config: Config, { AxiosError }: AxiosStatic): Error {
  const code = config.transitional?.clarifyTimeoutError
    ? AxiosError.ETIMEDOUT
    : AxiosError.ECONNABORTED
  return new AxiosError(timeoutMessage(config), code, config)
}

function timeoutMessage({ timeout, timeoutErrorMessage }: Config): string {
  return timeoutErrorMessage || `timeout of ${timeout}ms exceeded`
}
