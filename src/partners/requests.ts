import type { CallOptions } from '../context.js'
import type { MintRequest } from '../tokens/claims.js'
import { requestFor } from './call.js'
import type { KeyNames } from './key-names.js'
import type { Partner } from './partner.js'

/** What to mint for a call to a partner, with a key. @internal */
export type Requests = (
  partner: Partner,
  keyId: string,
  options: CallOptions | undefined,
) => MintRequest

/** @internal */
export function createRequests({ issuerFor }: Pick<KeyNames, 'issuerFor'>): Requests {
  return (partner, keyId, options) => {
    const isPlain = options === undefined || !shapesToken(options)
    const cached = isPlain ? partner.plainRequest : undefined
    if (cached?.keyId === keyId) return cached
    const request = requestFor(partner, { keyId, issuer: issuerFor(partner, keyId) }, options)
    if (isPlain) partner.plainRequest = request
    return request
  }
}

/** Whether options ask for another token than the partner's own. */
function shapesToken({ audience, scope, claims, lifetime }: CallOptions): boolean {
  return (audience ?? scope ?? claims ?? lifetime) !== undefined
}
