import type { Ambient } from '../context.js'
import { isSafe } from './method.js'

/**
 * The signal of the inbound request that a call is made for, where its end aborts the call: as far
 * as the middleware's policy goes, and for safe methods alone unless that says all.
 *
 * @internal
 */
export function inboundSignal(
  ambient: Ambient | undefined,
  method: string | undefined,
): AbortSignal | undefined {
  const inbound = ambient?.inbound
  if (inbound === undefined || inbound.abort === 'none') return undefined
  return inbound.abort === 'all' || isSafe(method) ? inbound.signal : undefined
}
