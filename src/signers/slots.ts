/** Lets only so many in at once; the others wait in line. @internal */
export interface Slots {
  /** Waits for a slot, but no longer than until `signal` aborts: then rejects with its reason. */
  take(signal: AbortSignal | undefined): Promise<void>
  /** Gives it to the one that has waited longest. */
  release(): void
}

/** @internal */
export function createSlots(count: number): Slots {
  let free = count
  const waiting = new Set<() => void>()

  const take = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      if (free > 0) {
        free -= 1
        return resolve()
      }
      const enter = () => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        waiting.delete(enter)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', leave, { once: true })
      waiting.add(enter)
    })

  const release = () => {
    const [next] = waiting
    if (next === undefined) {
      free += 1
      return
    }
    waiting.delete(next)
    next()
  }

  return { take, release }
}
