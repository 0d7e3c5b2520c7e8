import { setImmediate as nextTurn } from 'node:timers/promises'
import { localSigner, type OrgidAuth, type Signer } from 'orgid-bearer'
import type { Benchmark } from './benchmark.js'
import { worstGap } from './loop-gaps.js'
import { reportTable } from './report.js'
import { estimate, pairwise, quantile } from './statistics.js'
import { show, verdict } from './verdict.js'
import { authFor, flatUrl, type Place, places, privateKey } from './workload.js'

const count = 10_000
/** Seconds. */
const lifetime = 3_600
const step = 10

/** Many tokens minted at once: how they are refreshed, and what calls notice of it. */
export const refreshStorm: Benchmark = async (options) => {
  const partners = places(count)
  const simulations: Awaited<ReturnType<typeof simulate>>[] = []
  const jumps: number[] = []
  for (let run = 0; run < (options.quick ? 3 : 7); run += 1) {
    simulations.push(await simulate(partners))
    jumps.push(await jumpAhead(partners))
  }
  const [simulated] = simulations as [Awaited<ReturnType<typeof simulate>>]
  const gap = estimate(simulations.map((one) => one.gap))
  const jump = estimate(jumps)
  const latencies = await compareLatencies(partners, options.quick ? 4 : 12)
  const ratio = pairwise(latencies.storm, latencies.calm, (a, b) => a / b)
  const noise = pairwise(latencies.again, latencies.calm, (a, b) => a / b)
  const most = simulated.generations.map((signatures) => Math.max(...signatures) / count)
  await reportTable(
    'refresh-storm',
    [
      ...most.map((share, index) => ({
        what: `most tokens replaced in ${step} s, ${index + 1}. time`,
        measured: `${(share * 100).toFixed(1)} %`,
      })),
      { what: 'worst event-loop gap meanwhile', measured: `${show(gap, 1)} ms` },
      { what: 'worst event-loop gap, all due at once', measured: `${show(jump, 1)} ms` },
      { what: 'p99 of calls during it / without it', measured: show(ratio, 3) },
      { what: 'p99 of calls without it / without it, again', measured: show(noise, 3) },
    ],
    { simulations, jumps, latencies },
    options,
  )
  // Evenly over 15 % of a life it would be 1.9 % in ten seconds
  const spread = Math.max(...most)
  return [
    verdict(
      `tokens replaced in the fullest ${step} s`,
      spread <= 0.04,
      `${(spread * 100).toFixed(1)} %`,
      '<= 4 %',
    ),
    verdict('worst event-loop gap, spread', gap.median <= 15, `${show(gap, 1)} ms`, '<= 15 ms'),
    verdict(
      'worst event-loop gap, all due at once',
      jump.median <= 15,
      `${show(jump, 1)} ms`,
      '<= 15 ms',
    ),
    verdict('p99 of calls during / without', ratio.median <= 1.1, ratio, '<= 1.1'),
  ].every(Boolean)
}

/** Every partner is called in every step, in simulated time, until all tokens were replaced twice. */
async function simulate(partners: readonly Place[]) {
  const clock = createClock()
  const signatures: number[] = []
  const auth = authFor(partners, {
    key: counting(() => signatures.push(clock.elapsed())),
    lifetime,
    now: clock.now,
  })
  await auth.prepare()
  signatures.length = 0
  const urls = partners.map(flatUrl)
  const gap = await worstGap(async () => {
    while (signatures.length < 2 * count) {
      clock.advance(step)
      await callAll(auth, urls)
    }
  })
  const generations = [signatures.slice(0, count), signatures.slice(count, 2 * count)].map(perStep)
  return { gap, generations }
}

/** A process that was suspended until every token is due: what is asked for first is replaced first. */
async function jumpAhead(partners: readonly Place[]): Promise<number> {
  const clock = createClock()
  const auth = authFor(partners, { key: warmSigner(), lifetime, now: clock.now })
  await auth.prepare()
  const urls = partners.map(flatUrl)
  clock.advance(0.86 * lifetime)
  return worstGap(() => callAll(auth, urls))
}

/** How long calls wait that come one a millisecond. Milliseconds, the 99th percentile of each phase. */
async function compareLatencies(partners: readonly Place[], phases: number) {
  const calm = authFor(partners, { key: warmSigner(), lifetime })
  await calm.prepare()
  const clock = createClock()
  const started = performance.now()
  const now = () => clock.now() + (performance.now() - started) / 1_000
  const storm = authFor(partners, { key: warmSigner(), lifetime, now })
  await storm.prepare()
  clock.advance(0.7 * lifetime)
  const auths = { calm, again: calm, storm }
  const latencies: Record<keyof typeof auths, number[]> = { calm: [], again: [], storm: [] }
  for (let phase = 0; phase < phases; phase += 1) {
    for (const name of ['calm', 'storm', 'again'] as const) {
      latencies[name].push(await percentile(auths[name], partners))
    }
  }
  return latencies
}

async function percentile(auth: OrgidAuth, partners: readonly Place[]): Promise<number> {
  const latencies: number[] = []
  const end = performance.now() + 2_000
  let due = performance.now()
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    // All that have become due meanwhile, each late by as much as it has waited
    for (; due < performance.now(); due += 1) {
      auth.authorization(flatUrl(partners[Math.floor(Math.random() * partners.length)] as Place))
      latencies.push(performance.now() - due)
    }
  }
  return quantile(
    latencies.sort((a, b) => a - b),
    0.99,
  )
}

/** In slices, as calls come. */
async function callAll(auth: OrgidAuth, urls: readonly string[]): Promise<void> {
  for (let index = 0; index < urls.length; index += 1) {
    auth.authorization(urls[index] as string)
    if (index % 500 === 0) await nextTurn()
  }
  // Until all refreshes that were asked for are done
  for (let turn = 0; turn < 600; turn += 1) await nextTurn()
}

function createClock() {
  const start = 1_800_000_000
  let elapsed = 0
  return {
    now: () => start + elapsed,
    elapsed: () => elapsed,
    advance: (seconds: number) => {
      elapsed += seconds
    },
  }
}

const warmSigner = () => localSigner(privateKey, { backend: 'native' })

function counting(count: () => void): Signer {
  const signer = warmSigner()
  return {
    ...signer,
    sign: (input, context) => {
      count()
      return signer.sign(input, context)
    },
  }
}

function perStep(moments: readonly number[]): readonly number[] {
  const counts = new Map<number, number>()
  for (const moment of moments) counts.set(moment, (counts.get(moment) ?? 0) + 1)
  return [...counts.values()]
}
