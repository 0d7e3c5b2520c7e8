import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { BenchmarkOptions } from './benchmark.js'
import { type NamedEstimate, plotIntervals } from './plot.js'
import type { Timings } from './rounds.js'
import { estimate, pairwise } from './statistics.js'
import { show } from './verdict.js'

/** How a table shows what was measured. */
export interface Shown {
  /** The unit that the values have. */
  readonly unit: string
  /** The row that the others are divided by, round by round. */
  readonly relativeTo: string
  readonly digits?: number
}

/** Prints a table, writes it as JSON, and into the documents if they are to be updated. */
export async function report(
  benchmark: string,
  timings: Timings,
  { unit, relativeTo, digits = 0 }: Shown,
  { update }: BenchmarkOptions,
): Promise<void> {
  const base = timings.get(relativeTo) ?? []
  const rows = [...timings].map(([name, values]) => ({
    name,
    value: estimate(values),
    ratio: pairwise(values, base, (a, b) => a / b),
  }))
  console.table(
    Object.fromEntries(
      rows.map(({ name, value, ratio }) => [
        name,
        { [unit]: show(value, digits), [`/ ${relativeTo}`]: show(ratio, 3) },
      ]),
    ),
  )
  writeResults(benchmark, { unit, relativeTo, rows, rounds: Object.fromEntries(timings) })
  if (!update) return
  const caption = `times that of “${relativeTo}”`
  const table = [
    `| | ${unit} | ${caption} |`,
    '|---|---:|---:|',
    ...rows.map(
      ({ name, value, ratio }) => `| ${name} | ${show(value, digits)} | ${show(ratio)} |`,
    ),
  ].join('\n')
  writeTable(benchmark, table)
  await writeImage(
    benchmark,
    rows.map(({ name, ratio }) => ({ name, ...ratio })),
    caption,
  )
}

/** Prints a table of what was made out already, and does with it as {@link report}. */
export async function reportTable(
  benchmark: string,
  rows: readonly Readonly<Record<string, string>>[],
  results: object,
  { update }: BenchmarkOptions,
): Promise<void> {
  console.table(rows)
  writeResults(benchmark, results)
  if (!update) return
  const [first = {}] = rows
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const names = Object.keys(first)
  writeTable(
    benchmark,
    [
      line(names),
      line(names.map((_, index) => (index === 0 ? '---' : '---:'))),
      ...rows.map((row) => line(Object.values(row))),
    ].join('\n'),
  )
}

const folder = fileURLToPath(new URL('.', import.meta.url))
const document = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url))
const images = fileURLToPath(new URL('../docs/images', import.meta.url))

/** `bench/results/<benchmark>.json`, which no commit takes along. */
function writeResults(benchmark: string, results: object): void {
  mkdirSync(`${folder}results`, { recursive: true })
  const machine = { node: process.version, cpu: cpus()[0]?.model, cpus: cpus().length }
  const text = JSON.stringify({ benchmark, at: new Date(), machine, ...results }, undefined, 2)
  writeFileSync(`${folder}results/${benchmark}.json`, `${text}\n`)
}

/** Replaces what stands between the marks of a benchmark. */
function writeTable(benchmark: string, table: string): void {
  const begin = `<!-- table: npm run bench -- ${benchmark} --update -->`
  const text = readFileSync(document, 'utf8')
  const from = text.indexOf(begin)
  const to = text.indexOf('<!-- end of table -->', from)
  if (from < 0 || to < 0) throw new Error(`${document}: the marks of ${benchmark} are missing`)
  writeFileSync(document, `${text.slice(0, from + begin.length)}\n${table}\n${text.slice(to)}`)
}

async function writeImage(
  benchmark: string,
  estimates: readonly NamedEstimate[],
  title: string,
): Promise<void> {
  mkdirSync(images, { recursive: true })
  writeFileSync(`${images}/bench-${benchmark}.svg`, await plotIntervals(estimates, title))
}
