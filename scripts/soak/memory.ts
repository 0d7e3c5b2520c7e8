import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes by which the heap may grow: V8 goes on compiling and optimising for minutes. */
const noise = 2_500_000
/** And the share of what was in use. */
const share = 0.04

/** What is in use after a collection, over a run. */
export interface Memory {
  /** Collects garbage and notes what is left. Nothing should be under way. */
  sample(): Promise<void>
  readonly samples: readonly number[]
}

/** Whether it grew, with the numbers by which that is said. Bytes. */
interface Growth {
  readonly before: number
  readonly after: number
  readonly allowed: number
  readonly isTooMuch: boolean
}

export function createMemory(): Memory {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const samples: number[] = []
  return {
    samples,
    async sample() {
      // Twice, with a turn in between: finalisers of the first free what the second collects
      collect()
      await new Promise((resolve) => setImmediate(resolve))
      collect()
      samples.push(process.memoryUsage().heapUsed)
    },
  }
}

/**
 * The median of the last quarter against that of the second: the first is warming up, when code is
 * compiled and caches fill, and a median does not mind single samples.
 */
export function growthOf(samples: readonly number[]): Growth {
  const quarter = samples.length / 4
  const before = median(samples.slice(Math.floor(quarter), Math.floor(2 * quarter)))
  const after = median(samples.slice(Math.floor(3 * quarter)))
  const allowed = Math.max(noise, share * before)
  return { before, after, allowed, isTooMuch: !(after - before <= allowed) }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
