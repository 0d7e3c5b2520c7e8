import type { CallOptions } from '../context.js'

// undici's own declarations differ from one major version to the next, and the undici that Node
// bundles has none: these are what 6, 7 and 8 have in common, as far as it is used here.

/** @internal */
export type Dispatch = (options: DispatchOptions, handler: AnyHandler) => boolean

/** @internal */
export interface DispatchOptions {
  readonly origin?: string | URL | null
  readonly path: string
  readonly method?: string
  readonly headers?: RequestHeaders
  readonly body?: unknown
  readonly orgid?: CallOptions
}

/** A flat list or a list of pairs, something else that can be iterated, or a record. @internal */
export type RequestHeaders =
  | readonly unknown[]
  | Iterable<readonly unknown[]>
  | Readonly<Record<string, unknown>>
  | null
  | undefined

/** @internal */
export type AnyHandler = LegacyHandler & ControllerHandler

/** Ends a request with a reason, or with undici's own. @internal */
export type Abort = (reason?: Error) => void

/** What redirect handlers put beside a request. @internal */
export interface RequestContext {
  /** The URLs that have answered. */
  readonly history?: readonly URL[]
}

/** Names and values in turn, as they came. @internal */
export type RawHeaders = readonly (Uint8Array | string | readonly (Uint8Array | string)[])[]

/** How handlers are spoken to in undici 6, and by the fetch of Node 20 to 24. @internal */
export interface LegacyHandler {
  onConnect?(abort: Abort, context?: RequestContext | null): void
  onUpgrade?(status: number, headers: unknown, socket: unknown): void
  onResponseStarted?(): void
  onHeaders?(status: number, headers: RawHeaders, resume: () => void, text?: string): unknown
  onData?(chunk: Uint8Array): unknown
  onComplete?(trailers: unknown): void
  onError?(error: Error): void
  onBodySent?(...details: readonly unknown[]): unknown
  onRequestSent?(): unknown
}

/** @internal */
export interface Controller {
  readonly aborted: boolean
  readonly paused: boolean
  readonly reason: Error | null
  rawHeaders?: unknown
  rawTrailers?: unknown
  abort(reason?: Error): void
  pause(): void
  resume(): void
}

/** Response headers, names in lower case. @internal */
export type ParsedHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** How handlers are spoken to since undici 7. @internal */
export interface ControllerHandler {
  onRequestStart?(controller: Controller, context?: RequestContext | null): void
  onRequestUpgrade?(
    controller: Controller,
    status: number,
    headers: ParsedHeaders,
    socket: unknown,
  ): void
  onResponseStarted?(): void
  onResponseStart?(
    controller: Controller,
    status: number,
    headers: ParsedHeaders,
    text?: string,
  ): void
  onResponseData?(controller: Controller, chunk: Uint8Array): void
  onResponseEnd?(controller: Controller, trailers: ParsedHeaders): void
  onResponseError?(controller: Controller, error: Error): void
  onBodySent?(...details: readonly unknown[]): unknown
  onRequestSent?(): unknown
}
