/** Pseudo-random numbers that are the same again for the same seed. */
export interface Random {
  /** Uniform in [0, 1). */
  fraction(): number
  /** Whole, from `low` to `high`, both included. */
  between(low: number, high: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
  /** All of them, in another order. */
  shuffled<T>(list: readonly T[]): T[]
}

/** mulberry32, by Tommy Ettinger: 32 bits of state, and good enough to choose faults with. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const fraction = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (low: number, high: number) => low + Math.floor(fraction() * (high - low + 1))
  const pick = <T>(list: readonly T[]): T => list[between(0, list.length - 1)] as T
  const shuffled = <T>(list: readonly T[]): T[] =>
    list
      .map((item) => ({ item, order: fraction() }))
      .sort((one, other) => one.order - other.order)
      .map(({ item }) => item)
  return { fraction, between, chance: (probability) => fraction() < probability, pick, shuffled }
}
