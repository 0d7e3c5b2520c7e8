import { OrgidAuthError } from '../errors.js'
import { Bare } from './bare.js'
import { isReplayable } from './body.js'
import {
  type AnyRequest,
  type AnyResponse,
  type FetchCall,
  member,
  type OwnInit,
  ownInit,
  settingsOf,
} from './fetch-call.js'
import { copyOf, headersWith, type OwnHeaders } from './fetch-headers.js'

/** One request of a call. All of it is ours, but for the Request and the body. @internal */
export interface Hop {
  /** What fetch is given: a URL as it was when the call was made, or the caller's Request. */
  readonly target: string | AnyRequest
  readonly url: string
  readonly method: string
  /** Without our token. */
  readonly headers: OwnHeaders | undefined
  /** All other members. */
  readonly init: OwnInit
  /** How many redirects may follow. */
  readonly left: number
}

// Fetch 4.4, HTTP-redirect fetch: "request's redirect count is 20"
const mostRedirects = 20

/** A call as it was made, whatever becomes of the caller's objects afterwards. @internal */
export function firstHop(call: FetchCall): Hop {
  const { request, url, method } = call
  const init = ownInit(call)
  // An option of node-fetch
  const follow = init.follow ?? member(request, 'follow')
  return {
    target: request ?? url,
    url,
    method,
    headers: copyOf(call.headers),
    init,
    left: typeof follow === 'number' ? follow : mostRedirects,
  }
}

/** What fetch is given to send a hop with our token, or without. @internal */
export function initOf(
  { init, headers: plain }: Hop,
  authorization: string | undefined,
  redirect?: 'manual',
): OwnInit {
  const own = Object.assign(new Bare<unknown>(), init)
  own.headers = headersWith(plain, authorization)
  if (redirect !== undefined) own.redirect = redirect
  return own
}

/** Whether a hop can be sent a second time; a Request's own body is a stream. @internal */
export function mayResend({ init, target }: Hop): boolean {
  if (init.body !== undefined && init.body !== null) return isReplayable(init.body)
  return typeof target === 'string' || (target.body ?? null) === null
}

// Fetch 2.2.6, "redirect status"
const redirects = new Set([301, 302, 303, 307, 308])

/** Where a response redirects to, if it does: a redirect without Location is an answer. @internal */
export function locationOf(response: AnyResponse): string | undefined {
  const { status } = response
  if (status === 0 && response.type === 'opaqueredirect') {
    throw new OrgidAuthError(
      'ERR_REDIRECT_TOKEN',
      "redirect: expected a response with Location, got an opaque one, so that it cannot be seen where the token would go. Use a fetch that tells, such as Node's, or pass redirect: 'error'",
    )
  }
  if (!redirects.has(status)) return undefined
  return response.headers.get('location') ?? undefined
}

/**
 * The request that follows a redirect (Fetch 4.4, HTTP-redirect fetch).
 *
 * @throws TypeError as fetch does; OrgidAuthError `ERR_REDIRECT_TOKEN` for a body that is gone.
 * @internal
 */
export function nextHop(hop: Hop, status: number, location: string): Hop {
  const { target } = hop
  const from = new URL(hop.url)
  const to = redirectUrl(location, from)
  if (hop.left <= 0) throw failed('redirect count exceeded')
  const dropsBody = becomesGet(status, hop.method)
  if (!dropsBody && !mayResend(hop)) throw bodyGone(to)

  const headers = new Headers(hop.headers)
  const init = typeof target === 'string' ? hop.init : { ...settingsOf(target), ...hop.init }
  const left = hop.left - 1
  const next = Object.assign(new Bare<unknown>(), init)
  if (next.follow !== undefined) next.follow = left
  next.method = dropsBody ? 'GET' : hop.method
  if (dropsBody) {
    delete next.body
    for (const name of bodyHeaders) headers.delete(name)
  }
  if (from.origin !== to.origin) for (const name of originHeaders) headers.delete(name)
  return { target: to.href, url: to.href, method: next.method as string, headers, init: next, left }
}

// Fetch 2.2.5, request-body-header names
const bodyHeaders = ['encoding', 'language', 'length', 'location', 'type'].map(
  (of) => `content-${of}`,
)

// Said to one origin, and not to the next
const originHeaders = ['authorization', 'cookie', 'host', 'proxy-authorization']

function becomesGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD'
  return (status === 301 || status === 302) && method === 'POST'
}

function redirectUrl(location: string, from: URL): URL {
  // A header's bytes come as Latin-1; beyond ASCII they are meant as UTF-8
  const isText = /^[\x20-\x7e]*$/.test(location)
  const text = isText ? location : Buffer.from(location, 'latin1').toString()
  const url = resolve(text, from)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw failed('URL scheme must be a HTTP(S) scheme')
  }
  if (url.hash === '') url.hash = from.hash
  return url
}

function resolve(text: string, base: URL): URL {
  try {
    return new URL(text, base)
  } catch (cause) {
    throw new TypeError('fetch failed', { cause })
  }
}

/** As Node's fetch reports what the standard calls a network error. */
function failed(reason: string): TypeError {
  return new TypeError('fetch failed', { cause: new Error(reason) })
}

function bodyGone(to: URL): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_REDIRECT_TOKEN',
    `redirect: expected a body that can be sent a second time, to ${to.origin}, got a stream or a Request's. Call that URL directly, or pass the body as string or bytes in init`,
  )
}
