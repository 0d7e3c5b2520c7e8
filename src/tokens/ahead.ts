import type { Clock } from './clock.js'
import type { Token } from './token.js'

/** Seconds of signing at a stretch. */
const slice = 0.002
/** Mints of a remote signer that are under way at once. */
const concurrency = 8

/**
 * Mints for all of these, in slices that leave the event loop free.
 *
 * @throws the first failure, once all were tried.
 * @internal
 */
export async function mintAhead<T>(
  targets: readonly T[],
  mint: (target: T) => Token | Promise<Token>,
  clock: Clock,
): Promise<void> {
  const failures: unknown[] = []
  const waiting = new Set<Promise<unknown>>()
  let sliceEnd = clock.monotonic() + slice
  for (const target of targets) {
    try {
      const token = mint(target)
      if (token instanceof Promise) {
        const settled: Promise<unknown> = token
          .catch((error: unknown) => failures.push(error))
          .finally(() => waiting.delete(settled))
        waiting.add(settled)
      }
    } catch (error) {
      failures.push(error)
    }
    if (waiting.size >= concurrency) await Promise.race(waiting)
    if (clock.monotonic() < sliceEnd) continue
    await new Promise((resolve) => setImmediate(resolve))
    sliceEnd = clock.monotonic() + slice
  }
  await Promise.all(waiting)
  if (failures.length > 0) throw failures[0]
}
