import { unlessAborted } from '../abort.js'
import type { AuthInternals, OrgidAuth } from '../interface.js'
import { parseUrl } from '../partners/origin.js'
import type { Partner } from '../partners/partner.js'
import {
  type AnyFetch,
  type AnyResponse,
  type FetchCall,
  member,
  type OwnInit,
  plainArguments,
  readCall,
} from './fetch-call.js'
import { discard, followRoute, type Route } from './fetch-follow.js'
import { authorizationIn } from './fetch-headers.js'
import { firstHop, type Hop, initOf, locationOf, mayResend } from './fetch-hop.js'
import { onNextHop } from './hops.js'

/** A fetch with an auth. @internal */
export interface Binding {
  readonly fetch: AnyFetch
  readonly auth: OrgidAuth
  readonly internals: AuthInternals
  /** Node's own fetch, which takes Authorization to no other origin. */
  readonly isNodes: boolean
}

/** A call that carries our token. */
interface Exchange {
  readonly binding: Binding
  readonly call: FetchCall
  readonly follows: 'by hand' | 'by fetch'
  isRepeated: boolean
}

/** A token on its way, and since when, in epoch seconds. */
interface Sent {
  readonly authorization: string
  readonly sentAt: number
}

/** Makes a call with the token that its URL asks for. @internal */
export async function sendAuthorized(
  binding: Binding,
  input: unknown,
  init: unknown,
): Promise<AnyResponse> {
  const { fetch, internals, isNodes } = binding
  const call = readCall(input, init, internals.context.current())
  if (authorizationIn(call.headers) !== undefined) return fetch(...plainArguments(call))
  const { url, options, signal } = call
  const partner = internals.partnerOf(url)
  if (partner !== undefined) signal?.throwIfAborted()
  // Before anything is waited for, since what the caller passed may change meanwhile
  const hop = partner && firstHop(call)
  const mayRepeat = hop !== undefined && mayResend(hop)
  const authorization = internals.authorization(url, options, mayRepeat)
  if (hop === undefined || authorization === undefined) return fetch(...plainArguments(call))
  const header =
    authorization instanceof Promise ? await unlessAborted(authorization, signal) : authorization
  if (header === undefined) return fetch(hop.target, initOf(hop, undefined))

  const isLeftToFetch =
    !call.follows || (isNodes && internals.ownsOrigin(partner as Partner) && needsFetch(call))
  const follows = isLeftToFetch ? 'by fetch' : 'by hand'
  const exchange: Exchange = { binding, call, follows, isRepeated: false }
  // As `send` does, whose promise would be one more to be waited for in every call
  const sent: Sent = { authorization: header, sentAt: internals.now() }
  const answer = await fetch(hop.target, initFor(exchange, hop, header))
  if (tellSuccess(exchange, hop, sent, answer)) return answer
  const response = await answered(exchange, hop, sent, answer)
  if (isLeftToFetch || locationOf(response) === undefined) return response
  return followRoute(response, hop, routeOf(exchange))
}

/**
 * What only fetch can follow: a Request, which knows what its body was made of and which dispatcher
 * it is for, and tells neither; and an integrity, which is that of the last answer.
 */
function needsFetch({ request, init }: FetchCall): boolean {
  return request !== undefined || Boolean(member(init, 'integrity'))
}

function routeOf(exchange: Exchange): Route {
  const { binding, call } = exchange
  const { fetch, auth, internals } = binding
  return {
    send: (hop, authorization) => send(exchange, hop, authorization),
    authorizationFor: (next, from) => {
      if (internals.partnerOf(next.url) !== internals.partnerOf(from.url)) return undefined
      const authorization = auth.authorization(next.url, onNextHop(call.options))
      return authorization instanceof Promise
        ? unlessAborted(authorization, call.signal)
        : authorization
    },
    leave: (next) => fetch(next.target, initOf(next, undefined)),
  }
}

/** Sends a hop, and once more with another token if this one is refused. */
async function send(exchange: Exchange, hop: Hop, authorization: string): Promise<AnyResponse> {
  const { fetch, internals } = exchange.binding
  const sent: Sent = { authorization, sentAt: internals.now() }
  const answer = await fetch(hop.target, initFor(exchange, hop, authorization))
  return tellSuccess(exchange, hop, sent, answer) ? answer : answered(exchange, hop, sent, answer)
}

function initFor({ follows }: Exchange, hop: Hop, authorization: string): OwnInit {
  return initOf(hop, authorization, follows === 'by hand' ? 'manual' : undefined)
}

/** Tells whoever waits for it that the token was accepted. @returns whether the answer is a success. */
function tellSuccess(
  { binding }: Exchange,
  { url }: Hop,
  { authorization }: Sent,
  answer: AnyResponse,
): boolean {
  const { status } = answer
  if (!(status >= 200 && status < 300)) return false
  if (!answer.redirected) binding.internals.accepted(url, authorization)
  return true
}

/** What to go on with: the answer, or that to the request made once more if it is 401. */
async function answered(
  exchange: Exchange,
  hop: Hop,
  sent: Sent,
  answer: AnyResponse,
): Promise<AnyResponse> {
  if (answer.status !== 401) return answer
  const replacement = await replacementFor(exchange, hop, answer, sent)
  if (replacement === undefined) return answer
  discard(answer)
  exchange.isRepeated = true
  return send(exchange, hop, replacement)
}

/** The header to repeat a hop with, if it was our token that was refused and it may be repeated. */
async function replacementFor(
  { binding, call, isRepeated }: Exchange,
  hop: Hop,
  response: AnyResponse,
  sent: Sent,
): Promise<string | undefined> {
  const { internals } = binding
  const url = refusedAt(internals, hop, response)
  if (url === undefined) return undefined
  const replacement = internals.replaced({
    url,
    options: call.options,
    repeated: isRepeated,
    date: response.headers.get('date'),
    age: response.headers.get('age'),
    ...sent,
  })
  // What fetch has followed may have lost the token on its way
  if (isRepeated || response.redirected || !mayResend(hop)) return undefined
  if (!(replacement instanceof Promise)) return replacement
  try {
    return await unlessAborted(replacement, call.signal)
  } catch (error) {
    discard(response)
    throw error
  }
}

/** The URL that answered, if our token came there: fetch takes it along within one origin alone. */
function refusedAt(
  { partnerOf }: AuthInternals,
  { url }: Hop,
  response: AnyResponse,
): string | undefined {
  if (!response.redirected) return url
  const isSame =
    partnerOf(response.url) === partnerOf(url) &&
    parseUrl(response.url)?.origin === parseUrl(url)?.origin
  return isSame ? response.url : undefined
}
