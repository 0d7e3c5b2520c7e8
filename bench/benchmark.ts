/** Prints what it measured against what is required, and says whether that held. */
export type Benchmark = (options: BenchmarkOptions) => Promise<boolean>

export interface BenchmarkOptions {
  /** Less of it, with wider bounds, for CI. */
  readonly quick: boolean
  /** Writes the tables and plots in docs anew. */
  readonly update: boolean
}
