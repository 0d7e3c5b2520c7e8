import { setTimeout as sleep } from 'node:timers/promises'
import type { Call, Hop } from './call.js'
import { callFaults, type Kind } from './faults.js'
import { type Lane, signTimeout } from './lane.js'
import type { Place } from './places.js'
import type { Random } from './random.js'
import type { Manner } from './signer.js'

/** What a lane does until `deadline`, of `performance.now()`. */
export type Acts = (lane: Lane, deadline: number) => Promise<void>

/** Milliseconds over which mingled calls begin. */
const spread = 800
/** Seconds that tokens live whose refreshes fail: time enough for what is to happen in it. */
const behindLifetime = 20

/** Calls with every fault that a call can have, and a clock that is set wrong and right again. */
export const busily: Acts = async (lane, deadline) => {
  await learn(lane)
  do {
    await mingle(lane)
    await setClock(lane, 'back')
    await setClock(lane, 'forward')
  } while (performance.now() < deadline)
}

/** What takes a while and few calls: clocks, and refreshes that fail behind traffic. */
export const quietly: Acts = async (lane, deadline) => {
  await learn(lane)
  do {
    await setClock(lane, 'back')
    await setClock(lane, 'forward')
    await failBehind(lane)
  } while (performance.now() < deadline)
}

/** Every fault that a call can have, twice, among ordinary calls. */
async function mingle({ anyTransport, callOf, drafts, random, traffic }: Lane): Promise<void> {
  const faulty = [...callFaults, ...callFaults].map((kind) => {
    const transport = anyTransport()
    return callOf(drafts.draft(kind, transport), transport)
  })
  const ordinary = [...drafts.partners, ...drafts.partners, ...drafts.strangers].map((place) =>
    callOf(drafts.ordinary(place), anyTransport()),
  )
  await Promise.all(
    [...faulty, ...ordinary].map(async (call) => {
      await sleep(random.between(0, spread))
      await traffic.perform(call)
    }),
  )
}

/** The first calls after a partner's clock has moved: each partner's is learnt by itself. */
async function learn(lane: Lane): Promise<void> {
  const { partners } = lane.drafts
  await perform(
    lane,
    partners.map((place) => plain(lane, place, true)),
  )
}

/** Sets the clock while calls are under way, and looks whether tokens follow. */
async function setClock(lane: Lane, direction: 'forward' | 'back'): Promise<void> {
  const { clock, drafts, random, traffic } = lane
  const reusable = drafts.partners.filter(({ token }) => !token?.singleUse)
  const before = plain(lane, random.pick(reusable), false)
  await perform(lane, [before])
  const underWay = perform(
    lane,
    reusable.map((place) => plain(lane, place, true)),
  )
  clock.set(clockTarget(clock.ahead, direction, random))
  const after = plain(lane, (before.hops[0] as Hop).place, true)
  await Promise.all([underWay, perform(lane, [after]), learn(lane)])
  traffic.expect({
    kind: `our clock set ${direction}`,
    calls: [before, after],
    tokens: 'moved',
  })
}

/** A refresh fails behind a token that is still good: calls go on with that, and recover. */
async function failBehind(lane: Lane): Promise<void> {
  const { auth, clock, signer, random, traffic, drafts } = lane
  const place = random.pick(drafts.partners.filter(({ token }) => !token?.singleUse))
  const kinds = ['throws', 'rejects', 'hangs'] as const
  const manners = [...kinds, ...kinds]
  const labels = manners.map((_, index) => `${lane.name}-behind-${signer.count}-${index}`)
  const setManners = (of: (index: number) => Manner) => {
    for (const [index, label] of labels.entries()) signer.setManner(label, of(index))
  }
  const callAll = async (): Promise<readonly Call[]> => {
    const calls = labels.map((label) =>
      lane.callOf({ ...drafts.ordinary(place), token: 'own' }, lane.anyTransport(), {
        token: { label, lifetime: behindLifetime },
      }),
    )
    await perform(lane, calls)
    return calls
  }

  clock.stop()
  const first = await callAll()
  const tokens = await Promise.all(
    labels.map((label) =>
      auth.token(String(place.token?.partner), {
        claims: { soak: label },
        lifetime: behindLifetime,
      }),
    ),
  )
  const freshUntil = Math.max(...tokens.map((token) => token.freshUntil))
  clock.set(clock.ahead + freshUntil - clock.now() + 0.01)
  clock.stop()
  setManners((index) => manners[index] as Manner)
  const meanwhile = await callAll()
  await sleep(1_000 * signTimeout + 50)
  setManners(() => 'at once')
  // Past the guard, which is the last tenth of its life
  clock.set(clock.ahead + 0.3 * behindLifetime)
  const recovered = await callAll()

  for (const [index, manner] of manners.entries()) {
    const [one, two, three] = [first, meanwhile, recovered].map((calls) => calls[index] as Call)
    const label = labels[index] as string
    traffic.expect({
      kind: `signer ${manner} behind traffic`,
      calls: [one as Call, two as Call],
      tokens: 'same',
      hasHappened: () => signer.signingsOf(label).some((signing) => signing.manner === manner),
    })
    traffic.expect({ calls: [two as Call, three as Call], tokens: 'other' })
  }
}

/** A call that can be repeated, if it is refused for a clock that was not known. */
function plain(lane: Lane, place: Place, isUnlearnt: boolean): Call {
  const kind: Kind = 'none'
  return lane.callOf(
    {
      kind,
      hops: [{ place, answers: ['ok'] }],
      token: 'plain',
      requests: [1],
      ending: { status: 200 },
    },
    lane.anyTransport(),
    { isUnlearnt },
  )
}

async function perform({ traffic }: Lane, calls: readonly Call[]): Promise<void> {
  await Promise.all(calls.map((call) => traffic.perform(call)))
}

/**
 * Seconds ahead of the true time to which a clock is set: further away than credit for repeating
 * calls lasts, so that there is always some, and never to within 50 s behind a partner's. A
 * difference of a second or so is within what an HTTP date can tell, so it is not learnt, while
 * partners tolerate none: a token of 2 s would be refused at times.
 */
function clockTarget(ahead: number, direction: 'forward' | 'back', random: Random): number {
  const sign = direction === 'forward' ? 1 : -1
  const targets = Array.from({ length: 10 }, (_, step) => (step - 5) * 300 + 150)
    .map((target) => target + random.fraction())
    .filter((target) => sign * (target - ahead) >= 150)
  return targets.length > 0 ? random.pick(targets) : ahead + sign * 300
}
