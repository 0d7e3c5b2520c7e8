import { isOrgidAuthError, OrgidAuthError } from '../errors.js'

/** Keeps calls away from a service that fails, until it may have recovered. @internal */
export interface Breaker {
  /** @throws OrgidAuthError `ERR_SIGNER_UNAVAILABLE` where a call would not be let through. */
  check(): void
  /**
   * Makes the call, and learns from how it ends.
   *
   * @param isFailure whether an error tells of the service, and not of a caller that lost interest.
   * @throws what `check` does, or the call.
   */
  run<T>(call: () => Promise<T>, isFailure: (error: unknown) => boolean): Promise<T>
}

/** @internal */
export interface BreakerOptions {
  readonly service: string
  /** Seconds; never goes back. */
  readonly monotonic?: () => number
  /** Uniform in [0, 1). */
  readonly random?: () => number
}

/** Failed calls in a row: fewer are a coincidence, and throttling meets but some of many. */
const patience = 3
/** Seconds that the first pause lasts at most, and any of them. */
const firstPause = 1
const longestPause = 30

/**
 * After some failed calls in a row no call is let through for a while; then one, whose end
 * decides: success lets all of them through, failure means another pause, twice as long.
 *
 * @internal
 */
export function createBreaker(options: BreakerOptions): Breaker {
  const { service, monotonic = () => performance.now() / 1_000, random = Math.random } = options
  let failures = 0
  let pauses = 0
  let pausedUntil = Number.NEGATIVE_INFINITY
  let isProbing = false
  let lastFailure = ''

  const check = () => {
    const left = pausedUntil - monotonic()
    if (left <= 0 && !isProbing) return
    const next = isProbing ? 'one call asks it now' : `asked again in ${left.toFixed(1)} s`
    throw new OrgidAuthError(
      'ERR_SIGNER_UNAVAILABLE',
      `${service}: expected a signature, got ${failures} failed calls in a row, so it is left alone for a while; ${next}. The last failure: ${lastFailure}`,
    )
  }

  const succeed = () => {
    failures = 0
    pauses = 0
    pausedUntil = Number.NEGATIVE_INFINITY
    isProbing = false
  }

  const fail = (error: unknown) => {
    failures += 1
    lastFailure = isOrgidAuthError(error) ? error.message : 'no answer in time'
    const now = monotonic()
    // Calls that were under way when it began fail too, and say nothing new
    if (failures < patience || now < pausedUntil) return
    const pause = Math.min(longestPause, firstPause * 2 ** pauses)
    pauses += 1
    pausedUntil = now + pause * (0.5 + random() / 2)
  }

  const run: Breaker['run'] = async (call, isFailure) => {
    check()
    const isProbe = failures >= patience
    isProbing = isProbe
    try {
      const result = await call()
      succeed()
      return result
    } catch (error) {
      if (isFailure(error)) fail(error)
      throw error
    } finally {
      if (isProbe) isProbing = false
    }
  }

  return { check, run }
}
