import type { CallOptions } from '../context.js'
import { internalsOf, type OrgidAuth } from '../interface.js'
import { isReplayable } from './body.js'
import { inOwnContext } from './undici-context.js'
import { controllerPort } from './undici-controller.js'
import { Exchange } from './undici-exchange.js'
import { copyOf, hasAuthorization, type Readable, readable } from './undici-headers.js'
import { legacyPort } from './undici-legacy.js'
import type { AnyHandler, Dispatch, DispatchOptions } from './undici-types.js'

/** What is known of the dispatcher that a dispatch goes to. @internal */
export interface Target {
  /**
   * The origin to which it sends everything, whatever the options of a dispatch say: `null` if
   * there is one and it is not known, `undefined` if it goes where they say.
   */
  readonly origin?: string | null | undefined
  /** Throws if a token must not be sent this way. */
  readonly check?: (url: string) => void
}

/**
 * The one decision that is taken for each dispatch, and so for each hop.
 *
 * @throws OrgidAuthError `ERR_INVALID_OPTION` if `auth` was not made by `createOrgidAuth`.
 * @internal
 */
export function authorizedDispatch(
  auth: OrgidAuth,
  dispatch: Dispatch,
  { origin: fixed, check }: Target,
): Dispatch {
  const internals = internalsOf(auth)
  let origin = fixed

  return (options, callers) => {
    const handler = inOwnContext(callers, internals.context)
    // Only a Client or a Pool takes a dispatch without origin. It sends every other one to its own
    // origin as well, and undici 6 and 7 do not tell which that is
    if (origin === undefined && !options.origin) origin = null
    const headers = readable(options.headers)
    const untouched =
      headers === options.headers ? options : { ...options, headers: headers as never }
    if (hasAuthorization(headers)) return dispatch(untouched, handler)

    const url = urlOf(options, origin)
    const orgid = ownOrgid(options)
    const authorization = internals.authorization(url, orgid, isReplayable(options.body))
    if (authorization === undefined) return dispatch(untouched, handler)
    try {
      check?.(url)
    } catch (error) {
      if (authorization instanceof Promise) authorization.catch(() => {})
      throw error
    }
    const ambient = internals.context.current()
    const exchange = new Exchange(
      // As it was decided: the caller may use the object again before the last attempt has begun
      { dispatch, options: snapshot(options, headers), url, orgid, internals, ambient },
      portOf(handler),
    )
    return authorization instanceof Promise
      ? exchange.sendWith(authorization)
      : exchange.send(authorization)
  }
}

/** Where the bytes will go, or '' when that cannot be told: that is no partner's. */
function urlOf(options: DispatchOptions, fixed: string | null | undefined): string {
  const { path } = options
  // A CONNECT names an authority here, and a request to a proxy an absolute URL
  if (typeof path !== 'string' || path[0] !== '/' || fixed === null) return ''
  const origin = fixed ?? options.origin
  if (typeof origin === 'string')
    return `${origin.endsWith('/') ? origin.slice(0, -1) : origin}${path}`
  return origin instanceof URL ? `${origin.origin}${path}` : ''
}

/** Options of our own, with all that says where the bytes go. */
function snapshot(
  options: DispatchOptions,
  headers: Readable,
): DispatchOptions & { headers: Readable } {
  const { origin } = options
  return {
    ...options,
    ...(origin instanceof URL && { origin: origin.origin }),
    headers: copyOf(headers),
  }
}

/** An own property: a polluted prototype asks for nothing. */
function ownOrgid(options: DispatchOptions): CallOptions | undefined {
  return Object.hasOwn(options, 'orgid') ? options.orgid : undefined
}

function portOf(handler: AnyHandler) {
  return typeof handler.onRequestStart === 'function'
    ? controllerPort(handler)
    : legacyPort(handler)
}
