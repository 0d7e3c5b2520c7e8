import type { CallContext } from '../context.js'
import type { AnyHandler } from './undici-types.js'

const callbacks = [
  ...['onConnect', 'onUpgrade', 'onResponseStarted', 'onHeaders', 'onData', 'onComplete'],
  ...['onError', 'onBodySent', 'onRequestSent', 'onRequestStart', 'onRequestUpgrade'],
  ...['onResponseStart', 'onResponseData', 'onResponseEnd', 'onResponseError'],
] as const

type Callback = (...details: unknown[]) => unknown

/**
 * A handler that is told in the context of its own call. undici tells it in that of whichever call
 * has opened the socket; and a redirect or a retry is dispatched from there.
 *
 * @internal
 */
export function inOwnContext(handler: AnyHandler, context: CallContext): AnyHandler {
  // Where nothing ever ran in a context there is none to mistake for another
  if (!context.isUsed) return handler
  const ambient = context.current()
  const bound = Object.create(null) as Record<string, Callback>
  for (const name of callbacks) {
    const callback = (handler as Partial<Record<string, unknown>>)[name]
    if (typeof callback !== 'function') continue
    bound[name] = (...details) => {
      const tell = () => Reflect.apply(callback, handler, details) as unknown
      return ambient === undefined ? context.outside(tell) : context.run(ambient, tell)
    }
  }
  return bound as AnyHandler
}
