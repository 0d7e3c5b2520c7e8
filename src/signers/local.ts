import { sign as cryptoSign, hash, type KeyObject } from 'node:crypto'
import { describe, OrgidAuthError } from '../errors.js'
import { loadPrivateKey, type PrivateKey, type PrivateKeyInput } from '../keys/load.js'
import { readOptions } from '../options.js'
import { loadLibsecp256k1 } from './libsecp256k1.js'
import { isNobleWarm, signNoble, warmNoble } from './noble.js'
import { markInProcess, type Signer, toLowS } from './signer.js'

/** How a {@link localSigner} computes its signatures. */
export interface LocalSignerOptions {
  /**
   * `noble`: `@noble/secp256k1`, deterministic (RFC 6979). `openssl`: node:crypto, slower, with a
   * random nonce. `native`: libsecp256k1, the fastest, deterministic as noble; it needs the peer
   * `secp256k1`. All give low-S. By default noble, and openssl until noble's tables are built.
   */
  readonly backend?: 'noble' | 'openssl' | 'native'
}

/**
 * A {@link Signer} over a private key in this process. It signs synchronously.
 *
 * noble needs a table of multiples of the base point, which takes about as long as 200 signatures.
 * Without a `backend` that is done in the background, in slices of two milliseconds, and openssl
 * signs in the meantime, so that no call pays for it. With `noble` the first signature does.
 *
 * @throws OrgidAuthError `ERR_INVALID_KEY`, `ERR_PUBLIC_KEY`, `ERR_ENCRYPTED_KEY`, `ERR_KEY_CURVE`,
 *   `ERR_KEY_RANGE`, `ERR_KEY_MISMATCH`, `ERR_INVALID_OPTION` for another backend, and
 *   `ERR_SIGNER_UNAVAILABLE` where `native` cannot be loaded.
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
      case 'native':
        return signNative(scalar)
      case undefined:
        warmNoble()
        return (input) => (isNobleWarm() ? noble(input) : openssl(input))
      default:
        throw new OrgidAuthError(
          'ERR_INVALID_OPTION',
          `backend: expected 'noble', 'openssl' or 'native', got ${describe(backend)}`,
        )
    }
  })()
  return markInProcess(Object.freeze({ alg: 'ES256K', publicKey, sign }))
}

function signNative(scalar: Uint8Array): (input: Uint8Array) => Uint8Array {
  const { ecdsaSign } = loadLibsecp256k1()
  return (input) => ecdsaSign(hash('sha256', input, 'buffer'), scalar).signature
}

function signOpenssl(input: Uint8Array, key: KeyObject): Uint8Array {
  return toLowS(cryptoSign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }))
}
