/** A median, and the interval that holds it with 95 % confidence. */
export interface Estimate {
  readonly median: number
  readonly low: number
  readonly high: number
}

/**
 * The interval is that of order statistics, which supposes nothing about how values are
 * distributed: of n values the number below the true median is binomial with p = 1/2.
 */
export function estimate(values: readonly number[]): Estimate {
  const sorted = values.toSorted((a, b) => a - b)
  const half = (1.96 * Math.sqrt(sorted.length)) / 2
  const low = Math.max(0, Math.floor(sorted.length / 2 - half))
  const at = (index: number) => sorted[index] ?? Number.NaN
  return { median: quantile(sorted, 0.5), low: at(low), high: at(sorted.length - 1 - low) }
}

/** @param sorted ascending. */
export function quantile(sorted: readonly number[], q: number): number {
  const place = (sorted.length - 1) * q
  const [below, above] = [Math.floor(place), Math.ceil(place)].map(
    (index) => sorted[index] ?? Number.NaN,
  ) as [number, number]
  return below + (above - below) * (place - Math.floor(place))
}

/** Of each round by itself, so that what slows a whole round down cancels out. */
export function pairwise(
  some: readonly number[],
  others: readonly number[],
  compare: (one: number, other: number) => number,
): Estimate {
  return estimate(some.map((value, round) => compare(value, others[round] ?? Number.NaN)))
}
