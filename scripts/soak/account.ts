import { growthOf } from './memory.js'
import type { Run } from './run.js'
import { least, type OffenceName, type Offenders, offenceNames, tooRare, total } from './tally.js'
import { transportNames } from './transports.js'

const print = (line = '') => process.stdout.write(`${line}\n`)
const megabytes = (bytes: number) => `${(bytes / 1_000_000).toFixed(2)} MB`

/** How many sorts of one offence are printed. */
const examples = 4

/** The share of calls that a slow machine may make uncertain. */
const uncertain = 0.02

/** Prints what has happened, and returns whether all of it was as it should be. */
export function account(run: Run, partnerNames: readonly string[]): boolean {
  const { seconds, phases, mints, tally, memory } = run
  const { byTransport, byServer, byFault, offenders } = tally

  print(`\n${tally.calls} calls in ${seconds.toFixed(1)} s and ${phases} phases, ${mints} mints,`)
  print(`${tally.repeated} repeated after a 401; ${total(byServer)} requests recorded by servers`)
  print(
    `${tally.expired} calls whose token ended on its way, since this machine had too much to do, or the partner's clock had moved`,
  )

  print('\nRequests, by transport')
  for (const [name, count] of byTransport) print(row(name, [count]))
  print('\nRequests, by server')
  for (const [name, count] of byServer) print(row(name, [count]))

  print('\nFaults, by what became of them')
  print(row('', ['in all', ...transportNames]))
  for (const [fault, counts] of byFault) print(row(fault, [total(counts), ...counts.values()]))

  for (const [name, count] of tooRare(tally, partnerNames)) {
    const words = `${name}: ${count} times, and not at least ${least}; give it more --minutes`
    tally.report({ name: 'too rare', words })
  }
  if (tally.expired > uncertain * tally.calls) {
    const words = `${tally.expired} calls had tokens that ended on their way`
    tally.report({ name: 'too slow', words })
  }

  const growth = growthOf(memory.samples)
  const numbers = `${megabytes(growth.before)} to ${megabytes(growth.after)}, ${megabytes(growth.allowed)} more allowed, ${memory.samples.length} samples`
  print(`\nMemory in use, second quarter to last: ${numbers}`)
  if (growth.isTooMuch) tally.report({ name: 'growth of memory', words: numbers })

  if (offenders.size === 0) {
    print('\nNothing unauthenticated, nothing misdirected, nothing unexpected.')
    return true
  }
  print('\nWRONG')
  for (const name of offenceNames) printOffence(name, [...offenders.values()])
  return false
}

/** The worst of one name, by fault and transport, each with its first example. */
function printOffence(name: OffenceName, offenders: readonly Offenders[]): void {
  const sorted = offenders
    .filter(({ example }) => example.name === name)
    .sort((one, other) => other.count - one.count)
  for (const { count, example } of sorted.slice(0, examples)) {
    print(`${String(count).padStart(7)} x ${name}, for example: ${example.words}`)
  }
  const others = sorted.slice(examples).reduce((sum, { count }) => sum + count, 0)
  if (others > 0) print(`${String(others).padStart(7)} x ${name}, by other transports and faults`)
}

function row(name: string, cells: readonly (string | number)[]): string {
  return `  ${name.padEnd(34)}${cells.map((cell) => String(cell).padStart(18)).join('')}`
}
