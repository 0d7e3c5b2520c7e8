import type { CallOptions } from '../context.js'
import type { MintRequest } from '../tokens/claims.js'
import type { Clock } from '../tokens/clock.js'
import type { Keyring } from '../tokens/keyring.js'
import { requestFor } from './call.js'
import type { Partner } from './partner.js'

/** What to mint for a call to a partner. @internal */
export type Requests = (partner: Partner, options: CallOptions | undefined) => MintRequest

/** @internal */
export function createRequests(
  keyring: Keyring,
  clock: Clock,
  initialKeyId: string | undefined,
): Requests {
  // The request of a call without options is one object a partner, until another key signs
  const plainRequests = new WeakMap<Partner, MintRequest>()

  return (partner, options) => {
    const keyId = keyring.active(clock.now()).id
    if (options !== undefined && shapesToken(options)) {
      return requestFor(partner, keyId, initialKeyId, options)
    }
    const cached = plainRequests.get(partner)
    if (cached?.keyId === keyId) return cached
    const request = requestFor(partner, keyId, initialKeyId)
    plainRequests.set(partner, request)
    return request
  }
}

/** Whether options ask for another token than the partner's own. */
function shapesToken({ audience, scope, claims, lifetime }: CallOptions): boolean {
  return (audience ?? scope ?? claims ?? lifetime) !== undefined
}
