import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** One thing to measure. */
export interface Row {
  readonly name: string
  /** How many of them one run makes. */
  readonly operations: number
  /** Before each run, and not measured. */
  prepare?(): void
  run(): unknown
}

/** Nanoseconds an operation, by the name of the row and by round. */
export type Timings = ReadonlyMap<string, readonly number[]>

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as (options: { type: 'minor' }) => void

/** Runs all rows once a round, each round in another order. */
export async function interleave(
  rows: readonly Row[],
  { rounds, warmUp }: { readonly rounds: number; readonly warmUp: number },
): Promise<Timings> {
  const timings = new Map<string, number[]>(rows.map(({ name }) => [name, []]))
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const row of shuffled(rows)) {
      row.prepare?.()
      // So that no row pays for what another left behind
      collectGarbage({ type: 'minor' })
      const start = process.hrtime.bigint()
      const result = row.run()
      if (result instanceof Promise) await result
      const taken = Number(process.hrtime.bigint() - start)
      if (round >= 0) timings.get(row.name)?.push(taken / row.operations)
    }
  }
  return timings
}

export function shuffled<T>(items: readonly T[]): readonly T[] {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1))
    const item = result[last] as T
    result[last] = result[other] as T
    result[other] = item
  }
  return result
}
