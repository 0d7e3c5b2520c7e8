import { setTimeout as sleep } from 'node:timers/promises'
import { type CallOptions, isOrgidAuthError } from 'orgid-bearer'
import type { PartnerAnswer, RecordedRequest } from 'orgid-bearer/testing'
import type { Kind } from './faults.js'
import type { Place } from './places.js'
import type { MoodySigner } from './signer.js'
import type { Sending, Transport } from './transports.js'

/** What a server does about a request. */
export type Answer = 'ok' | 'refuse' | 'forward' | 'reset' | 'late' | 'abort'

/** One request of a call's way, as it is meant to be. */
export interface Hop {
  readonly place: Place
  /** To the first request there, to the second, and so on; the last one stays. */
  readonly answers: readonly Answer[]
  /** Status of a redirect to the next hop. */
  readonly status?: number
}

/** How a call is meant to end: with a status, or with an error that has this code or name. */
export type Ending = { readonly status: number } | { readonly error: readonly string[] }

/** A call that is to be made, and all that may come of it. */
export interface Call {
  readonly id: string
  readonly kind: Kind
  readonly transport: Transport
  readonly signer: MoodySigner
  readonly hops: readonly Hop[]
  readonly method: Sending['method']
  readonly body: Sending['body']
  readonly options: CallOptions | undefined
  /** The claim `soak` of the tokens asked for with `options`. */
  readonly label: string | undefined
  /** How many requests each hop must see; fewer hops than there are when the way ends before. */
  readonly requests: readonly number[]
  readonly ending: Ending
  /** Clocks have just gone apart: one refusal of an expired token is as it should be. */
  readonly isUnlearnt: boolean
  readonly abort: AbortController
}

/** How a call ended in fact. */
export type Ended = { readonly status: number } | { readonly error: readonly string[] }

/** Milliseconds for all of a call: far more than any needs. */
const limit = 10_000
/** Milliseconds that a late answer takes. */
const lateness = 120

/** Makes the call. Whatever it throws is how it ended; what it should have been is judged later. */
export async function perform(call: Call): Promise<Ended> {
  const { transport, method, body, options, abort } = call
  const url = urlOf(call, 0)
  const timer = new AbortController()
  const overdue = sleep(limit, { error: ['overdue'] }, { signal: timer.signal })
  overdue.catch(() => {})
  const sent = transport
    .send({ url, method, body, options, signal: abort.signal })
    .then((status): Ended => ({ status }))
    .catch((error: unknown): Ended => ({ error: namesOf(error) }))
  const ended = await Promise.race([sent, overdue])
  timer.abort()
  return ended
}

function urlOf({ id, hops }: Call, index: number): string {
  const { server, path } = (hops[index] as Hop).place
  return server.url(`${path}?call=${id}&hop=${index}`)
}

/** To what call and hop a request belongs. */
export function originOf({ url }: RecordedRequest): { id: string; hop: number } {
  const { searchParams } = new URL(url, 'http://server.invalid')
  return { id: searchParams.get('call') ?? '', hop: Number(searchParams.get('hop')) }
}

/** What a server answers, to the `nth` request of a hop that its rules accept. */
export async function answerTo(call: Call, index: number, nth: number): Promise<PartnerAnswer> {
  const { answers, status = 302 } = call.hops[index] as Hop
  switch (answers[Math.min(nth, answers.length - 1)]) {
    case 'refuse':
      return { status: 401 }
    case 'forward':
      return { status, headers: { location: urlOf(call, index + 1) }, body: '' }
    case 'late':
      await sleep(lateness)
      return { status: 200 }
    case 'abort':
      call.abort.abort()
      await sleep(lateness)
      return { status: 200 }
    case 'reset':
      // A header that cannot be written: the test partner drops the connection
      return { status: 200, headers: { 'x-soak': '\n' } }
    default:
      return { status: 200 }
  }
}

/** Codes and names of an error and of what caused it. Never messages, which may hold anything. */
function namesOf(error: unknown): string[] {
  const names: string[] = []
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    const { code } = at as { code?: unknown }
    names.push(typeof code === 'string' ? code : at.name)
    // What is behind an error of this library is the signer's affair
    if (isOrgidAuthError(at)) break
  }
  return names.length > 0 ? names : [typeof error]
}
