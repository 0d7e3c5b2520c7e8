import { createHash, createHmac, sign as cryptoSign, type KeyObject } from 'node:crypto'
import * as secp256k1 from '@noble/secp256k1'
import { describe, OrgidAuthError } from '../errors.js'
import { loadPrivateKey, type PrivateKey, type PrivateKeyInput } from '../keys/load.js'
import { readOptions } from '../options.js'
import { type Signer, toLowS } from './signer.js'

/** How a {@link localSigner} computes its signatures. */
export interface LocalSignerOptions {
  /**
   * `noble`: `@noble/secp256k1`, deterministic (RFC 6979). `openssl`: node:crypto, slower, with a
   * random nonce. Both give low-S. By default noble, and openssl until noble's tables are built.
   */
  readonly backend?: 'noble' | 'openssl'
}

/**
 * A {@link Signer} over a private key in this process. It signs synchronously.
 *
 * noble builds a table of multiples of the base point before its first signature, which takes
 * about as long as 200 signatures do. Without a `backend` that is done in the background, and
 * openssl signs in the meantime, so that no call pays for it.
 *
 * @throws OrgidAuthError `ERR_INVALID_KEY`, `ERR_PUBLIC_KEY`, `ERR_ENCRYPTED_KEY`, `ERR_KEY_CURVE`,
 *   `ERR_KEY_RANGE`, `ERR_KEY_MISMATCH`, and `ERR_INVALID_OPTION` for another backend.
 */
export function localSigner(key: PrivateKeyInput, options: LocalSignerOptions = {}): Signer {
  return signerOf(loadPrivateKey(key), options)
}

/** A signer over a key that is loaded already. @internal */
export function signerOf(key: PrivateKey, options: LocalSignerOptions = {}): Signer {
  const { scalar, privateKey, publicKey } = key
  const { backend } = readOptions<LocalSignerOptions>(options, ['backend'], 'options')
  const openssl = (input: Uint8Array) => signOpenssl(input, privateKey)
  const noble = (input: Uint8Array) => signNoble(input, scalar)
  const sign = ((): ((input: Uint8Array) => Uint8Array) => {
    switch (backend) {
      case 'noble':
        return noble
      case 'openssl':
        return openssl
      case undefined:
        warmNoble()
        return (input) => (nobleIsWarm ? noble(input) : openssl(input))
      default:
        throw new OrgidAuthError(
          'ERR_INVALID_OPTION',
          `backend: expected 'noble' or 'openssl', got ${describe(backend)}`,
        )
    }
  })()
  return Object.freeze({ alg: 'ES256K', publicKey, sign })
}

function signNoble(input: Uint8Array, scalar: Uint8Array): Uint8Array {
  useNodeHashes()
  return secp256k1.sign(input, scalar)
}

function signOpenssl(input: Uint8Array, key: KeyObject): Uint8Array {
  return toLowS(cryptoSign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }))
}

// noble's synchronous sign wants hashes given; what another user of the same copy set stays
function useNodeHashes(): void {
  secp256k1.hashes.sha256 ??= (message) => createHash('sha256').update(message).digest()
  secp256k1.hashes.hmacSha256 ??= (key, message) =>
    createHmac('sha256', key).update(message).digest()
}

let nobleIsWarm = false
let nobleIsWarming = false

/** Builds noble's table once per process, after the caller's own start-up has run. */
function warmNoble(): void {
  if (nobleIsWarming) return
  nobleIsWarming = true
  setImmediate(() => {
    secp256k1.Point.BASE.multiply(2n)
    nobleIsWarm = true
  }).unref()
}
