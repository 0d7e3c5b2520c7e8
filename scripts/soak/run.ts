import { generateKeyPairSync } from 'node:crypto'
import { type Acts, busily, quietly } from './acts.js'
import { audit } from './audit.js'
import { createLane, type Lane, type Way } from './lane.js'
import { createMemory, type Memory } from './memory.js'
import { startPlaces } from './places.js'
import { createRandom } from './random.js'
import { createTally, type Tally, tooRare } from './tally.js'
import { createTraffic } from './traffic.js'

/** What is left of a run, to be accounted for. */
export interface Run {
  readonly seconds: number
  readonly phases: number
  readonly mints: number
  readonly tally: Tally
  readonly memory: Memory
}

/** What lanes there are. */
const casts: readonly Acts[] = [busily, busily, busily, quietly, quietly, quietly]
/** How many times as long as asked for a slow machine may take to make everything happen. */
const extension = 5
/** Milliseconds. */
const phaseLength = 1_200
/** Seconds by which partners' clocks are ahead, one phase after the other. */
const skews = [0.4, 100.7, -99.6]
/** Seconds for which the signers' books are kept: longer than any token lives. */
const booksKept = 25

/**
 * Lanes work in phases. After each, nothing is under way: then records are judged and forgotten,
 * partners' clocks are moved, memory is measured, and another lane's auth takes over Node's fetch,
 * or none does.
 */
export async function run(
  { minutes, seed }: { readonly minutes: number; readonly seed: number },
  onPhase: (run: Run) => void,
): Promise<Run> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  const pem = privateKey.export({ format: 'pem', type: 'sec1' }) as string
  const traffic = createTraffic()
  await using places = await startPlaces(publicKey, traffic.handler)
  const tally = createTally([...places.partners.keys(), ...places.strangers.keys()])
  const lanes = casts.map((_, index) =>
    createLane({
      name: `lane${index}`,
      pem,
      places,
      random: createRandom(seed + index),
      traffic,
    }),
  )
  const stopWatching = watchProcess(tally)
  const memory = createMemory()
  const startedAt = performance.now()
  const endsAt = startedAt + minutes * 60_000
  const latest = startedAt + extension * minutes * 60_000

  let phase = 0
  let movedAt = 0
  const soFar = (): Run => ({
    seconds: (performance.now() - startedAt) / 1_000,
    phases: phase,
    mints: lanes.reduce((sum, { signer }) => sum + signer.count, 0),
    tally,
    memory,
  })
  // Longer than asked for only to see enough, and not if there is something wrong anyway
  const isOver = () => {
    const now = performance.now()
    const isEnough =
      tally.offenders.size > 0 || tooRare(tally, [...places.partners.keys()]).length === 0
    return now >= latest || (now >= endsAt && isEnough)
  }
  while (!isOver()) {
    await workAll(lanes, phase, performance.now() + phaseLength)
    audit(traffic.collect(places), tally, movedAt)
    for (const { signer } of lanes) signer.forget(Date.now() / 1_000 - booksKept)
    phase += 1
    places.reset(skews[phase % skews.length] as number)
    movedAt = Date.now() / 1_000
    await memory.sample()
    onPhase(soFar())
  }
  await Promise.all(lanes.map((lane) => lane.close()))
  stopWatching()
  return soFar()
}

/** In every second phase one busy lane's auth has Node's fetch, and in the others each wraps it. */
async function workAll(lanes: readonly Lane[], phase: number, deadline: number): Promise<void> {
  const busy = lanes.filter((_, index) => casts[index] === busily)
  const owner = phase % 2 === 1 ? busy[(phase >> 1) % busy.length] : undefined
  const wayOf = (lane: Lane): Way => {
    if (owner === undefined) return 'fetch wrapped'
    return lane === owner ? 'fetch taken over' : 'no fetch'
  }
  await Promise.all(
    lanes.map(async (lane, index) => {
      const end = lane.open(wayOf(lane))
      await casts[index]?.(lane, deadline)
      await end()
    }),
  )
}

/** Nothing may go wrong behind everyone's back either. */
function watchProcess(tally: Tally): () => void {
  const onRejection = (reason: unknown) =>
    tally.report({ name: 'unhandled rejection', words: nameOf(reason) })
  const onWarning = (warning: Error) =>
    tally.report({ name: 'process warning', words: `${warning.name}: ${warning.message}` })
  process.on('unhandledRejection', onRejection)
  process.on('warning', onWarning)
  return () => {
    process.off('unhandledRejection', onRejection)
    process.off('warning', onWarning)
  }
}

/** Where it comes from, without a message that may hold anything. */
function nameOf(reason: unknown): string {
  if (!(reason instanceof Error)) return typeof reason
  const { code } = reason as { code?: unknown }
  const where = reason.stack?.split('\n').find((line) => line.trimStart().startsWith('at '))
  return `${typeof code === 'string' ? code : reason.name} ${where?.trim() ?? ''}`
}
