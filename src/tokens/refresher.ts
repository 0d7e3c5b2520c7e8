import type { MintRequest } from './claims.js'
import type { Clock, Moment } from './clock.js'

/** What can be refreshed behind traffic. @internal */
interface Refreshable {
  readonly request: MintRequest
}

/** How a refresh behind traffic goes. */
interface Progress {
  /** A successor is being minted, or about to be. */
  isUnderWay: boolean
  failures: number
  /** Epoch seconds: none before. */
  retryAt: number
}

/** A refresh to be made, and the moment that called for it. */
interface Due<E> extends Moment {
  readonly entry: E
  readonly progress: Progress
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
  // Apart from the entries, of which few are ever in it
  const progress = new WeakMap<E, Progress>()

  /** Mints a successor once the present call has returned; this call and others keep the token. */
  const refreshBehind = (entry: E, now: number) => {
    const own = progress.get(entry) ?? { isUnderWay: false, failures: 0, retryAt: 0 }
    if (own.isUnderWay || now < own.retryAt) return
    own.isUnderWay = true
    progress.set(entry, own)
    const task = { entry, progress: own, now, monotonic: clock.monotonic() }
    if (due.push(task) === 1) setImmediate(refreshDue)
  }

  /** Refreshes in slices, so that many tokens due at once do not hold up the event loop. */
  const refreshDue = () => {
    const sliceEnd = clock.monotonic() + slice
    while (due.length > 0 && clock.monotonic() < sliceEnd) attempt(due.shift() as Due<E>)
    if (due.length > 0) setImmediate(refreshDue)
  }

  const attempt = (task: Due<E>) => {
    const { entry, progress: own } = task
    if (!isDue(entry)) {
      own.isUnderWay = false
      return
    }
    try {
      const result = refresh(entry)
      if (!(result instanceof Promise)) return
      // It may have been discarded while it was under way, and the entry be due again
      const end = () => {
        own.isUnderWay = false
      }
      result.then(end, () => backOff(task))
    } catch {
      backOff(task)
    }
  }

  const backOff = ({ entry, progress: own, now, monotonic }: Due<E>) => {
    // Exponential with jitter, and short beside the token's life, or it would outlast the token
    const life = entry.request.lifetime
    const wait = Math.min(60, life / 20, Math.min(1, life / 100) * 2 ** own.failures)
    const waited = clock.monotonic() - monotonic
    own.failures += 1
    own.retryAt = now + waited + wait * (0.5 + random() / 2)
    own.isUnderWay = false
  }

  return { refreshBehind }
}
