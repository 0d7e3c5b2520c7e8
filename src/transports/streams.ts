import { Stream } from 'node:stream'

/** Runs a function inside a call context. @internal */
export type Run = <T>(fn: () => T) => T

/** A Node stream, of node:stream or of the readable-stream package. @internal */
export function isNodeStream(value: object): boolean {
  return value instanceof Stream || '_readableState' in value || '_writableState' in value
}

/** @internal */
export function isWebStream(value: object): value is ReadableStream<unknown> {
  return value instanceof ReadableStream
}

const hooks = ['_read', '_write', '_writev', '_transform', '_flush', '_destroy'] as const

/**
 * Makes a stream do its own work inside `run`.
 *
 * Streams are lazy: `_read` runs when the consumer reads, in the consumer's context, and may
 * only then fetch the next page. The stream's identity has to stay (`pipe`, `pipeline` and
 * `instanceof` look at internals), so its hooks are shadowed by own, non-enumerable properties.
 *
 * @internal
 */
export function bindNodeStream(stream: object, run: Run): void {
  // legacy streams, such as http.ClientRequest, have other things under these names
  if (!('_readableState' in stream || '_writableState' in stream)) return
  // a Transform flushes a second time if its `_final` is not the one of its prototype
  const names = typeof Reflect.get(stream, '_transform') === 'function' ? hooks : finalHooks
  for (const name of names) {
    const hook: unknown = Reflect.get(stream, name)
    if (typeof hook !== 'function') continue
    Object.defineProperty(stream, name, {
      value(this: unknown, ...args: unknown[]): unknown {
        return run(() => Reflect.apply(hook, this, args))
      },
      configurable: true,
      enumerable: false,
      writable: true,
    })
  }
}

const finalHooks = [...hooks, '_final'] as const

/**
 * A web stream that pulls from `source` inside `run`, chunk by chunk and no further ahead than
 * its reader. A byte stream stays one. A locked source has a reader already and is left to it.
 *
 * @internal
 */
export function bindWebStream(source: ReadableStream<unknown>, run: Run): ReadableStream<unknown> {
  if (source.locked) return source
  const isBytes = isByteStream(source)
  const reader = run(() => source.getReader())
  const cancel = (reason: unknown) => run(() => reader.cancel(reason))
  if (!isBytes) {
    const pull = async (controller: ReadableStreamDefaultController<unknown>) => {
      const { done, value } = await run(() => reader.read())
      if (done) controller.close()
      else controller.enqueue(value)
    }
    return new ReadableStream<unknown>({ pull, cancel }, { highWaterMark: 0 })
  }
  const pull = async (controller: ReadableByteStreamController) => {
    const { done, value } = await run(() => reader.read())
    if (!done) return controller.enqueue(value as ArrayBufferView)
    controller.close()
    // a reader that brought its own buffer is answered only once that is given back
    controller.byobRequest?.respond(0)
  }
  return new ReadableStream({ type: 'bytes', pull, cancel }, { highWaterMark: 0 })
}

// there is no property that tells
function isByteStream(source: ReadableStream<unknown>): boolean {
  try {
    source.getReader({ mode: 'byob' }).releaseLock()
    return true
  } catch {
    return false
  }
}
