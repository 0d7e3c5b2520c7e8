import { createOrgidAuth, type OrgidAuth } from 'orgid-bearer'
import type { Call } from './call.js'
import { createLaneClock, type LaneClock } from './clock.js'
import { createDrafts, type Draft, type Drafts } from './drafts.js'
import { type Places, plainIssuer } from './places.js'
import type { Random } from './random.js'
import { type MoodySigner, moodySigner } from './signer.js'
import type { Traffic } from './traffic.js'
import { overAxios, overFetch, overInstalled, overUndici, type Transport } from './transports.js'

/** What becomes of Node's fetch for a while. */
export type Way = 'fetch wrapped' | 'fetch taken over' | 'no fetch'

/** One service of ours: an auth with its clock, its signer and its ways out, for the whole run. */
export interface Lane {
  readonly name: string
  readonly auth: OrgidAuth
  readonly clock: LaneClock
  readonly signer: MoodySigner
  readonly random: Random
  readonly traffic: Traffic
  readonly drafts: Drafts
  anyTransport(): Transport
  /** Gives a draft its number, and prepares what it needs. */
  callOf(draft: Draft, transport: Transport, options?: DraftOptions): Call
  /** @returns closes it again. */
  open(way: Way): () => Promise<void>
  close(): Promise<void>
}

interface DraftOptions {
  readonly isUnlearnt?: boolean
  /** A token that several calls of an act have in common, with a lifetime in seconds. */
  readonly token?: { readonly label: string; readonly lifetime: number }
}

/** Seconds: more than a busy machine stands still. */
export const signTimeout = 1
/** Tokens that calls have in common: those with an even number are waited for. */
const sharedLabels = Array.from({ length: 12 }, (_, index) => `shared-${index}`)
const labelsAtOnce = sharedLabels.filter((_, index) => index % 2 === 1)

interface LaneOptions {
  readonly name: string
  readonly pem: string
  readonly places: Places
  readonly random: Random
  readonly traffic: Traffic
}

export function createLane({ name, pem, places, random, traffic }: LaneOptions): Lane {
  // Wrong from the start, so that the first calls have something to learn
  const clock = createLaneClock(-150.4)
  const signer = moodySigner(pem)
  const auth = createOrgidAuth({
    issuer: plainIssuer,
    key: signer,
    partners: places.options,
    signTimeout,
    // Small, so that it is full before memory is measured
    cache: { max: 80 },
    now: clock.now,
  })
  const always = [overAxios(auth), overUndici(auth)]
  const wrapped = overFetch(auth)
  let transports: readonly Transport[] = always
  let calls = 0

  const labelOf = ({ token }: Draft, id: string): string | undefined => {
    if (token === 'own') return id
    if (token === 'shared') return random.pick(sharedLabels)
    return token === 'shared, at once' ? random.pick(labelsAtOnce) : undefined
  }

  const optionsOf = (draft: Draft, label: string | undefined, lifetime: number | undefined) => {
    if (draft.token === 'skip') return { skip: true }
    const partner = draft.hops[0]?.place.token?.partner
    if (partner === undefined || label === undefined) return undefined
    return { partner, claims: { soak: label }, ...(lifetime !== undefined && { lifetime }) }
  }

  const callOf: Lane['callOf'] = (draft, transport, { isUnlearnt = false, token } = {}) => {
    calls += 1
    const id = `${name}-${calls}`
    const label = token?.label ?? labelOf(draft, id)
    const abort = new AbortController()
    if (label === id) signer.setManner(id, draft.manner ?? 'at once')
    if (draft.abort === 'before sending') abort.abort()
    if (draft.abort === 'while minting') {
      // Signed once the abort has had its effect
      signer.onSigning(id, async () => {
        await turn()
        abort.abort()
        await turn()
      })
    }
    const options = optionsOf(draft, label, token?.lifetime)
    return {
      method: 'GET',
      body: 'none',
      ...draft,
      id,
      transport,
      signer,
      options,
      label,
      isUnlearnt,
      abort,
    }
  }

  const open = (way: Way) => {
    for (const label of sharedLabels) {
      signer.setManner(label, labelsAtOnce.includes(label) ? 'at once' : 'later')
    }
    const installed = way === 'fetch taken over' ? overInstalled(auth) : undefined
    // More often than the others, since it has fewer turns
    if (installed !== undefined) transports = [...always, installed, installed, installed]
    else transports = way === 'fetch wrapped' ? [...always, wrapped] : always
    return async () => installed?.close()
  }

  return {
    name,
    auth,
    clock,
    signer,
    random,
    traffic,
    drafts: createDrafts(places, random),
    anyTransport: () => random.pick(transports),
    callOf,
    open,
    async close() {
      for (const transport of [...always, wrapped]) await transport.close()
    },
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
