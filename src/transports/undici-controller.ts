import type { Attempt } from './undici-attempt.js'
import type { Exchange, Port } from './undici-exchange.js'
import { parsedHeader } from './undici-headers.js'
import type {
  AnyHandler,
  Controller,
  ControllerHandler,
  ParsedHeaders,
  RequestContext,
} from './undici-types.js'

/** A caller's handler of undici 7 and 8. @internal */
export function controllerPort(handler: ControllerHandler): Port {
  let relay: RelayController | undefined
  const relayOf = (exchange: Exchange): RelayController => {
    relay ??= new RelayController(exchange)
    return relay
  }
  return {
    start: (exchange, context) => handler.onRequestStart?.(relayOf(exchange), context),
    fail: (exchange, error) => handler.onResponseError?.(relayOf(exchange), error),
    handlerOf: (attempt, exchange) =>
      new ControllerAttempt(
        handler,
        attempt,
        exchange,
        relayOf(exchange),
      ) as ControllerHandler as AnyHandler,
  }
}

/**
 * The one controller that the caller's handler sees, whichever attempt is under way: undici's own
 * belong to one attempt each.
 */
class RelayController implements Controller {
  #target: Controller | undefined
  /** What the caller's handler wants, apart from what is paused here. */
  #isPaused = false
  readonly #exchange: Exchange

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  /** Puts undici's controller of an attempt behind it. */
  attach(target: Controller): void {
    this.#target = target
    if (this.#isPaused) target.pause()
  }

  get aborted(): boolean {
    return this.#exchange.isAborted || this.#target?.aborted === true
  }

  get reason(): Error | null {
    return this.#exchange.reason ?? this.#target?.reason ?? null
  }

  get paused(): boolean {
    return this.#isPaused
  }

  get rawHeaders(): unknown {
    return this.#target?.rawHeaders
  }

  // Interceptors that change a body (undici's decompress) change its headers as well
  set rawHeaders(value: unknown) {
    if (this.#target) this.#target.rawHeaders = value
  }

  get rawTrailers(): unknown {
    return this.#target?.rawTrailers
  }

  set rawTrailers(value: unknown) {
    if (this.#target) this.#target.rawTrailers = value
  }

  abort(reason?: Error): void {
    this.#exchange.abort(reason)
  }

  pause(): void {
    this.#isPaused = true
    this.#target?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#target?.resume()
  }
}

class ControllerAttempt implements ControllerHandler {
  readonly #handler: ControllerHandler
  readonly #attempt: Attempt
  readonly #exchange: Exchange
  readonly #relay: RelayController

  constructor(
    handler: ControllerHandler,
    attempt: Attempt,
    exchange: Exchange,
    relay: RelayController,
  ) {
    this.#handler = handler
    this.#attempt = attempt
    this.#exchange = exchange
    this.#relay = relay
  }

  onRequestStart(controller: Controller, context?: RequestContext | null): void {
    if (this.#attempt.isOpen) this.#relay.attach(controller)
    this.#attempt.connected((reason) => controller.abort(reason), context)
  }

  onRequestUpgrade(
    _controller: Controller,
    status: number,
    headers: ParsedHeaders,
    socket: unknown,
  ): void {
    this.#attempt.ended(() =>
      this.#handler.onRequestUpgrade?.(this.#relay, status, headers, socket),
    )
  }

  onResponseStarted(): void {
    if (this.#attempt.isOpen) this.#handler.onResponseStarted?.()
  }

  onResponseStart(
    controller: Controller,
    status: number,
    headers: ParsedHeaders,
    text?: string,
  ): void {
    if (!this.#attempt.isOpen) return
    const deliver = () => {
      this.#handler.onResponseStart?.(this.#relay, status, headers, text)
      return !this.#relay.paused
    }
    if (status !== 401) {
      this.#exchange.answered(this.#attempt, status)
      deliver()
      return
    }
    const answered = { date: parsedHeader(headers, 'date'), age: parsedHeader(headers, 'age') }
    this.#exchange.refused(this.#attempt, answered, controller, deliver)
  }

  onResponseData(_controller: Controller, chunk: Uint8Array): void {
    if (this.#attempt.isOpen) this.#handler.onResponseData?.(this.#relay, chunk)
    else {
      this.#attempt.late(() => {
        this.#handler.onResponseData?.(this.#relay, chunk)
        return !this.#relay.paused
      })
    }
  }

  onResponseEnd(_controller: Controller, trailers: ParsedHeaders): void {
    this.#attempt.ended(() => this.#handler.onResponseEnd?.(this.#relay, trailers))
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    this.#attempt.ended(() => this.#exchange.fail(error))
  }

  onBodySent(...details: readonly unknown[]): unknown {
    return this.#attempt.isOpen ? this.#handler.onBodySent?.(...details) : undefined
  }

  onRequestSent(): unknown {
    return this.#attempt.isOpen ? this.#handler.onRequestSent?.() : undefined
  }
}
