import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * What a single call may say about its token. Given explicitly (`config.orgid` on axios), or for
 * every call inside a function (`auth.run`, `wrapClient`).
 *
 * Options choose among a partner's tokens; they never widen where a token may go.
 */
export interface CallOptions {
  /**
   * Name (or DID) of the partner the options are meant for. Explicit: must be the partner of the
   * final URL, or the call fails with `ERR_PARTNER_MISMATCH`. Ambient: the options apply to calls
   * to this partner alone.
   */
  readonly partner?: string
  /** A DID out of the partner's `did` and `audiences`. Default: the partner's `did`. */
  readonly audience?: string
  /** Replaces the partner's scope; an empty array asks for none. */
  readonly scope?: string | readonly string[]
  /** Further claims; the partner's stay, and of the same name the call's wins. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Seconds, or a duration such as `'10 minutes'`. Default: the partner's. */
  readonly lifetime?: number | string
  /** Mints a token that differs from the cached one. Default: false. */
  readonly forceRefresh?: boolean
  /** Aborts this call's wait for its token, never the mint that others wait for. */
  readonly signal?: AbortSignal
  /** Sends no token of ours. Default: false. */
  readonly skip?: boolean
}

/** The inbound request on whose behalf calls are made (Koa and Express middleware). @internal */
export interface Inbound {
  /** Aborts when the client has gone away before its response was written. */
  readonly signal: AbortSignal
  /** Which outbound calls that aborts: those with a safe method (RFC 9110 9.2.1), all, or none. */
  readonly abort: 'safe' | 'all' | 'none'
}

/** What surrounds a call. @internal */
export interface Ambient {
  /** `signal` and `skip` for calls to anyone. */
  readonly general: CallOptions
  /** Options meant for one partner. */
  readonly meant?: Meant | undefined
  readonly inbound?: Inbound | undefined
}

/** Options for calls to one partner, and outside of them those for others. */
interface Meant {
  /** The partner's name or DID, as given. */
  readonly partner: string
  readonly options: CallOptions
  readonly outer?: Meant | undefined
}

/** No options, on no prototype: a polluted `Object.prototype` sets none. @internal */
export const noOptions: CallOptions = Object.freeze(Object.create(null) as CallOptions)

/** Options over others, by own properties alone. @internal */
export function mergeOptions(outer: CallOptions, inner: CallOptions | undefined): CallOptions {
  return Object.assign(Object.create(null) as CallOptions, outer, inner)
}

/**
 * Options inside of others; inner ones win. Those that name a partner build on what was said of it
 * outside, and those that name none on what the partner around them has; of options meant for
 * another partner nothing is taken over.
 *
 * @internal
 */
export function nestedIn(outer: Ambient | undefined, options: CallOptions): Ambient {
  const { general, meant, inbound } = outer ?? { general: noOptions }
  const { partner } = options
  if (partner !== undefined) {
    const base = layerFor(meant, (name) => name === partner) ?? general
    return {
      inbound,
      general,
      meant: { partner, options: mergeOptions(base, options), outer: meant },
    }
  }
  const forAll = generalOf(options)
  return {
    inbound,
    general: mergeOptions(general, forAll),
    meant: meant && {
      ...onEveryLayer(meant, forAll),
      options: mergeOptions(meant.options, options),
    },
  }
}

/** What of the options around a call applies to a call to a partner. @internal */
export function ambientOptions(
  { general, meant }: Ambient,
  isMeant: (nameOrDid: string) => boolean,
): CallOptions {
  return layerFor(meant, isMeant) ?? general
}

/** Whether it changes nothing about any token. @internal */
export function isWithoutOptions(ambient: Ambient | undefined): boolean {
  return ambient === undefined || (ambient.general === noOptions && ambient.meant === undefined)
}

function layerFor(
  meant: Meant | undefined,
  isMeant: (nameOrDid: string) => boolean,
): CallOptions | undefined {
  for (let layer = meant; layer !== undefined; layer = layer.outer) {
    if (isMeant(layer.partner)) return layer.options
  }
  return undefined
}

function onEveryLayer(meant: Meant, options: CallOptions): Meant {
  const { outer } = meant
  return {
    ...meant,
    options: mergeOptions(meant.options, options),
    outer: outer && onEveryLayer(outer, options),
  }
}

function generalOf({ signal, skip }: CallOptions): CallOptions {
  return { ...(signal !== undefined && { signal }), ...(skip !== undefined && { skip }) }
}

/** Call options carried along asynchronous calls; one storage per auth. @internal */
export interface CallContext {
  current(): Ambient | undefined
  /** Whether anything ever ran inside of one. */
  readonly isUsed: boolean
  run<T>(ambient: Ambient, fn: () => T): T
  /** Runs what is done for all calls alike, and not for the one that happens to need it first. */
  outside<T>(fn: () => T): T
}

/** @internal */
export function createCallContext(): CallContext {
  const storage = new AsyncLocalStorage<Ambient | undefined>()
  let isUsed = false
  return {
    current: () => storage.getStore(),
    get isUsed() {
      return isUsed
    },
    run: (ambient, fn) => {
      isUsed = true
      return storage.run(ambient, fn)
    },
    outside: (fn) => (storage.getStore() === undefined ? fn() : storage.run(undefined, fn)),
  }
}
