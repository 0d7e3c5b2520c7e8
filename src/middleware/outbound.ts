import { setMaxListeners } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { AxiosInstance } from 'axios'
import { unlessAborted } from '../abort.js'
import { type Ambient, type CallContext, type Inbound, noOptions } from '../context.js'
import { describe, OrgidAuthError } from '../errors.js'
import { internalsOf, type OrgidAuth } from '../interface.js'
import { invalidOption, readOptions } from '../options.js'
import { attachTo, findAxios } from '../transports/axios-attach.js'

/** Options of `outboundAuth`, for Koa and Express alike. */
export interface OutboundAuthOptions {
  /**
   * What `outbound.axios` is; of several, the first. They are attached, if `attachAuth` has not
   * been called with them yet.
   */
  readonly axios?: AxiosInstance | readonly AxiosInstance[]
  /**
   * Which outgoing calls are aborted when the client goes away before its response was written.
   * `'safe'`: GET, HEAD and OPTIONS (RFC 9110 9.2.1), never a booking. `'all'`, `'none'`.
   * Default: `'safe'`.
   */
  readonly abort?: 'safe' | 'all' | 'none'
}

/** Outgoing calls, bound to one inbound request: `ctx.state.orgid` and `res.locals.orgid`. */
export interface Outbound {
  /**
   * The axios instance given to `outboundAuth`. It is the same one for every request, and knows
   * the inbound request from the asynchronous context.
   *
   * @throws OrgidAuthError `ERR_INVALID_OPTION` when none was given.
   */
  readonly axios: AxiosInstance
  /** Aborts with `ERR_CLIENT_GONE` when the client went away before its response was written. */
  readonly signal: AbortSignal
  /**
   * The value of the Authorization header for a call to `url`, or undefined if it is no
   * partner's. As `auth.authorization`, and with `abort: 'all'` aborted by {@link signal}.
   */
  readonly authorization: OrgidAuth['authorization']
  /** A token for a partner. As `auth.token`, and with `abort: 'all'` aborted by {@link signal}. */
  readonly token: OrgidAuth['token']
}

/** Gives an inbound request its {@link Outbound}, and `run` for all that handles it. @internal */
export type BindRequest = (response: ServerResponse | Http2ServerResponse) => {
  readonly outbound: Outbound
  readonly run: <T>(fn: () => T) => T
}

/**
 * What both middlewares are made of. Validates at once.
 *
 * @throws OrgidAuthError `ERR_INVALID_OPTION`
 * @internal
 */
export function bindRequests(auth: OrgidAuth, options: OutboundAuthOptions = {}): BindRequest {
  const { context } = internalsOf(auth)
  const { instances, abort } = validated(options)
  // Those that are attached already keep the copy of axios that they were attached with
  attachTo(instances, auth, findAxios)
  return (response) => {
    const inbound: Inbound = { signal: clientGone(response), abort }
    const ambient: Ambient = { general: noOptions, ...context.current(), inbound }
    return {
      outbound: new RequestOutbound(auth, context, ambient, inbound, instances[0]),
      run: (fn) => context.run(ambient, fn),
    }
  }
}

/**
 * Private fields and a prototype getter, so that inspecting or serialising it shows no secret;
 * arrow functions, so that `const { token } = ctx.state.orgid` works.
 */
class RequestOutbound implements Outbound {
  readonly #auth: OrgidAuth
  readonly #context: CallContext
  readonly #ambient: Ambient
  readonly #inbound: Inbound
  readonly #axios: AxiosInstance | undefined

  constructor(
    auth: OrgidAuth,
    context: CallContext,
    ambient: Ambient,
    inbound: Inbound,
    axios: AxiosInstance | undefined,
  ) {
    this.#auth = auth
    this.#context = context
    this.#ambient = ambient
    this.#inbound = inbound
    this.#axios = axios
  }

  get axios(): AxiosInstance {
    if (this.#axios) return this.#axios
    throw invalidOption(
      'options.axios',
      'an axios instance for outbound.axios',
      'none',
      'Pass it: outboundAuth(auth, { axios })',
    )
  }

  get signal(): AbortSignal {
    return this.#inbound.signal
  }

  readonly authorization: Outbound['authorization'] = (url, options) =>
    this.#call(() => this.#auth.authorization(url, options))

  readonly token: Outbound['token'] = async (partner, options) =>
    this.#call(() => this.#auth.token(partner, options))

  #call<T>(fn: () => T | Promise<T>): T | Promise<T> {
    const { signal, abort } = this.#inbound
    if (abort !== 'all') return this.#inContext(fn)
    signal.throwIfAborted() // auth would still serve a token that it need not wait for
    const result = this.#inContext(fn)
    return result instanceof Promise ? unlessAborted(result, signal) : result
  }

  // An event emitter or a pool may call from outside the request's context, or from another's.
  #inContext<T>(fn: () => T): T {
    const current = this.#context.current()
    return this.#context.run(current?.inbound === this.#inbound ? current : this.#ambient, fn)
  }
}

/** Aborts when the response closes before all of it was handed to the operating system. */
function clientGone(response: ServerResponse | Http2ServerResponse): AbortSignal {
  const controller = new AbortController()
  // each outgoing call may listen, and Node warns of a leak at the eleventh
  setMaxListeners(0, controller.signal)
  const onClose = () => {
    // a reset HTTP/2 stream counts as finished though nobody ended it
    if (response.writableEnded && response.writableFinished) return
    controller.abort(
      new OrgidAuthError('ERR_CLIENT_GONE', 'the client went away before its response was written'),
    )
  }
  // it may have gone while an earlier middleware was waiting
  const isClosed = 'stream' in response ? response.stream.destroyed : response.closed
  if (isClosed) onClose()
  else response.once('close', onClose)
  return controller.signal
}

function validated(options: OutboundAuthOptions) {
  const own = readOptions(options, ['axios', 'abort'], 'options')
  const { axios, abort = 'safe' } = own
  if (abort !== 'safe' && abort !== 'all' && abort !== 'none') {
    throw invalidOption('options.abort', "'safe', 'all' or 'none'", describe(abort))
  }
  const instances: readonly AxiosInstance[] = axios === undefined ? [] : [axios].flat()
  for (const instance of instances) {
    if (typeof instance?.interceptors?.request?.use === 'function') continue
    throw invalidOption('options.axios', 'an axios instance', describe(instance))
  }
  return { abort, instances }
}
