import { Stream } from 'node:stream'
import type { AxiosResponse } from 'axios'

/**
 * Makes the raw request non-enumerable: it holds the header as it went over the wire. It stays
 * reachable for those who use it, and out of logs.
 *
 * @internal
 */
export function hideRequest<T>(outcome: T): T {
  hide(outcome, 'request')
  const response = (outcome as { response?: AxiosResponse } | undefined)?.response ?? outcome
  hide(response, 'request')
  const data: unknown = (response as AxiosResponse | undefined)?.data
  // A streamed body is Node's own message, which knows its request and its connection
  for (const name of ['req', 'socket', 'client']) hide(data, name)
  if (data instanceof Stream) hideInErrorsOf(data)
  return outcome
}

/** axios reports on a streamed body by errors of the stream, which hold the raw request as well. */
function hideInErrorsOf(stream: Stream): void {
  const emit = stream.emit
  // Not a listener: that would make errors handled which nobody handles
  const hiding: Stream['emit'] = (event, ...details) => {
    if (event === 'error') hideRequest(details[0])
    return emit.call(stream, event, ...details)
  }
  Object.defineProperty(stream, 'emit', { value: hiding, configurable: true, writable: true })
}

function hide(holder: unknown, name: string): void {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, name)) return
  const descriptor = Object.getOwnPropertyDescriptor(holder, name)
  if (descriptor?.enumerable && descriptor.configurable) {
    Object.defineProperty(holder, name, { ...descriptor, enumerable: false })
  }
}
