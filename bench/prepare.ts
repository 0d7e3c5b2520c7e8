import type { Benchmark } from './benchmark.js'
import { runProcess } from './process.js'
import { reportTable } from './report.js'
import { estimate, pairwise } from './statistics.js'
import { show, verdict } from './verdict.js'

interface Prepared {
  /** Milliseconds. */
  readonly gap: number
  readonly total: number
  readonly signing: number
  /** Bytes an entry. */
  readonly memory: number
  readonly tokens: number
}

const few = 10_000
const many = 100_000

/** Tokens for many partners at a cold start, each time in a process of its own. */
export const prepare: Benchmark = async (options) => {
  const rounds = options.quick ? 3 : 9
  const runs = {
    default: { partners: few, backend: 'default', rounds },
    native: { partners: few, backend: 'native', rounds },
    many: { partners: many, backend: 'native', rounds: options.quick ? 1 : 3 },
  }
  const results: Record<string, Prepared[]> = { default: [], native: [], many: [] }
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, run] of Object.entries(runs)) {
      if (round >= run.rounds) continue
      const args = [String(run.partners), run.backend]
      const prepared = await runProcess<Prepared>('prepare-process.ts', args)
      if (prepared.tokens !== run.partners) throw new Error(`${prepared.tokens} tokens`)
      results[name]?.push(prepared)
    }
  }
  const of = (name: keyof typeof runs, what: keyof Prepared) =>
    (results[name] ?? []).map((prepared) => prepared[what])

  await reportTable(
    'prepare',
    Object.entries(runs).map(([name, { partners, backend }]) => {
      const values = (what: keyof Prepared) => of(name as keyof typeof runs, what)
      return {
        partners: partners.toLocaleString('en'),
        signer: backend,
        'all, ms': show(estimate(values('total')), 0),
        'worst gap, ms': show(estimate(values('gap')), 1),
        'all / signatures alone': show(pairwise(values('total'), values('signing'), divide), 3),
        'bytes an entry': show(estimate(values('memory')), 0),
      }
    }),
    { results },
    options,
  )
  const gap = (name: 'default' | 'native') =>
    verdict(
      `prepare, ${name} signer: worst event-loop gap`,
      estimate(of(name, 'gap')).median <= 15,
      `${show(estimate(of(name, 'gap')), 1)} ms`,
      '<= 15 ms',
    )
  const share = (name: 'default' | 'native') => {
    const ratio = pairwise(of(name, 'total'), of(name, 'signing'), divide)
    return verdict(
      `prepare, ${name} signer: all / signatures alone`,
      ratio.median <= 1.15,
      ratio,
      '<= 1.15',
    )
  }
  const each = (name: 'native' | 'many') =>
    estimate(of(name, 'total').map((total) => total / runs[name].partners))
  const growth = each('many').median / each('native').median
  const memory = estimate(of('many', 'memory'))
  return [
    gap('default'),
    gap('native'),
    share('default'),
    share('native'),
    verdict(
      'prepare: cost of one among 100,000 / among 10,000',
      growth <= 1.15,
      growth.toFixed(2),
      '<= 1.15',
    ),
    verdict('prepare: memory at 100,000', memory.median <= 600, show(memory, 0), '<= 600 B'),
  ].every(Boolean)
}

const divide = (a: number, b: number) => a / b
