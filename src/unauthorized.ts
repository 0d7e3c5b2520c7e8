import type { CallOptions } from './context.js'
import type { Refused } from './interface.js'
import type { Partner } from './partners/partner.js'
import type { Requests } from './partners/requests.js'
import type { TokenCache } from './tokens/cache.js'
import type { Credit } from './tokens/credit.js'
import type { ClockOffsets } from './tokens/offsets.js'
import { Token } from './tokens/token.js'

/** @internal */
export interface UnauthorizedOptions {
  partnerOf(url: string): Partner | undefined
  /** The call's options, those around it included. */
  optionsFor(partner: Partner, options: CallOptions | undefined): CallOptions | undefined
  readonly requests: Requests
  readonly cache: TokenCache
  readonly offsets: ClockOffsets
  readonly credit: Credit
}

/**
 * What comes of a 401 (RFC 9110 15.5.2) to a token of ours. The partner's clock is learnt from it,
 * and the token is replaced by one that differs: by the one that is there already if another call
 * was refused first, or else by a new one, as far as there is credit for it.
 *
 * @internal
 */
export function createReplacement(
  options: UnauthorizedOptions,
): (refused: Refused) => string | undefined | Promise<string | undefined> {
  const { partnerOf, optionsFor, requests, cache, offsets, credit } = options

  const replace = (refused: Refused) => {
    const { authorization, repeated } = refused
    const partner = partnerOf(refused.url)
    if (partner === undefined) return undefined
    const request = requests(partner, optionsFor(partner, refused.options))
    if (repeated) {
      credit.exhaust(request.key)
      return undefined
    }
    // All of the partner's tokens go when its clock is another one than thought: a partner whose
    // `Date` is anything at all must not drive mints that way
    const mayChange = () => credit.has(request.key) && credit.take(`clock of ${partner.name}`)
    if (offsets.learn(partner.name, refused, mayChange)) {
      cache.invalidate((other) => other.partner === partner.name)
    }
    const token = cache.replace(request, authorization, () => credit.take(request.key))
    const header = (other: Token): string | undefined => {
      const isStill = partnerOf(refused.url) === partner
      const mayRepeat = isStill && partner.retryUnauthorized
      return mayRepeat && Token.authorization(other) !== authorization
        ? Token.authorization(other)
        : undefined
    }
    if (token === undefined) return undefined
    return token instanceof Promise ? token.then(header, () => undefined) : header(token)
  }

  return (refused) => {
    try {
      return replace(refused)
    } catch {
      // The answer that is there, a 401, says more than that no other token could be had
      return undefined
    }
  }
}
