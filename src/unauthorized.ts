import type { CallOptions } from './context.js'
import { hashOf, publish } from './events.js'
import type { AuthInternals, Refused } from './interface.js'
import type { KeyNames } from './partners/key-names.js'
import type { Partner } from './partners/partner.js'
import type { Requests } from './partners/requests.js'
import type { TokenCache } from './tokens/cache.js'
import type { Credit } from './tokens/credit.js'
import type { Fallbacks } from './tokens/fallback.js'
import type { Happenings } from './tokens/happenings.js'
import type { ClockOffsets } from './tokens/offsets.js'
import { Token } from './tokens/token.js'
import { eventOf } from './tokens/traced.js'

/** @internal */
export interface AnswersOptions {
  partnerOf(url: string): Partner | undefined
  /** The call's options, those around it included. */
  optionsFor(partner: Partner, options: CallOptions | undefined): CallOptions | undefined
  now(): number
  readonly happenings: Pick<Happenings, 'refused' | 'accepted' | 'isAnyRefusing'>
  readonly names: Pick<KeyNames, 'keyOf'>
  readonly requests: Requests
  readonly cache: TokenCache
  readonly offsets: ClockOffsets
  readonly credit: Credit
  readonly fallbacks: Fallbacks
}

/**
 * What comes of partners' answers to our tokens.
 *
 * After a 401 (RFC 9110 15.5.2) the partner's clock is learnt from it, and the token is replaced by
 * one that differs: by the one that is there already if another call was refused first, or else by
 * a new one, as far as there is credit for it. While a key is so new that the partner may not know
 * it, that token is the key's before, until the partner has accepted one of the new key.
 *
 * @internal
 */
export function createAnswers(
  options: AnswersOptions,
): Pick<AuthInternals, 'replaced' | 'accepted'> {
  const { partnerOf, optionsFor, now, requests, cache, offsets, credit, fallbacks } = options
  const { happenings } = options
  const { keyOf } = options.names

  const replace = (refused: Refused) => {
    const { authorization, repeated: isRepeated } = refused
    const partner = partnerOf(refused.url)
    if (partner === undefined) return undefined
    const { name } = partner
    const callOptions = optionsFor(partner, refused.options)
    const requestWith = (id: string) => requests(partner, id, callOptions)
    const claims = claimsOf(authorization)
    const keyId = keyOf(partner, claims.iss)
    const asked = requestWith(keyId ?? fallbacks.keyFor(name, now()))
    const { key: creditor } = asked
    // The name may have become another organisation's, of which this says nothing
    const isTheirs = partner.audiences.has(claims.aud)
    if (isTheirs) happenings.refused(name, asked.keyId)
    publish('orgid-bearer:unauthorized', () => ({
      ...eventOf(asked),
      hash: hashOf(authorization.slice('Bearer '.length)),
    }))
    // All of the partner's tokens go when its clock is another one than thought: a partner whose
    // `Date` is anything at all must not drive mints that way
    const mayChange = () => credit.has(creditor) && credit.take(`clock of ${name}`)
    if (!isRepeated && offsets.learn(name, refused, mayChange)) {
      cache.invalidate((other) => other.partner === name)
    }

    const refusal = { keyId, isTimely: isTimely(claims, partner), isRepeated }
    const next = isTheirs ? requestWith(fallbacks.refused(name, refusal)) : asked
    if (next.keyId !== keyId) drop(authorization)
    if (isRepeated) {
      for (const key of new Set([creditor, next.key])) credit.exhaust(key)
      return undefined
    }
    const token = cache.replace(next, authorization, () => credit.take(next.key))
    const header = (other: Token): string | undefined => {
      const isStill = partnerOf(refused.url) === partner
      const mayRepeat = isStill && partner.retryUnauthorized
      if (!mayRepeat || Token.authorization(other) === authorization) return undefined
      publish('orgid-bearer:retried', () => ({ ...eventOf(next), hash: hashOf(other.value) }))
      return Token.authorization(other)
    }
    if (token === undefined) return undefined
    return token instanceof Promise ? token.then(header, () => undefined) : header(token)
  }

  const accept = (url: string, authorization: string): void => {
    const partner = partnerOf(url)
    if (partner === undefined) return
    const { iss, aud } = claimsOf(authorization)
    if (!partner.audiences.has(aud)) return
    happenings.accepted(partner.name)
    if (!fallbacks.isWaiting(partner.name)) return
    const keyId = keyOf(partner, iss)
    if (keyId !== undefined) fallbacks.accepted(partner.name, keyId)
  }

  /** Whether a token was in its time for the partner, as far as its clock is known. */
  const isTimely = ({ iat, exp }: OwnClaims, { name }: Partner): boolean => {
    const theirs = now() + (offsets.of(name)?.offset ?? 0)
    return iat < theirs && theirs < exp
  }

  /** The token of a key that is not gone on with is served no more, and not sent again later. */
  const drop = (authorization: string): void => {
    cache.invalidate(
      (_, token) => token !== undefined && Token.authorization(token) === authorization,
    )
  }

  return {
    replaced: (refused) => {
      try {
        return replace(refused)
      } catch {
        // The answer that is there, a 401, says more than that no other token could be had
        return undefined
      }
    },
    accepted: (url, authorization) => {
      if (!fallbacks.isAny() && !happenings.isAnyRefusing()) return
      try {
        accept(url, authorization)
      } catch {
        // The answer is there, whatever cannot be learnt from it
      }
    },
  }
}

interface OwnClaims {
  readonly iss: string
  readonly aud: string
  readonly iat: number
  readonly exp: number
}

/** Of a token of ours. */
function claimsOf(authorization: string): OwnClaims {
  const [, payload = ''] = authorization.split('.', 2)
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as OwnClaims
}
