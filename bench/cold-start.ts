import type { Benchmark } from './benchmark.js'
import { runProcess } from './process.js'
import { report } from './report.js'
import { shuffled } from './rounds.js'
import { estimate, pairwise } from './statistics.js'
import { show, verdict } from './verdict.js'

const bare = 'node alone'
const scripts: Readonly<Record<string, readonly [script: string, ...args: string[]]>> = {
  [bare]: ['cold-start/bare.mjs'],
  [`${bare}, again`]: ['cold-start/bare.mjs'],
  'orgid-bearer, imported': ['cold-start/import.mjs'],
  'orgid-bearer, first header': ['cold-start/first-header.mjs'],
  'node:crypto, first signature': ['cold-start/node-crypto.mjs'],
  'google-auth-library, first header': ['peers/google-first.mjs'],
  'axios, first call': ['cold-start/axios-call.mjs'],
  'axios with orgid-bearer, first call': ['cold-start/axios-call.mjs', 'attached'],
}

/** From the start of a process to its end, each time in a new one. Milliseconds. */
export const coldStart: Benchmark = async (options) => {
  const timings = new Map<string, number[]>(Object.keys(scripts).map((name) => [name, []]))
  const firsts = new Map<string, number[]>()
  for (let round = -1; round < (options.quick ? 10 : 40); round += 1) {
    for (const [name, [script, ...args]] of shuffled(Object.entries(scripts))) {
      const start = performance.now()
      const { first } = await runProcess<{ first?: number }>(script, args)
      const taken = performance.now() - start
      if (round < 0) continue
      timings.get(name)?.push(taken)
      if (first !== undefined) firsts.set(name, [...(firsts.get(name) ?? []), first])
    }
  }
  await report('cold-start', timings, { unit: 'ms', relativeTo: bare, digits: 1 }, options)
  const more = (name: string) =>
    pairwise(timings.get(name) ?? [], timings.get(bare) ?? [], (a, b) => a - b)
  const ours = firsts.get('orgid-bearer, first header') ?? []
  const theirs = firsts.get('node:crypto, first signature') ?? []
  console.log(`first header: ${show(estimate(ours))} ms; node:crypto: ${show(estimate(theirs))} ms`)
  const imported = more('orgid-bearer, imported')
  const waited = pairwise(ours, theirs, (a, b) => a - b)
  const google = pairwise(
    timings.get('orgid-bearer, first header') ?? [],
    timings.get('google-auth-library, first header') ?? [],
    (a, b) => a / b,
  )
  return [
    verdict('import over node alone', imported.median <= 30, `${show(imported, 1)} ms`, '<= 30 ms'),
    verdict(
      'first signature beyond node:crypto’s',
      waited.median <= 10,
      `${show(waited, 1)} ms`,
      '<= 10 ms',
    ),
    verdict('first header / google-auth-library’s', google.median <= 1, google, '<= 1'),
  ].every(Boolean)
}
