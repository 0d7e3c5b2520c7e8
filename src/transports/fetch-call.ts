import type { Ambient, CallOptions } from '../context.js'
import { parseUrl } from '../partners/origin.js'
import { Bare } from './bare.js'
import { type OwnHeaders, readHeaders } from './fetch-headers.js'
import { inboundSignal } from './inbound.js'

/** What the implementations of fetch have in common: Node's, undici's, node-fetch. @internal */
export type AnyFetch = (input: unknown, init?: unknown) => Promise<AnyResponse>

/** @internal */
export interface AnyRequest {
  readonly url: string
  readonly method: string
  readonly headers: object
  readonly body?: unknown
}

/** @internal */
export interface AnyResponse {
  readonly status: number
  readonly type?: string
  readonly url: string
  readonly redirected: boolean
  readonly headers: { get(name: string): string | null }
  readonly body?: unknown
}

/** Members of a RequestInit, on no prototype. @internal */
export type OwnInit = Record<string, unknown>

/** A call, as the arguments say it; of the two the init wins. @internal */
export interface FetchCall {
  readonly input: unknown
  readonly init: unknown
  readonly request: AnyRequest | undefined
  readonly url: string
  readonly options: CallOptions | undefined
  readonly method: string
  /** To be read alone: they may be the caller's. */
  readonly headers: OwnHeaders | undefined
  readonly follows: boolean
  /** The caller's signal, and the inbound request's. */
  readonly signal: AbortSignal | undefined
  /** Whether fetch must be given other members than the caller's. */
  readonly isAltered: boolean
}

/**
 * @throws TypeError as fetch does, for headers that are none.
 * @internal
 */
export function readCall(input: unknown, init: unknown, ambient: Ambient | undefined): FetchCall {
  const request = isRequest(input) ? input : undefined
  const given = (name: string) => member(init, name) ?? member(request, name)
  const asked = given('method') ?? undefined
  const method = asked === undefined ? 'GET' : normalMethod(String(asked))
  const headers = given('headers')
  const callers = member(init, 'signal')
  const signal = callers === undefined ? member(request, 'signal') : callers
  const inbound = isJoinable(signal) ? inboundSignal(ambient, method) : undefined
  // A client that makes a Request (openapi-fetch) puts members that it does not know onto it
  const said = [init, input].find((one) => isObject(one) && Object.hasOwn(one, 'orgid'))
  return {
    input,
    init,
    request,
    url: request === undefined ? hrefOf(input) : urlOf(request),
    options: (said as { readonly orgid?: CallOptions } | undefined)?.orgid,
    method,
    headers: readHeaders(headers),
    follows: (given('redirect') ?? 'follow') === 'follow',
    signal: joined(signal, inbound),
    // What can be iterated once only has just been
    isAltered:
      (said !== undefined && said === init) ||
      inbound !== undefined ||
      typeof member(headers, 'next') === 'function',
  }
}

/** What fetch is given when no token is: the caller's own arguments, wherever that will do. @internal */
export function plainArguments(call: FetchCall): [input: unknown, init?: unknown] {
  if (!call.isAltered) return [call.input, call.init]
  const init = ownInit(call)
  if (call.headers !== undefined) init.headers = call.headers
  return [call.input, init]
}

const noMembers: OwnInit = Object.freeze(new Bare<unknown>())

/** What the init says but for the headers, on an object that is not the caller's. @internal */
export function ownInit({ init, request, signal, isAltered }: FetchCall): OwnInit {
  if (init === undefined && request === undefined && !isAltered) return noMembers
  const own = membersOf(init)
  delete own.orgid
  // A Request given together with members has its referrer reset (Fetch 5.4, Request constructor)
  if (request !== undefined && Object.keys(own).length === 0) {
    for (const name of ['referrer', 'referrerPolicy']) take(own, request, name)
  }
  delete own.headers
  if (isAltered && signal !== undefined) own.signal = signal
  return own
}

/** Members by the names that fetch reads, inherited ones as well, and all that is the object's own. */
function membersOf(init: unknown): OwnInit {
  const own = new Bare<unknown>()
  if (!isObject(init)) return own
  for (const name of Object.keys(init)) own[name] = init[name]
  for (const name of memberNames) if (!(name in own)) take(own, init, name)
  return own
}

/** What outlives a redirect of a Request: all but what makes it this request. @internal */
export function settingsOf(request: AnyRequest): OwnInit {
  const own = new Bare<unknown>()
  for (const name of settingNames) take(own, request, name)
  return own
}

// Of the standard (Fetch 5.4, RequestInit), of undici, and from `agent` on of node-fetch
const settingNames = [
  ...['cache', 'credentials', 'integrity', 'keepalive', 'mode', 'priority', 'referrer'],
  ...['referrerPolicy', 'signal', 'dispatcher'],
  ...['agent', 'compress', 'follow', 'highWaterMark', 'insecureHTTPParser', 'size'],
]
const memberNames = [...settingNames, 'method', 'headers', 'body', 'redirect', 'duplex', 'window']

function take(own: OwnInit, from: object, name: string): void {
  const value = member(from, name)
  if (value !== undefined) own[name] = value
}

/** A property that may be inherited, yet not from a polluted `Object.prototype`. @internal */
export function member(holder: unknown, name: string): unknown {
  if (!isObject(holder)) return undefined
  for (
    let at: object | null = holder;
    at !== null && at !== Object.prototype;
    at = Reflect.getPrototypeOf(at)
  ) {
    if (Object.hasOwn(at, name)) return holder[name]
  }
  return undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** A Request of any implementation; what fetch takes for its string is none. */
function isRequest(input: unknown): input is AnyRequest {
  const isLike = isObject(input) && typeof input.url === 'string' && isObject(input.headers)
  return isLike && (input instanceof globalThis.Request || parseUrl(String(input)) === undefined)
}

/** Where it will be sent, whatever a subclass says of itself. */
function urlOf(request: AnyRequest): string {
  const { Request } = globalThis
  if (!(request instanceof Request)) return request.url
  return String(Reflect.get(Request.prototype, 'url', request))
}

function hrefOf(input: unknown): string {
  return input instanceof URL ? input.href : String(input)
}

/** A signal that is no AbortSignal, which node-fetch takes, cannot be joined; the caller's stays. */
function isJoinable(signal: unknown): boolean {
  return signal === undefined || signal === null || signal instanceof AbortSignal
}

function joined(signal: unknown, inbound: AbortSignal | undefined): AbortSignal | undefined {
  if (!(signal instanceof AbortSignal)) return inbound
  return inbound === undefined ? signal : AbortSignal.any([signal, inbound])
}

/** Fetch 2.2.1, "normalize": the others are sent as they are written. */
function normalMethod(method: string): string {
  return /^(?:delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method
}
