import type { Attempt, Flow } from './undici-attempt.js'
import type { Exchange, Port } from './undici-exchange.js'
import { rawHeader } from './undici-headers.js'
import type {
  Abort,
  AnyHandler,
  LegacyHandler,
  RawHeaders,
  RequestContext,
} from './undici-types.js'

/** A caller's handler of undici 6, and of Node's own fetch. @internal */
export function legacyPort(handler: LegacyHandler): Port {
  return {
    start: (exchange, context) =>
      handler.onConnect?.((reason) => exchange.abort(reason), context ?? undefined),
    fail: (_exchange, error) => handler.onError?.(error),
    handlerOf: (attempt, exchange) =>
      new LegacyAttempt(handler, attempt, exchange) as LegacyHandler as AnyHandler,
  }
}

/** Pausing is what `onHeaders` returns. */
class LegacyAttempt implements LegacyHandler {
  readonly #handler: LegacyHandler
  readonly #attempt: Attempt
  readonly #exchange: Exchange

  constructor(handler: LegacyHandler, attempt: Attempt, exchange: Exchange) {
    this.#handler = handler
    this.#attempt = attempt
    this.#exchange = exchange
  }

  onConnect(abort: Abort, context?: RequestContext | null): void {
    this.#attempt.connected(abort, context)
  }

  onUpgrade(status: number, headers: unknown, socket: unknown): void {
    this.#attempt.ended(() => this.#handler.onUpgrade?.(status, headers, socket))
  }

  onResponseStarted(): void {
    if (this.#attempt.isOpen) this.#handler.onResponseStarted?.()
  }

  onHeaders(status: number, headers: RawHeaders, resume: () => void, text?: string): unknown {
    if (!this.#attempt.isOpen) return true
    const deliver = () => this.#handler.onHeaders?.(status, headers, resume, text)
    if (status !== 401) {
      this.#exchange.answered(this.#attempt, status)
      return deliver()
    }
    const answered = { date: rawHeader(headers, 'date'), age: rawHeader(headers, 'age') }
    const flow: Flow = { pause: () => {}, resume }
    return this.#exchange.refused(this.#attempt, answered, flow, deliver)
  }

  onData(chunk: Uint8Array): unknown {
    if (this.#attempt.isOpen) return this.#handler.onData?.(chunk)
    this.#attempt.late(() => this.#handler.onData?.(chunk))
    return true
  }

  onComplete(trailers: unknown): void {
    this.#attempt.ended(() => this.#handler.onComplete?.(trailers))
  }

  onError(error: Error): void {
    this.#attempt.ended(() => this.#exchange.fail(error))
  }

  onBodySent(...details: readonly unknown[]): unknown {
    return this.#attempt.isOpen ? this.#handler.onBodySent?.(...details) : undefined
  }

  onRequestSent(): unknown {
    return this.#attempt.isOpen ? this.#handler.onRequestSent?.() : undefined
  }
}
