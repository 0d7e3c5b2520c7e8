import { createHash } from 'node:crypto'
import { describe } from '../errors.js'
import { internalsOf, type OrgidAuth } from '../interface.js'
import { invalidOption, readOptions } from '../options.js'
import { toHtml } from './html.js'
import { reportOf } from './report.js'
import { style } from './style.js'

export type { Rates } from '../tokens/happenings.js'
export type { PartnerReport, Refusal, StatusReport, TokenLife } from './report.js'

/** What {@link statusPage} takes. */
export interface StatusPageOptions {
  /** The one path to answer at, such as `/orgid`. Default: wherever it is mounted, any path. */
  readonly path?: string
}

/** What Koa's context has, as far as it is needed. */
interface KoaContext {
  readonly method: string
  readonly path: string
  accepts(...types: string[]): string | false | string[]
  set(headers: { [name: string]: string }): void
  status: number
  body: unknown
}

interface ExpressRequest {
  readonly method: string
  readonly path: string
  accepts(types: string[]): string | false
}

interface ExpressResponse {
  set(headers: { [name: string]: string }): unknown
  status(code: number): unknown
  send(body: string): unknown
}

/** Middleware of Koa and a handler of Express, in one. */
export interface StatusPage {
  (context: KoaContext, next: () => Promise<unknown>): Promise<unknown> | undefined
  (request: ExpressRequest, response: ExpressResponse, next: () => void): void
}

interface Answer {
  readonly status: number
  readonly headers: { [name: string]: string }
  readonly body: string
}

/**
 * A page that shows how an auth's tokens are: partners, keys, each token's life, clocks, the last
 * refusals and what to do about them. HTML, or JSON (`StatusReport`) where `Accept` prefers it. It
 * shows no token and no key, but who your partners are: **put your own access control before it.**
 *
 * @throws OrgidAuthError `ERR_INVALID_OPTION`
 *
 * @example
 * koaApp.use(statusPage(auth, { path: '/orgid' }))
 * expressApp.get('/orgid', statusPage(auth))
 */
export function statusPage(auth: OrgidAuth, options: StatusPageOptions = {}): StatusPage {
  const facts = internalsOf(auth)
  const path = readPath(readOptions(options, ['path'], 'options').path)

  const answer = (method: string, type: string): Answer => {
    if (method !== 'GET' && method !== 'HEAD') {
      return { status: 405, headers: { ...common, Allow: 'GET, HEAD' }, body: '' }
    }
    const report = reportOf(auth, facts)
    return type === 'json'
      ? { status: 200, headers: { ...common, 'Content-Type': json }, body: JSON.stringify(report) }
      : { status: 200, headers: { ...common, 'Content-Type': html }, body: toHtml(report) }
  }

  const inKoa = (context: KoaContext, next: () => Promise<unknown>) => {
    if (path !== undefined && context.path !== path) return next()
    const { status, headers, body } = answer(
      context.method,
      preferred(context.accepts('html', 'json')),
    )
    context.status = status
    context.set(headers)
    context.body = body
    return undefined
  }
  const inExpress = (request: ExpressRequest, response: ExpressResponse, next: () => void) => {
    if (path !== undefined && request.path !== path) return next()
    const { status, headers, body } = answer(
      request.method,
      preferred(request.accepts(['html', 'json'])),
    )
    response.status(status)
    response.set(headers)
    response.send(body)
  }
  function orgidStatusPage(
    first: KoaContext | ExpressRequest,
    second: (() => Promise<unknown>) | ExpressResponse,
    third?: () => void,
  ) {
    // Koa's second is `next`, Express's is the response
    return typeof second === 'function'
      ? inKoa(first as KoaContext, second)
      : inExpress(first as ExpressRequest, second, third as () => void)
  }
  return orgidStatusPage as StatusPage
}

const json = 'application/json; charset=utf-8'
const html = 'text/html; charset=utf-8'

// The page has one style element and nothing else that a browser would run or load
const common = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
  'Referrer-Policy': 'no-referrer',
  Vary: 'Accept',
  'X-Content-Type-Options': 'nosniff',
}

/** What `Accept` has first; who accepts neither gets the page all the same. */
function preferred(accepted: string | false | readonly string[]): string {
  return accepted === 'json' ? 'json' : 'html'
}

function readPath(input: unknown): string | undefined {
  if (input === undefined || (typeof input === 'string' && input.startsWith('/'))) return input
  throw invalidOption('path', 'a path that begins with /', describe(input))
}
