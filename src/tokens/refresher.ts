import type { MintRequest } from './claims.js'
import type { Clock, Moment } from './clock.js'

/** What can be refreshed behind traffic, and how that has gone so far. @internal */
export interface Refreshable {
  readonly request: MintRequest
  /** A successor is being minted, or about to be. */
  refreshing: boolean
  failures: number
  /** Epoch seconds: no refresh behind traffic before. */
  retryAt: number
}

/** A refresh to be made, and the moment that called for it. */
interface Due<E> extends Moment {
  readonly entry: E
}

/** @internal */
export interface RefresherOptions<E extends Refreshable> {
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly isDue: (entry: E) => boolean
  readonly refresh: (entry: E) => unknown
}

/** Seconds of signing at a stretch, when there is more than one token to refresh. */
const slice = 0.002

/** Refreshes behind traffic, and backs off where that fails. @internal */
export function createRefresher<E extends Refreshable>(options: RefresherOptions<E>) {
  const { clock, random, isDue, refresh } = options
  const due: Due<E>[] = []

  /** Mints a successor once the present call has returned; this call and others keep the token. */
  const refreshBehind = (entry: E, now: number) => {
    if (entry.refreshing || now < entry.retryAt) return
    entry.refreshing = true
    if (due.push({ entry, now, monotonic: clock.monotonic() }) === 1) setImmediate(refreshDue)
  }

  /** Refreshes in slices, so that many tokens due at once do not hold up the event loop. */
  const refreshDue = () => {
    const sliceEnd = clock.monotonic() + slice
    while (due.length > 0 && clock.monotonic() < sliceEnd) attempt(due.shift() as Due<E>)
    if (due.length > 0) setImmediate(refreshDue)
  }

  const attempt = (task: Due<E>) => {
    const { entry } = task
    if (!isDue(entry)) {
      entry.refreshing = false
      return
    }
    try {
      const result = refresh(entry)
      if (!(result instanceof Promise)) return
      // It may have been discarded while it was under way, and the entry be due again
      const end = () => {
        entry.refreshing = false
      }
      result.then(end, () => backOff(task))
    } catch {
      backOff(task)
    }
  }

  const backOff = ({ entry, now, monotonic }: Due<E>) => {
    // Exponential with jitter, and short beside the token's life, or it would outlast the token
    const life = entry.request.lifetime
    const wait = Math.min(60, life / 20, Math.min(1, life / 100) * 2 ** entry.failures)
    const waited = clock.monotonic() - monotonic
    entry.failures += 1
    entry.retryAt = now + waited + wait * (0.5 + random() / 2)
    entry.refreshing = false
  }

  return { refreshBehind }
}
