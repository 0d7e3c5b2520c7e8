import type { PrivateKeyInput } from '../keys/load.js'
import { localSigner } from './local.js'
import type { Signer } from './signer.js'

/**
 * A {@link Signer} over a private key in this process that signs with libsecp256k1: several times
 * as fast as the default, with the same signatures (RFC 6979, low s). It signs synchronously.
 *
 * It needs the optional peer `secp256k1` 5 with its compiled binding, and takes no other.
 *
 * @throws OrgidAuthError `ERR_SIGNER_UNAVAILABLE` without that binding; and what `localSigner` throws
 *   for a key.
 */
export function nativeSigner(key: PrivateKeyInput): Signer {
  return localSigner(key, { backend: 'native' })
}
