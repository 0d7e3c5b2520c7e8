import type { MintRequest } from './claims.js'
import type { Clock } from './clock.js'
import { clockDifference } from './stored-token.js'
import { Token } from './token.js'

/** Which tokens were invalidated; what is absent matches all. @internal */
export interface Invalidated {
  readonly partner: string | undefined
  readonly keyId: string | undefined
  /** A token's value. */
  readonly token: string | undefined
}

/** Remembers what was invalidated, so that it does not come back out of a store. @internal */
export interface Invalidations {
  add(what: Invalidated): void
  cover(request: MintRequest, token: Token): boolean
}

/** Beyond, the oldest are forgotten. */
const most = 1_000

/** @internal */
export function createInvalidations(clock: Clock): Invalidations {
  let rules: readonly (Invalidated & { readonly at: number })[] = []

  return {
    add(what) {
      const rest = rules.filter(
        (old) =>
          old.partner !== what.partner || old.keyId !== what.keyId || old.token !== what.token,
      )
      rules = [...rest, { ...what, at: clock.now() }].slice(-most)
    },
    cover(request, token) {
      // At the earliest. Who minted it may not have known of the offset, and had another clock: of
      // those minted up to some seconds after an invalidation none is taken
      const offset = Math.max(0, Token.clock(token).offset)
      const mintedAt = token.expiresAt - request.lifetime - offset
      return rules.some(
        (rule) =>
          (rule.partner === undefined || rule.partner === request.partner) &&
          (rule.keyId === undefined || rule.keyId === request.keyId) &&
          (rule.token === undefined
            ? mintedAt <= rule.at + clockDifference
            : rule.token === token.value),
      )
    },
  }
}
