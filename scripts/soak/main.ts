// The soak: `npm run soak -- --minutes 2 --seed 1`. Four transports call three partners and two
// strangers through everything that goes wrong in the life of a service. Then what the servers
// have recorded is held against what each call was meant to be. Exit status: 0, or 1 if anything
// at all was wrong, or was tried too rarely to tell.
import { parseArgs } from 'node:util'
import { account } from './account.js'
import { type Run, run } from './run.js'

/** Milliseconds between lines of progress, and for the process to come to its end by itself. */
const progressEvery = 5_000
const patience = 10_000

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string' } },
})
const minutes = positive('minutes', values.minutes ?? '2')
const seed = positive('seed', values.seed ?? String(1 + Math.floor(Math.random() * 1e6)))

process.stdout.write(
  `soak of ${import.meta.resolve('orgid-bearer')}\nfor ${minutes} minutes on Node ${process.version}, --seed ${seed}\n`,
)
let progressAt = performance.now() + progressEvery
const done = await run({ minutes, seed }, (soFar) => {
  if (performance.now() < progressAt) return
  progressAt = performance.now() + progressEvery
  process.stdout.write(progress(soFar))
})
if (!account(done, ['hotels', 'air', 'rail'])) process.exitCode = 1
expectEnd()

function positive(name: string, input: string): number {
  const number = Number(input)
  if (number > 0) return number
  throw new Error(`--${name}: expected a number above 0, got ${input}`)
}

function progress({ seconds, tally, memory }: Run): string {
  const wrong = [...tally.offenders.values()].reduce((sum, { count }) => sum + count, 0)
  const heap = ((memory.samples.at(-1) ?? 0) / 1_000_000).toFixed(1)
  return `${seconds.toFixed(0).padStart(5)} s  ${tally.calls} calls, ${wrong} wrong, ${heap} MB in use\n`
}

/** All was closed: a process that goes on has something left that holds it. */
function expectEnd(): void {
  setTimeout(() => {
    const left = process.getActiveResourcesInfo().join(', ')
    process.stdout.write(`\nWRONG\nthe process does not end by itself: ${left}\n`)
    process.exit(1)
  }, patience).unref()
}
