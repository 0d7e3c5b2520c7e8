import { Stream } from 'node:stream'
import type { AxiosResponse } from 'axios'
import type { Call } from './axios-call.js'
import { spendTimeout, waitWithin } from './axios-cancel.js'
import { finalUrl, own } from './axios-config.js'
import { sendWith } from './axios-send.js'
import { isReplayable } from './body.js'
import { isSafe } from './method.js'

/** How an attempt ended: with a response, with an error, or with an error that has a response. */
interface Outcome {
  readonly response: AxiosResponse | undefined
  readonly error?: unknown
}

/** A 401. `validateStatus` may have made an error of it, or not: it is the same answer. */
interface Refusal extends Outcome {
  readonly response: AxiosResponse
}

/**
 * Repeats a request that was answered 401, once, with another token.
 *
 * @internal
 */
export async function repeat(
  call: Call,
  first: Refusal,
  attempt: () => Promise<AxiosResponse>,
): Promise<AxiosResponse> {
  const authorization = await replacement(call, first.response)
  if (authorization === undefined) return unwrap(first)
  discard(first.response)
  const second = await outcomeOf(sendAgain(call, authorization, attempt))
  if (isRefusal(second.response)) report(call, second.response, true)
  else if (second.response !== undefined) accepted(call, second.response)
  return unwrap(second)
}

/** @internal */
export function isRefusal(response: AxiosResponse | undefined): response is AxiosResponse {
  return response?.status === 401
}

/** Says that our token was accepted, if it was ours and was. @internal */
export function accepted(call: Call, response: AxiosResponse): AxiosResponse {
  const { sent, attachment, confinement } = call
  const { status = 0 } = response ?? {}
  const isSure = status >= 200 && status < 300 && confinement?.redirect === undefined
  if (sent && isSure) attachment.internals.accepted(sent.url, sent.authorization)
  return response
}

/** The header to repeat the request with, if it may be repeated. */
async function replacement(call: Call, response: AxiosResponse): Promise<string | undefined> {
  const authorization = report(call, response, false)
  if (!mayRepeat(call)) return undefined
  if (!(authorization instanceof Promise)) return authorization
  try {
    return await waitWithin(authorization, call)
  } catch (error) {
    discard(response)
    throw error
  }
}

/** Says that our token was refused, if it was ours. */
function report(call: Call, { headers }: AxiosResponse, repeated: boolean) {
  const { config, attachment, sent } = call
  const { internals } = attachment
  if (sent === undefined || call.confinement?.redirect === 'out of reach') return undefined
  const { url, authorization, at: sentAt } = sent
  // What the call said was meant for the partner of its own URL
  const isOwn = internals.partnerOf(url) === internals.partnerOf(finalUrl(config))
  return internals.replaced({
    url,
    options: isOwn ? own(config, 'orgid') : undefined,
    authorization,
    repeated,
    sentAt,
    date: headerOf(headers, 'date'),
    age: headerOf(headers, 'age'),
  })
}

/**
 * After a redirect, only what may be done twice is begun again from the start; and never what the
 * config says by now, if that is something else.
 */
function mayRepeat({ config, asked, hops, confinement }: Call): boolean {
  const isRedirected = hops > 0 || confinement?.redirect !== undefined
  const { data, method } = config
  const isSame =
    asked === undefined ||
    (asked.data === data && asked.method === method && asked.url === finalUrl(config))
  return isSame && isReplayable(data) && (!isRedirected || isSafe(method))
}

function sendAgain(
  call: Call,
  authorization: string,
  attempt: () => Promise<AxiosResponse>,
): Promise<AxiosResponse> {
  const { config, restore, hops } = call
  spendTimeout(call)
  restore.withdraw()
  if (hops === 0) return sendWith(call, finalUrl(config), authorization)
  call.hops = 0
  call.sent = undefined
  call.confinement = undefined
  return attempt()
}

/** Frees the socket of a streamed answer that nobody will read. */
function discard({ data }: AxiosResponse): void {
  if (data instanceof Stream) (data as Stream & { destroy(): void }).destroy()
  else if (data instanceof ReadableStream) data.cancel().catch(() => {})
}

function outcomeOf(attempt: Promise<AxiosResponse>): Promise<Outcome> {
  return attempt.then(
    (response) => ({ response }),
    (error: unknown) => ({ response: (error as { response?: AxiosResponse })?.response, error }),
  )
}

function unwrap(outcome: Outcome): AxiosResponse {
  if ('error' in outcome) throw outcome.error
  return outcome.response as AxiosResponse
}

/** Of axios' own headers, or of the plain object that an adapter of someone else's hands back. */
function headerOf(headers: AxiosResponse['headers'] | undefined, name: string): string | undefined {
  const value: unknown =
    typeof headers?.get === 'function' ? headers.get(name) : (headers as never)?.[name]
  return typeof value === 'string' ? value : undefined
}
