import type { CallOptions } from '../context.js'

/** A call's options on the hops after its first: what was minted anew for it is new enough. @internal */
export function onNextHop(options: CallOptions | undefined): CallOptions | undefined {
  return options?.forceRefresh ? { ...options, forceRefresh: false } : options
}
