import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Benchmark } from './benchmark.js'
import { costPerMonth, type Fleet, prices, signaturesPerSecond } from './fleet/model.js'
import { plot, type Series } from './fleet/plot.js'
import { type Simulated, simulate } from './fleet/simulation.js'

/** Seconds. */
const hour = 3_600
const bucket = 60

interface Variant {
  readonly name: string
  readonly jitter: boolean
  readonly shared: boolean
}

const variants: readonly Variant[] = [
  { name: 'all fresh equally long', jitter: false, shared: false },
  { name: 'spread, as it is', jitter: true, shared: false },
  { name: 'spread, shared store', jitter: true, shared: true },
]

/** What a fleet costs in signatures: the formula of docs/sizing.md, held against a simulation. */
export const fleet: Benchmark = async ({ quick, update }) => {
  const size = quick
    ? { processes: 6, partners: 10, lifetime: hour, interval: 30, duration: 12 * hour }
    : { processes: 20, partners: 50, lifetime: hour, interval: 30, duration: 24 * hour }
  const tolerance = quick ? 0.1 : 0.05
  const rows: Row[] = []
  const series: Series[] = []
  for (const { name, ...variant } of variants) {
    const simulated: Simulated = { ...size, ...variant }
    const { signatures, calls } = await simulate(simulated)
    const buckets = perBucket(signatures, size.duration)
    series.push({ name, buckets: buckets.slice(0, (6 * hour) / bucket) })
    rows.push({ name, calls, ...compare(simulated, signatures, buckets) })
  }

  const { processes, partners, duration } = size
  console.log(
    `${processes} processes, ${partners} partners, tokens of an hour, a call every ${size.interval} s, ${duration / hour} hours`,
  )
  console.table(
    Object.fromEntries(
      rows.map(({ name, calls, measured, expected, ratio, peak }) => [
        name,
        {
          calls,
          'signatures/hour': Math.round(measured * hour),
          'by the formula': Math.round(expected * hour),
          ratio: ratio.toFixed(3),
          'most in a minute': peak,
        },
      ]),
    ),
  )

  const [fixed, spread, shared] = rows as unknown as readonly [Row, Row, Row]
  const verdicts = [
    // Without the spread the formula holds as well, on the average: what differs is the peak
    ...rows.map(({ name, ratio }) =>
      verdict(
        `${name}: measured / formula`,
        Math.abs(ratio - 1) <= tolerance,
        ratio,
        `1 ± ${tolerance}`,
      ),
    ),
    verdict(
      'peak without spread / with it',
      fixed.peak / spread.peak >= 2,
      fixed.peak / spread.peak,
      '>= 2',
    ),
    verdict(
      'signatures without store / with it',
      spread.measured / shared.measured >= 0.8 * processes,
      spread.measured / shared.measured,
      `>= ${(0.8 * processes).toFixed(1)}`,
    ),
  ]
  if (update) await write(size, series)
  return verdicts.every(Boolean)
}

interface Row extends ReturnType<typeof compare> {
  readonly name: string
  readonly calls: number
}

/** From the second life on: in the first one the fleet starts cold, all at once. */
function compare(simulated: Simulated, signatures: readonly number[], buckets: readonly number[]) {
  const { lifetime, duration } = simulated
  const settled = signatures.filter((at) => at >= settledAfter * lifetime).length
  const measured = settled / (duration - settledAfter * lifetime)
  const expected = signaturesPerSecond(simulated)
  const peak = Math.max(...buckets.slice(Math.ceil((settledAfter * lifetime) / bucket)))
  return { measured, expected, ratio: measured / expected, peak }
}

const settledAfter = 0.5

function perBucket(signatures: readonly number[], duration: number): readonly number[] {
  const counts = new Array<number>(Math.ceil(duration / bucket)).fill(0)
  for (const at of signatures)
    counts[Math.floor(at / bucket)] = (counts[Math.floor(at / bucket)] ?? 0) + 1
  return counts
}

function verdict(what: string, holds: boolean, measured: number, required: string): boolean {
  console.log(`${holds ? 'holds' : 'FAILS'}  ${what}: ${measured.toFixed(3)}, required ${required}`)
  return holds
}

const document = fileURLToPath(new URL('../docs/sizing.md', import.meta.url))
const images = fileURLToPath(new URL('../docs/images', import.meta.url))

async function write(size: Omit<Fleet, 'shared'>, series: readonly Series[]): Promise<void> {
  mkdirSync(images, { recursive: true })
  writeFileSync(`${images}/fleet.svg`, await plot(series, bucket))
  const text = readFileSync(document, 'utf8')
  writeFileSync(document, replaceTable(text, table(size)))
}

/** What the formula says of fleets of several sizes. */
function table({ lifetime, interval }: Pick<Fleet, 'lifetime' | 'interval'>): string {
  const sizes = [
    [1, 10],
    [4, 20],
    [20, 50],
    [100, 50],
    [100, 200],
  ] as const
  const rows = sizes.flatMap(([processes, partners]) =>
    [false, true].map((shared) => {
      const fleet = { processes, partners, lifetime, interval, shared }
      const costs = prices.map((price) => dollars(costPerMonth(fleet, price)))
      const perHour = signaturesPerSecond(fleet) * hour
      return `| ${processes} | ${partners} | ${shared ? 'yes' : 'no'} | ${Math.round(perHour).toLocaleString('en')} | ${costs.join(' | ')} |`
    }),
  )
  return [
    `| processes | partners | shared store | signatures an hour | ${prices.map(({ service }) => service).join(' | ')} |`,
    `|---:|---:|---|---:|${'---:|'.repeat(prices.length)}`,
    ...rows,
  ].join('\n')
}

function dollars(amount: number): string {
  const digits = amount < 100 ? 2 : 0
  return `$${amount.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`
}

function replaceTable(text: string, content: string): string {
  const [begin, end] = ['<!-- table: npm run bench -- fleet --update -->', '<!-- end of table -->']
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${document}: the marks of the table are missing`)
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`
}
