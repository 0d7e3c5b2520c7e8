import { createPublicKey } from 'node:crypto'
import { parseDid } from '../did.js'
import { OrgidAuthError } from '../errors.js'
import { loadPublicKey, type PublicKeyInput, publicJwk } from './public.js'

/** An entry of `publicKey` in an older ORG.JSON. */
export interface OrgJsonPublicKey {
  readonly id: string
  readonly type: 'secp256k1'
  readonly controller: string
  /** The SPKI in base64, without header lines or line breaks: the one form all older verifiers load. */
  readonly publicKeyPem: string
  readonly note?: string
}

/** An entry of `verificationMethod` in a current ORG.JSON. */
export interface OrgJsonVerificationMethod {
  readonly id: string
  readonly controller: string
  readonly type: 'EcdsaSecp256k1VerificationKey2019'
  readonly publicKeyJwk: {
    readonly kty: 'EC'
    readonly crv: 'secp256k1'
    readonly x: string
    readonly y: string
  }
}

/** The two entries that register one key: older organisations use the first, current ones the second. */
export interface OrgJsonEntries {
  readonly publicKey: readonly [OrgJsonPublicKey]
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
