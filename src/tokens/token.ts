import type { InspectOptions } from 'node:util'

/**
 * A minted token. Times are epoch seconds.
 *
 * `value` is the secret: it is an accessor over a private field, so that it is read only where it
 * is asked for, and never by `util.inspect`, `JSON.stringify`, `structuredClone` or a logger.
 */
export class Token {
  readonly #authorization: string
  readonly #clock: PartnerClock
  /** DID with the `#fragment` of the signing key (`iss`). */
  readonly issuer: string
  /** The partner's DID (`aud`). */
  readonly audience: string
  /** The scope asked for, when there is one. */
  declare readonly scope?: readonly string[]
  /** `iat`, by the partner's clock if it is known to differ from ours. */
  readonly issuedAt: number
  /** By our own clock: from here on the token is still served, while its successor is minted behind it. */
  readonly freshUntil: number
  /** `exp`, by the partner's clock if it is known to differ from ours. */
  readonly expiresAt: number

  /** @internal */
  constructor(authorization: string, facts: TokenFacts) {
    // One string a token: the value is read back as a slice of the header
    this.#authorization = authorization
    this.#clock = facts.clock ?? ourClock
    this.issuer = facts.issuer
    this.audience = facts.audience
    if (facts.scope !== undefined) this.scope = facts.scope
    this.issuedAt = facts.issuedAt
    this.freshUntil = facts.freshUntil
    this.expiresAt = facts.expiresAt
    Object.freeze(this)
  }

  /** The JWT itself (RFC 7519, JWS compact serialisation). */
  get value(): string {
    return this.#authorization.slice(7)
  }

  /** What `console.log` shows: everything but the value, getters asked for or not. @internal */
  [Symbol.for('nodejs.util.inspect.custom')](
    _depth: number,
    options: InspectOptions,
    inspect: (value: unknown, options: InspectOptions) => string,
  ): string {
    return `Token ${inspect({ ...this }, options)}`
  }

  /** By which clock its times are meant. @internal */
  static clock(token: Token): PartnerClock {
    return token.#clock
  }

  /** The value of an Authorization header (RFC 6750 2.1). @internal */
  static authorization(token: Token): string {
    return token.#authorization
  }
}

/** A partner's clock, as far as it is known. Seconds. @internal */
export interface PartnerClock {
  /** By how much it is ahead of ours. */
  readonly offset: number
  /** By how much that may be wrong. */
  readonly doubt: number
}

const ourClock: PartnerClock = Object.freeze({ offset: 0, doubt: 0 })

/** @internal */
export interface TokenFacts {
  readonly issuer: string
  readonly audience: string
  readonly scope?: readonly string[] | undefined
  readonly issuedAt: number
  readonly freshUntil: number
  readonly expiresAt: number
  /** Default: our own clock. */
  readonly clock?: PartnerClock | undefined
}
