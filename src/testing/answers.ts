import { describe } from '../errors.js'
import { invalidOption, readNumber, readOptions } from '../options.js'
import type { RecordedRequest } from './recorded.js'

/** What a test partner sends back. */
export interface PartnerAnswer {
  /** Default: 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** A string or bytes go as they are, anything else as JSON. Default: a JSON word on the verdict. */
  readonly body?: unknown
}

/** An answer written in advance. */
export interface ScriptedAnswer extends PartnerAnswer {
  /** For how many requests; `Infinity` is for all that come. Default: 1. */
  readonly times?: number
  /** Only for this path, without query. Default: any. */
  readonly path?: string
}

/** A redirect written in advance. */
export interface ScriptedRedirect {
  /** The `Location` header, absolute or relative. */
  readonly to: string | URL
  /** Default: 302. */
  readonly status?: 301 | 302 | 303 | 307 | 308
  readonly times?: number
  readonly path?: string
}

/** Gives the answer to an accepted request. */
export type PartnerHandler = (request: RecordedRequest) => PartnerAnswer | Promise<PartnerAnswer>

/** An answer ready to be written. @internal */
export interface WireAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: string | Uint8Array
}

/** A queue of answers written in advance; the first that fits a request is used. @internal */
export class Script {
  readonly #entries: { answer: ScriptedAnswer; left: number }[] = []

  add(input: ScriptedAnswer): void {
    const names = ['status', 'headers', 'body', 'times', 'path'] as const
    const answer = readOptions<ScriptedAnswer>(input, names, 'answer') as ScriptedAnswer
    readStatus(answer.status, 'answer.status')
    this.#entries.push({ answer, left: readTimes(answer.times, 'answer.times') })
  }

  addRedirect(input: ScriptedRedirect): void {
    const own = readOptions<ScriptedRedirect>(input, ['to', 'status', 'times', 'path'], 'redirect')
    const { to, status = 302, times, path } = own
    if (to === undefined) throw invalidOption('redirect.to', 'a URL', 'undefined')
    if (![301, 302, 303, 307, 308].includes(status)) {
      throw invalidOption('redirect.status', '301, 302, 303, 307 or 308', describe(status))
    }
    this.add({
      status,
      headers: { location: String(to) },
      body: '',
      ...(times !== undefined && { times }),
      ...(path !== undefined && { path }),
    })
  }

  /** Takes the answer for a request, if one was written. */
  take(url: string): ScriptedAnswer | undefined {
    const path = url.split('?', 1)[0]
    const index = this.#entries.findIndex(
      ({ answer }) => answer.path === undefined || answer.path === path,
    )
    const entry = this.#entries[index]
    if (!entry) return undefined
    entry.left -= 1
    if (entry.left <= 0) this.#entries.splice(index, 1)
    return entry.answer
  }

  clear(): void {
    this.#entries.length = 0
  }
}

/** The answer that follows from the verdict alone. @internal */
export function answerTo({ authorization, verdict }: RecordedRequest): WireAnswer {
  if (verdict.accepted) return toWire({ body: { ok: true } })
  return authorization === undefined ? unauthorized(undefined) : unauthorized(verdict.reason)
}

/** Fills in what an answer leaves open, as a real partner would. @internal */
export function toWire({ status = 200, headers = {}, body }: PartnerAnswer): WireAnswer {
  readStatus(status, 'status')
  if (body === undefined) {
    const { headers: usual, body: text } =
      status === 401 ? unauthorized('told to answer 401') : toWire({ body: { ok: status < 400 } })
    return { status, headers: { ...usual, ...lowerCase(headers) }, body: text }
  }
  if (typeof body === 'string' || body instanceof Uint8Array) return { status, headers, body }
  const json = { 'content-type': 'application/json' }
  return { status, headers: { ...json, ...lowerCase(headers) }, body: JSON.stringify(body) }
}

/** RFC 6750 3 and 3.1: a request without credentials is told no error code. */
function unauthorized(reason: string | undefined): WireAnswer {
  const details = reason && ` error="invalid_token", error_description="${reason}"`
  return toWire({
    status: 401,
    headers: { 'www-authenticate': `Bearer${details ?? ''}` },
    body: {
      ok: false,
      error: reason === undefined ? 'unauthorized' : 'invalid_token',
      reason: reason ?? 'no Authorization header',
    },
  })
}

function lowerCase(headers: NonNullable<PartnerAnswer['headers']>): WireAnswer['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}

function readStatus(status: unknown, where: string): void {
  const isFinal = Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599
  if (status === undefined || isFinal) return
  throw invalidOption(where, 'a final HTTP status, 200 to 599', describe(status))
}

function readTimes(times: unknown, where: string): number {
  const bounds = { min: 1, max: Infinity, fallback: 1, unit: 'requests' }
  return readNumber(times, where, bounds)
}
