import type { Ambient, CallOptions } from '../context.js'
import type { AuthInternals } from '../interface.js'
import { isReplayable } from './body.js'
import { isSafe } from './method.js'
import { Attempt, type Flow } from './undici-attempt.js'
import { type Readable, withAuthorization } from './undici-headers.js'
import type { AnyHandler, Dispatch, DispatchOptions, RequestContext } from './undici-types.js'

/** A dispatch to a partner. @internal */
export interface Call {
  readonly dispatch: Dispatch
  /** As the caller gave them, on an object of our own. */
  readonly options: DispatchOptions & { readonly headers: Readable }
  readonly url: string
  readonly orgid: CallOptions | undefined
  readonly internals: AuthInternals
  /** What surrounded the call: its answers come in another context. */
  readonly ambient: Ambient | undefined
}

/** How the caller's handler wants to be spoken to. @internal */
export interface Port {
  start(exchange: Exchange, context: RequestContext | null | undefined): void
  fail(exchange: Exchange, error: Error): void
  /** A handler for one attempt, which tells the caller's. */
  handlerOf(attempt: Attempt, exchange: Exchange): AnyHandler
}

/**
 * A dispatch to a partner, as its caller sees it: one request, however often it is sent. It starts
 * once, it can be aborted from then on, and what is told is told by the attempt that counts.
 *
 * @internal
 */
export class Exchange {
  /** The caller has aborted it. */
  isAborted = false
  reason: Error | null = null
  readonly #call: Call
  readonly #port: Port
  #attempt: Attempt | undefined
  #authorization: string | undefined
  #sentAt = 0
  #isRepeated = false
  #hasStarted = false
  #hasFailed = false
  #context: RequestContext | null | undefined

  constructor(call: Call, port: Port) {
    this.#call = call
    this.#port = port
  }

  /** Sends the request, once its token is there. */
  sendWith(authorization: Promise<string | undefined>): true {
    authorization.then(
      (value) => {
        if (!this.#hasFailed) this.#sendLater(value)
      },
      (error: Error) => this.fail(error),
    )
    // Now, so that the caller can abort the wait; undici's own context is added when it comes
    try {
      this.#start({})
    } catch (error) {
      this.#hasFailed = true
      throw error
    }
    return true
  }

  /** Sends the request. */
  send(authorization: string | undefined): boolean {
    const { dispatch, options, internals } = this.#call
    this.#authorization = authorization
    this.#sentAt = internals.now()
    const attempt = new Attempt(this)
    this.#attempt = attempt
    const authorized = { ...options, headers: withAuthorization(options.headers, authorization) }
    return dispatch(authorized, this.#port.handlerOf(attempt, this))
  }

  connected(attempt: Attempt, context: RequestContext | null | undefined): void {
    if (this.isAborted) attempt.abort(this.reason ?? undefined)
    else if (this.#hasStarted) this.#context && Object.assign(this.#context, context)
    else this.#start(context)
  }

  /** What the caller does to end it. It takes effect at once, whatever is being waited for. */
  abort(reason?: Error): void {
    if (this.isAborted) return
    this.isAborted = true
    this.reason = reason ?? null
    // undici reports what is aborted on the wire; what is held back or not there yet, it does not
    const isReported = this.#attempt?.isAbortable === true
    this.#attempt?.abort(reason)
    if (!isReported) this.fail(reason ?? requestAborted())
  }

  fail(error: Error): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    this.#port.fail(this, error)
  }

  /** An attempt was answered, and not with 401. */
  answered({ history }: Attempt, status: number): void {
    if (this.#authorization === undefined || status < 200 || status > 299) return
    // Below us there may have been redirects, which take the token where it belongs or not
    if (history.length < 2) this.#call.internals.accepted(this.#call.url, this.#authorization)
  }

  /**
   * An attempt was answered 401.
   *
   * @returns what `deliver` does, which tells the caller; false if that has to wait.
   */
  refused(
    attempt: Attempt,
    answered: { readonly date: string | undefined; readonly age: string | undefined },
    flow: Flow,
    deliver: () => unknown,
  ): unknown {
    const authorization = this.#replacement(attempt, answered)
    if (authorization === undefined) return deliver()
    if (typeof authorization === 'string') {
      this.#repeat(attempt, authorization)
      return true
    }
    attempt.hold(flow, deliver)
    authorization.then((value) => {
      if (this.isAborted) return
      if (value === undefined) attempt.release()
      else this.#repeat(attempt, value)
    })
    return false
  }

  #start(context: RequestContext | null | undefined): void {
    this.#hasStarted = true
    this.#context = context
    this.#port.start(this, context)
  }

  /** Reports that our token was refused, if it was ours, and gets the one to repeat it with. */
  #replacement(
    { history }: Attempt,
    answered: { readonly date: string | undefined; readonly age: string | undefined },
  ): string | undefined | Promise<string | undefined> {
    const { options, orgid, internals, ambient, url } = this.#call
    const authorization = this.#authorization
    if (authorization === undefined) return undefined
    const answering = history.length > 1 ? (history.at(-1) as URL).href : url
    if (history.length > 1 && !this.#keptToken(history, answering)) return undefined
    const report = () =>
      internals.replaced({
        url: answering,
        options: orgid,
        authorization,
        repeated: this.#isRepeated,
        sentAt: this.#sentAt,
        ...answered,
      })
    const { context } = internals
    const other = ambient === undefined ? context.outside(report) : context.run(ambient, report)
    const mayRepeat = isReplayable(options.body) && (history.length < 2 || isSafe(options.method))
    return mayRepeat ? other : undefined
  }

  /** Whether redirects below us have kept to one origin, as undici sees it, and to one partner. */
  #keptToken(history: readonly URL[], answering: string): boolean {
    const { options, internals, url } = this.#call
    return (
      history.every(({ origin }) => origin === options.origin) &&
      internals.partnerOf(answering) === internals.partnerOf(url)
    )
  }

  #repeat(attempt: Attempt, authorization: string): void {
    this.#isRepeated = true
    attempt.drop(() => {
      if (!this.isAborted) this.#sendLater(authorization)
    })
  }

  /** Where nobody is left to throw to. */
  #sendLater(authorization: string | undefined): void {
    try {
      this.send(authorization)
    } catch (error) {
      this.fail(error as Error)
    }
  }
}

/** The error that undici itself reports where no reason is given. */
function requestAborted(): Error {
  const error = new Error('Request aborted')
  return Object.assign(error, { name: 'AbortError', code: 'UND_ERR_ABORTED' })
}
