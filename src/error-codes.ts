// docs/errors.md is made from the comments here, and so is the table in the README: `npm run docs`.
// Of each code: what it means, when it comes, and the remedy.

/**
 * Every failure this library can report, as a stable code.
 *
 * Messages may be reworded between releases; codes are part of the API. What each means, when it
 * comes, and its remedy: docs/errors.md.
 */
export type OrgidErrorCode =
  // # Configuration and call options
  /**
   * An option is unknown, missing or of the wrong type, or `issuer` has no fragment beside `key`, or
   * has one beside `keys`.
   * When: at start, or in the call that has it.
   * Remedy: the message names it; often an environment variable is not set.
   */
  | 'ERR_INVALID_OPTION'
  /**
   * A configuration or key file cannot be read or is no JSON, a variable is not set, or a key's
   * command failed.
   * When: at start; `loadOrgidAuth` only warns of it later (`ORGID_RELOAD_REFUSED`).
   * Remedy: the message names the file or the variable.
   */
  | 'ERR_CONFIG'
  /**
   * Not an ORGiD, or one with a fragment where none belongs.
   * When: at start, in `auth.setPartners`, `orgJsonEntries`, `verifyToken`, and the command.
   * Remedy: `did:orgid:0x` and 64 hex digits; 40 digits are an address.
   */
  | 'ERR_INVALID_DID'
  /**
   * A partner's DID has a chain and yours has none, or the reverse.
   * When: at start, and in `auth.setPartners`.
   * Remedy: give that partner an `issuer` in its form.
   */
  | 'ERR_DID_FORM_MISMATCH'
  /**
   * Not a duration, or not whole seconds, or below one second.
   * When: at start, or in the call that has it.
   * Remedy: seconds, or `'10 minutes'`.
   */
  | 'ERR_INVALID_DURATION'
  /**
   * Not a scope-token of RFC 6749.
   * When: at start, or in the call that has it.
   * Remedy: printable ASCII without space, quote and backslash.
   */
  | 'ERR_INVALID_SCOPE'
  /**
   * No JSON value, more than 16 levels, or control characters in it.
   * When: at start, or in the call that has it.
   * Remedy: plain data only.
   */
  | 'ERR_INVALID_CLAIM'
  /**
   * A claim that this library sets: `iss`, `aud`, `exp`, `iat`, `nbf`, `jti`, `scope`.
   * When: at start, or in the call that has it.
   * Remedy: the option that the message names.
   */
  | 'ERR_RESERVED_CLAIM'
  /**
   * Not https, or more than scheme, host and port; or a `pathPrefix` that is no path.
   * When: at start, and in `auth.setPartners`.
   * Remedy: a path goes into `pathPrefix`; for tests `allowLoopbackHttp`.
   */
  | 'ERR_INVALID_ORIGIN'
  /**
   * Two partners with one name, or one origin and prefix.
   * When: at start, and in `auth.setPartners`.
   * Remedy: tell them apart by `pathPrefix`, or use `audiences`.
   */
  | 'ERR_DUPLICATE_PARTNER'
  // # Keys
  /**
   * No key can be read from it, or a service's key may not sign.
   * When: at start, in `auth.addKey`, or where a public key is taken.
   * Remedy: check for truncation, and that it is the key and not its file name.
   */
  | 'ERR_INVALID_KEY'
  /**
   * A public key or a certificate, where the private key is wanted.
   * When: at start, and in `auth.addKey`.
   * Remedy: the private key; the public one belongs in ORG.JSON.
   */
  | 'ERR_PUBLIC_KEY'
  /**
   * No passphrase, a wrong one, or a cipher that OpenSSL has retired.
   * When: at start, and in `auth.addKey`.
   * Remedy: `{ key, passphrase }`; for an old cipher the command in the message.
   */
  | 'ERR_ENCRYPTED_KEY'
  /**
   * Another curve or algorithm, such as P-256 or RSA.
   * When: at start, in `auth.addKey`, or where a public key is taken.
   * Remedy: make a secp256k1 key.
   */
  | 'ERR_KEY_CURVE'
  /**
   * The key's number is 0 or too large.
   * When: at start, and in `auth.addKey`.
   * Remedy: make a new key.
   */
  | 'ERR_KEY_RANGE'
  /**
   * The public part belongs to another private key; or another key is on a PKCS #11 token than before.
   * When: at start, and in `auth.addKey`; the second as the `cause` of `ERR_SIGNER_FAILED`.
   * Remedy: export it again from the private key; for the second, make another signer.
   */
  | 'ERR_KEY_MISMATCH'
  /**
   * No key is active yet, or the one wanted was just retired.
   * When: in a call that needs a new token.
   * Remedy: one key without `activeFrom`; call again.
   */
  | 'ERR_NO_ACTIVE_KEY'
  // # Binding a token to a call
  /**
   * No partner of that name, or with `strict` no partner's URL.
   * When: in the call, before anything is sent.
   * Remedy: add it to `partners`, or `skip`.
   */
  | 'ERR_UNKNOWN_PARTNER'
  /**
   * The final URL is not that of the `partner` named.
   * When: in the call, before anything is sent.
   * Remedy: check baseURL, interceptors and redirects.
   */
  | 'ERR_PARTNER_MISMATCH'
  /**
   * `audience` is not one of this partner's.
   * When: in the call, before anything is sent.
   * Remedy: add it to its `audiences`.
   */
  | 'ERR_AUDIENCE_NOT_ALLOWED'
  /**
   * `socketPath` would send a partner's request elsewhere.
   * When: in an axios call, before anything is sent.
   * Remedy: remove it, or `skip`.
   */
  | 'ERR_SOCKET_PATH'
  /**
   * A proxy would read a token sent over http.
   * When: in a call by axios, or under `install`, before anything is sent.
   * Remedy: use https.
   */
  | 'ERR_PLAINTEXT_PROXY'
  /**
   * A redirect leads to a partner whose token is not at hand, or not straight there, or asks for a
   * streamed body again.
   * When: at that hop; the requests before it were made.
   * Remedy: call that URL directly, or `auth.prepare()`.
   */
  | 'ERR_REDIRECT_TOKEN'
  /**
   * The inbound client went away before its response was written.
   * When: as the reason of `outbound.signal`, and with `abort: 'all'` in calls for a token.
   * Remedy: nothing to do; see `abort`.
   */
  | 'ERR_CLIENT_GONE'
  // # Minting
  /**
   * Your signer threw, or its service did not sign: see `cause`.
   * When: in a call that needs a new token; behind traffic it is tried again later. From the remote
   * signers also when they are made.
   * Remedy: is the key service up, and allowed to sign?
   */
  | 'ERR_SIGNER_FAILED'
  /**
   * No signature within `signTimeout`, 5 s; of a remote signer, none within its `attemptTimeout`.
   * When: as `ERR_SIGNER_FAILED`; the second as its `cause`, or when the signer is made.
   * Remedy: is the key service reachable?
   */
  | 'ERR_SIGNER_TIMEOUT'
  /**
   * A remote signer is left alone for a while after failures in a row; or the package of a signer
   * cannot be loaded.
   * When: the first as the `cause` of `ERR_SIGNER_FAILED`, the second when the signer is made.
   * Remedy: the last failure, which is in the message; or install the package.
   */
  | 'ERR_SIGNER_UNAVAILABLE'
  /**
   * Not 64 bytes; of a remote signer, neither these nor DER, or not by its key.
   * When: in a call that needs a new token; of a remote signer as the `cause` of
   * `ERR_SIGNER_FAILED`.
   * Remedy: r and s instead of DER; and what is signed is the input, hashed once with SHA-256.
   */
  | 'ERR_INVALID_SIGNATURE'
  // # Verifying, in `verifyToken`
  /** Not three parts of strict base64url and JSON. Remedy: refuse it. */
  | 'ERR_TOKEN_MALFORMED'
  /** `crit` or `b64` in the header. Remedy: refuse it. */
  | 'ERR_TOKEN_HEADER'
  /** Not ES256K. Remedy: refuse it. */
  | 'ERR_TOKEN_ALGORITHM'
  /** `typ` is not JWT. Remedy: the sender must set it. */
  | 'ERR_TOKEN_TYPE'
  /**
   * `iss`, `aud` or `exp` is missing, or a claim is of the wrong type.
   * Remedy: the sender must set it.
   */
  | 'ERR_TOKEN_CLAIM'
  /** `iss` is no ORGiD with fragment, or none of `issuer`. Remedy: add the caller, or refuse it. */
  | 'ERR_TOKEN_ISSUER'
  /** The token is for someone else. Remedy: check `audience`, hex case included. */
  | 'ERR_TOKEN_AUDIENCE'
  /** `exp` has passed. Remedy: the sender mints anew; check both clocks. */
  | 'ERR_TOKEN_EXPIRED'
  /** `nbf` is to come. Remedy: check both clocks; `clockTolerance`. */
  | 'ERR_TOKEN_NOT_YET_VALID'
  /** `resolveKey` found no usable key. Remedy: the sender must publish it under that fragment. */
  | 'ERR_TOKEN_KEY'
  /** Signed with another key, or altered. Remedy: refuse it. */
  | 'ERR_TOKEN_SIGNATURE'
