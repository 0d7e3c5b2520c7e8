import { sign as cryptoSign } from 'node:crypto'
import { loadPrivateKey, type PrivateKeyInput } from '../keys/load.js'
import { type Signer, toLowS } from './signer.js'

/**
 * A {@link Signer} over a private key in this process that signs with OpenSSL in libuv's thread
 * pool, so that signing holds up nothing else in the process. For one that mints many tokens at
 * once beside latencies that matter; one signature is slower than with `localSigner`, and a call
 * whose token is not cached waits for a promise.
 *
 * @throws OrgidAuthError what `localSigner` throws for a key.
 */
export function opensslSigner(key: PrivateKeyInput): Signer {
  const { privateKey, publicKey } = loadPrivateKey(key)
  const options = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
  const sign = (input: Uint8Array): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      cryptoSign('sha256', input, options, (error, signature) => {
        if (error) reject(error)
        else resolve(toLowS(signature))
      })
    })
  return Object.freeze({ alg: 'ES256K', publicKey, sign })
}
