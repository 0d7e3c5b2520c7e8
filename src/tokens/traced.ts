import {
  hashOf,
  type MintEvent,
  mints,
  publish,
  type RefreshEvent,
  type TokenEvent,
  type TokenFacts,
} from '../events.js'
import type { MintRequest } from './claims.js'
import { type CacheEntry, endsAtOf } from './entry.js'
import type { TokenSource } from './minter.js'
import type { Token } from './token.js'

/** A source whose work is told on the tracing channel of mints, if anybody listens. @internal */
export function traced(source: TokenSource): TokenSource {
  return {
    get: (request, previous) =>
      mints.hasSubscribers
        ? trace({ ...eventOf(request) }, () => source.get(request, previous))
        : source.get(request, previous),
  }
}

function trace(event: MintEvent, mint: () => Token | Promise<Token>): Token | Promise<Token> {
  return mints.start.runStores(event, () => {
    try {
      const result = mint()
      if (!(result instanceof Promise)) {
        event.token = factsOf(result)
        return result
      }
      return result.then(
        (token) => {
          event.token = factsOf(token)
          settled(event)
          return token
        },
        (error: unknown) => {
          failed(event, error)
          settled(event)
          throw error
        },
      )
    } catch (error) {
      failed(event, error)
      throw error
    } finally {
      mints.end.publish(event)
    }
  })
}

function failed(event: MintEvent, error: unknown): void {
  event.error = error
  mints.error.publish(event)
}

function settled(event: MintEvent): void {
  mints.asyncStart.publish(event)
  mints.asyncEnd.publish(event)
}

/** A call waits for a token, since there is no usable one. @internal */
export function tellMiss(request: MintRequest): void {
  publish('orgid-bearer:miss', () => eventOf(request))
}

/**
 * @param replaced whose token is to be replaced, if it is still there.
 * @param now epoch seconds.
 * @internal
 */
export function tellRefresh(
  request: MintRequest,
  reason: RefreshEvent['reason'],
  replaced: CacheEntry | undefined,
  now: number,
): void {
  publish('orgid-bearer:refresh', () => ({
    ...eventOf(request),
    reason,
    remaining: replaced === undefined ? 0 : Math.max(0, endsAtOf(replaced.token) - now),
  }))
}

/** What every event about a request's token says. @internal */
export function eventOf({ partner, keyId, audience }: MintRequest): TokenEvent {
  return { partner, keyId, audience }
}

function factsOf({ value, issuedAt, freshUntil, expiresAt }: Token): TokenFacts {
  return { hash: hashOf(value), issuedAt, freshUntil, expiresAt }
}
