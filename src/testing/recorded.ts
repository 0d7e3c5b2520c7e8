import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { inspect } from 'node:util'
import { decodeLoosely } from './decode.js'
import { bearerToken } from './profiles.js'
import type { PartnerVerdict } from './verdict.js'

/**
 * A request that a test partner has seen. Printing, serialising or cloning it shows everything but
 * the token: `authorization` and `token` are there to be asked for.
 */
export interface RecordedRequest {
  readonly method: string
  /** The path and query, as sent. */
  readonly url: string
  /** All but `authorization`, names in lower case. */
  readonly headers: Readonly<IncomingHttpHeaders>
  readonly body: Uint8Array
  /** The body as UTF-8. */
  readonly text: string
  /** Epoch seconds, by the partner's own clock, skewed as it may be. */
  readonly receivedAt: number
  /** What the profile's rules say, whatever was answered. A stranger accepts all. */
  readonly verdict: PartnerVerdict
  /** The JOSE header of the token, unverified; undefined if there was none to decode. */
  readonly header: Readonly<Record<string, unknown>> | undefined
  /** The claims of the token, unverified; undefined if there were none to decode. */
  readonly claims: Readonly<Record<string, unknown>> | undefined
  /** The status answered; undefined as long as nothing was. */
  readonly status: number | undefined
  /** The `Authorization` header as sent; undefined if there was none. */
  readonly authorization: string | undefined
  /** The token of a well-formed `Bearer` header; undefined if there was none. */
  readonly token: string | undefined
}

/** @internal */
export class RecordedExchange implements RecordedRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<IncomingHttpHeaders>
  readonly body: Uint8Array
  readonly receivedAt: number
  readonly verdict: PartnerVerdict
  readonly header: Readonly<Record<string, unknown>> | undefined
  readonly claims: Readonly<Record<string, unknown>> | undefined
  status: number | undefined = undefined
  // private, behind a getter of the prototype: no serialiser, cloner or showHidden looks there
  readonly #authorization: string | undefined

  constructor(
    message: IncomingMessage,
    seen: {
      readonly body: Uint8Array
      readonly receivedAt: number
      readonly verdict: PartnerVerdict
    },
  ) {
    const { authorization, ...headers } = message.headers
    this.method = message.method as string
    this.url = message.url as string
    this.headers = headers
    this.body = seen.body
    this.receivedAt = seen.receivedAt
    this.verdict = seen.verdict
    this.#authorization = authorization
    const jwt = decodeLoosely(this.token ?? '')
    this.header = jwt?.header
    this.claims = jwt?.claims
  }

  /** Lest inspect calls the getters when told to. @internal */
  [inspect.custom](): object {
    return { ...this }
  }

  get text(): string {
    return Buffer.from(this.body).toString()
  }

  get authorization(): string | undefined {
    return this.#authorization
  }

  get token(): string | undefined {
    return bearerToken(this.#authorization)
  }
}
