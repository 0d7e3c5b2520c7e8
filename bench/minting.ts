import type { Benchmark } from './benchmark.js'
import { runProcess } from './process.js'
import { report } from './report.js'
import { pairwise } from './statistics.js'
import { show, verdict } from './verdict.js'

const backends = ['noble', 'openssl', 'native'] as const
type Backend = (typeof backends)[number]
type ByRow = Readonly<Record<string, readonly number[]>>

const notPeers = [
  'bare signatures',
  'bare signatures, its own table',
  'orgid-bearer',
  'orgid-bearer, again',
]

/** What a token costs that is not there: its signature, and all the rest. */
export const minting: Benchmark = async (options) => {
  const rounds = options.quick ? '20' : '60'
  const verdicts: boolean[] = []
  const timings = new Map<string, readonly number[]>()
  for (const backend of backends) {
    const rows = await runProcess<ByRow>('minting-process.ts', [backend, rounds])
    for (const [name, values] of Object.entries(rows)) {
      const isOurs = notPeers.includes(name)
      if (!isOurs && backend !== 'noble') continue
      timings.set(
        isOurs ? `${name} (${backend})` : name,
        values.map((value) => value / 1_000),
      )
    }
    verdicts.push(...judge(backend, rows))
  }
  await report(
    'minting',
    timings,
    { unit: 'µs', relativeTo: 'orgid-bearer (noble)', digits: 1 },
    options,
  )
  return verdicts.every(Boolean)
}

function judge(backend: Backend, rows: ByRow): readonly boolean[] {
  const ratio = (one: string, other: string) =>
    pairwise(rows[one] ?? [], rows[other] ?? [], (a, b) => a / b)
  const noise = ratio('orgid-bearer, again', 'orgid-bearer')
  console.log(`${backend}: the same again takes ${show(noise, 3)} times as long`)
  const share = ratio('bare signatures', 'orgid-bearer')
  const best = Object.keys(rows)
    .filter((name) => !notPeers.includes(name))
    .map((name) => ratio(name, 'orgid-bearer'))
    .reduce((least, other) => (other.median < least.median ? other : least))
  const required = { noble: 1.5, native: 10, openssl: undefined }[backend]
  return [
    verdict(`tokens / bare ${backend} signatures`, share.median >= 0.9, share, '>= 0.9'),
    ...(required === undefined
      ? []
      : [
          verdict(
            `${backend} (${backend === 'noble' ? 'by default' : 'opted in'}) / fastest peer`,
            best.median >= required,
            best,
            `>= ${required}`,
          ),
        ]),
  ]
}
