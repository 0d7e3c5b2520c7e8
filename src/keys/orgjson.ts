import { createPublicKey } from 'node:crypto'
import { parseDid } from '../did.js'
import { OrgidAuthError } from '../errors.js'
import { loadPublicKey, type PublicKeyInput, publicJwk } from './public.js'

/** An entry of `publicKey` in an older ORG.JSON. */
export interface OrgJsonPublicKey {
  /** DID and `#fragment`: what older verifiers find the key by. */
  readonly id: string
  readonly type: 'secp256k1'
  /** The DID. */
  readonly controller: string
  /** The SPKI in base64, without header lines or line breaks: the one form all older verifiers load. */
  readonly publicKeyPem: string
  /** Whatever is worth remembering. */
  readonly note?: string
}

/** An entry of `verificationMethod` (DID Core 5.2) in a current ORG.JSON. */
export interface OrgJsonVerificationMethod {
  /** DID and `#fragment`: what current verifiers find the key by. */
  readonly id: string
  /** The DID. */
  readonly controller: string
  readonly type: 'EcdsaSecp256k1VerificationKey2019'
  /** RFC 7517, with the curve of RFC 8812 3.1. */
  readonly publicKeyJwk: {
    readonly kty: 'EC'
    readonly crv: 'secp256k1'
    readonly x: string
    readonly y: string
  }
}

/** The two entries that register one key: older organisations use the first, current ones the second. */
export interface OrgJsonEntries {
  /** For older partners. */
  readonly publicKey: readonly [OrgJsonPublicKey]
  /** For current partners. */
  readonly verificationMethod: readonly [OrgJsonVerificationMethod]
}

/**
 * What to put into ORG.JSON, so that partners find the key that signs your tokens.
 *
 * @param issuer the DID with the `#fragment` under which the key is to be registered.
 * @param key the public key; that of a private key is `localSigner(key).publicKey`.
 * @throws OrgidAuthError `ERR_INVALID_DID` (also for one without fragment), `ERR_INVALID_KEY`,
 *   `ERR_KEY_CURVE`
 *
 * @example
 * ```ts
 * const entries = orgJsonEntries('did:orgid:0x…#webserver', readFileSync('secp256k1.pub', 'utf8'))
 * ```
 */
export function orgJsonEntries(issuer: string, key: PublicKeyInput): OrgJsonEntries {
  const { did, fragment } = parseDid(issuer, 'issuer')
  if (fragment === undefined) {
    throw new OrgidAuthError(
      'ERR_INVALID_DID',
      `issuer: expected a DID with the #fragment that is to name the key, such as ${did}#webserver, got one without`,
    )
  }
  const id = `${did}#${fragment}`
  const publicKeyJwk = publicJwk(loadPublicKey(key))
  // From x and y: a KeyObject remembers a compressed point and explicit curve parameters, and
  // would write them into its SPKI, where partners look for neither
  const spki = createPublicKey({ format: 'jwk', key: publicKeyJwk })
  const publicKeyPem = spki.export({ format: 'der', type: 'spki' }).toString('base64')
  return {
    publicKey: [{ id, type: 'secp256k1', controller: did, publicKeyPem }],
    verificationMethod: [
      {
        id,
        controller: did,
        type: 'EcdsaSecp256k1VerificationKey2019',
        publicKeyJwk,
      },
    ],
  }
}
