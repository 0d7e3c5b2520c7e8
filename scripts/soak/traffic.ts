import type { PartnerHandler, RecordedRequest } from 'orgid-bearer/testing'
import { answerTo, type Call, type Ended, originOf, perform } from './call.js'
import type { Fault } from './faults.js'
import type { Places } from './places.js'

/** What must be true of the tokens of two calls, the second made when the first had ended. */
export interface Sequel {
  readonly calls: readonly [first: Call, second: Call]
  /** `moved`: another token, or the first one refused. */
  readonly tokens: 'same' | 'other' | 'moved'
  /** What has happened between them, if all of this is as it should be. */
  readonly kind?: Fault
  readonly hasHappened?: () => boolean
}

/** One request, as a server has recorded it. */
export interface Arrival {
  /** The server's name. */
  readonly at: string
  readonly hop: number
  readonly request: RecordedRequest
}

/** A call that has ended, and every request that servers have recorded of it. */
export interface Made {
  readonly call: Call
  readonly ended: Ended
  /** Epoch seconds, of the true time. */
  readonly startedAt: number
  /** In the order in which they came, server by server. */
  readonly arrivals: readonly Arrival[]
}

/** What was made since the last time. */
export interface Collected {
  readonly made: readonly Made[]
  readonly sequels: readonly Sequel[]
  /** Requests of calls that nobody knows, or that were collected before. */
  readonly strays: readonly Arrival[]
}

/** The calls under way, and what servers do about them. */
export interface Traffic {
  readonly handler: PartnerHandler
  perform(call: Call): Promise<void>
  expect(sequel: Sequel): void
  /** Takes the records out of the servers' hands; nothing must be under way. */
  collect(places: Places): Collected
}

export function createTraffic(): Traffic {
  let calls = new Map<string, Call>()
  let endings = new Map<string, Ended>()
  let startedAt = new Map<string, number>()
  /** How many requests a hop has seen that the server's rules accept. */
  let seen = new Map<string, number>()
  let sequels: Sequel[] = []

  const handler: PartnerHandler = (request) => {
    const { id, hop } = originOf(request)
    const call = calls.get(id)
    // Collected as a stray, and a 500 is no ending that any call is meant to have
    if (call === undefined || call.hops[hop] === undefined) return { status: 500 }
    const key = `${id} ${hop}`
    const nth = seen.get(key) ?? 0
    seen.set(key, nth + 1)
    return answerTo(call, hop, nth)
  }

  return {
    handler,
    async perform(call) {
      calls.set(call.id, call)
      startedAt.set(call.id, Date.now() / 1_000)
      endings.set(call.id, await perform(call))
    },
    expect: (sequel) => sequels.push(sequel),
    collect({ partners, strangers }) {
      const arrivals = new Map<string, Arrival[]>()
      for (const [at, { requests }] of [...partners, ...strangers]) {
        for (const request of requests) {
          const { id, hop } = originOf(request)
          const others = arrivals.get(id)
          if (others) others.push({ at, hop, request })
          else arrivals.set(id, [{ at, hop, request }])
        }
      }
      const made = [...calls.values()].map((call) => ({
        call,
        ended: endings.get(call.id) ?? { error: ['has not ended'] },
        startedAt: Number(startedAt.get(call.id)),
        arrivals: arrivals.get(call.id) ?? [],
      }))
      const strays = [...arrivals].filter(([id]) => !calls.has(id)).flatMap(([, list]) => list)
      const collected = { made, sequels, strays }
      calls = new Map()
      endings = new Map()
      startedAt = new Map()
      seen = new Map()
      sequels = []
      return collected
    },
  }
}
