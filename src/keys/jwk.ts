/**
 * A key as a JSON Web Key (RFC 7517 4, RFC 7518 6.2), as far as its members are known here: other
 * types of such keys, those of Node, of the DOM and of jose, can be given for it.
 */
export interface Jwk {
  readonly kty?: string | undefined
  readonly crv?: string | undefined
  readonly x?: string | undefined
  readonly y?: string | undefined
  /** The private scalar: a secret. */
  readonly d?: string | undefined
  readonly kid?: string | undefined
  readonly alg?: string | undefined
  readonly use?: string | undefined
  readonly key_ops?: readonly string[] | undefined
  readonly ext?: boolean | undefined
}
