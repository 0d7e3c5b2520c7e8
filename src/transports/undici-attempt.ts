import type { Abort, RequestContext } from './undici-types.js'

/** What a handler is told later. */
type Delivery = () => unknown

/** The request that an attempt is made for. */
interface Owner {
  connected(attempt: Attempt, context: RequestContext | null | undefined): void
  fail(error: Error): void
}

/** What an attempt's handler can do about the response. @internal */
export interface Flow {
  pause(): void
  resume(): void
}

/**
 * One request on the wire. What comes of it is passed on to the caller, or held back while it is
 * not known whether the request will be repeated, or dropped once it is.
 *
 * @internal
 */
export class Attempt {
  /** The URLs that have answered, if something below follows redirects. */
  history: readonly URL[] = []
  readonly #owner: Owner
  #state: 'open' | 'held' | 'dropped' = 'open'
  #abort: Abort | undefined
  #hasEnded = false
  #held: Delivery[] = []
  #flow: Flow | undefined
  #onDropped: (() => void) | undefined

  constructor(owner: Owner) {
    this.#owner = owner
  }

  /** Whether the caller is told at once. */
  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Whether an abort reaches the wire, which then reports it. */
  get isAbortable(): boolean {
    return this.isOpen && this.#abort !== undefined
  }

  /** On the wire; again for each redirect and retry below. */
  connected(abort: Abort, context: RequestContext | null | undefined): void {
    this.#abort = abort
    if (Array.isArray(context?.history)) this.history = context.history
    if (!this.isOpen) abort(dropped())
    else this.#owner.connected(this, context)
  }

  abort(reason?: Error): void {
    this.#abort?.(reason)
  }

  /** Keeps what comes until it is released or dropped. */
  hold(flow: Flow, delivery: Delivery): void {
    this.#state = 'held'
    this.#flow = flow
    this.#held.push(delivery)
    flow.pause()
  }

  /** For what comes while the attempt is not open. */
  late(delivery: Delivery): void {
    if (this.#state === 'held') this.#held.push(delivery)
  }

  /** The response is complete, or has failed. */
  ended(delivery: Delivery): void {
    this.#hasEnded = true
    if (this.#state === 'open') delivery()
    else this.late(delivery)
    const then = this.#takeDropped()
    // undici takes its connection for busy until the immediate after the one that begins now
    if (then) setImmediate(() => setImmediate(then))
  }

  /** Tells what was held back, and goes on. A delivery that says false wants to be waited for. */
  release(): void {
    this.#state = 'open'
    const deliveries = this.#held
    this.#held = []
    try {
      // All of them, since what undici has read already does not come again
      const isWanted = deliveries.map((deliver) => deliver()).every((wanted) => wanted !== false)
      if (isWanted) this.#flow?.resume()
    } catch (error) {
      // As undici does with what a handler throws
      if (this.#hasEnded) this.#owner.fail(error as Error)
      else this.abort(error as Error)
    }
  }

  /**
   * Lets the response go, and calls back when its socket is free: soon, if its body is short, and
   * else the socket is given up.
   */
  drop(then: () => void): void {
    const wasHeld = this.#state === 'held'
    this.#state = 'dropped'
    this.#held = []
    if (this.#hasEnded) {
      then()
      return
    }
    this.#onDropped = then
    if (wasHeld) this.#flow?.resume()
    setImmediate(() => {
      const late = this.#takeDropped()
      if (late === undefined) return
      this.abort(dropped())
      late()
    })
  }

  #takeDropped(): (() => void) | undefined {
    const then = this.#onDropped
    this.#onDropped = undefined
    return then
  }
}

/** Told to nobody. */
function dropped(): Error {
  return new Error('The response was dropped')
}
