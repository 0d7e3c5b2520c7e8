import { createRequire } from 'node:module'
import { OrgidAuthError } from '../errors.js'

/** What is used of the peer `secp256k1`. */
interface Libsecp256k1 {
  /** Deterministic (RFC 6979), with low s. */
  ecdsaSign(digest: Uint8Array, scalar: Uint8Array): { readonly signature: Uint8Array }
}

/**
 * Loads the compiled binding of the peer `secp256k1`. Its main entry is not used: where there is
 * no binding that one falls back, in silence, to a JavaScript library with known weaknesses.
 *
 * @throws OrgidAuthError `ERR_SIGNER_UNAVAILABLE`
 * @internal
 */
export function loadLibsecp256k1(): Libsecp256k1 {
  try {
    // Here, and not above: in a bundle of CommonJS there is no such URL, and most need no binding
    return createRequire(import.meta.url)('secp256k1/bindings') as Libsecp256k1
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    const got = code === 'MODULE_NOT_FOUND' ? 'no such package' : 'a package without it'
    throw new OrgidAuthError(
      'ERR_SIGNER_UNAVAILABLE',
      `native: expected the compiled binding of the package secp256k1 5, got ${got} for ${process.platform} ${process.arch}. Install it with: npm install secp256k1@5, which compiles it where it brings none along; or use localSigner(key), which needs nothing, or opensslSigner(key)`,
    )
  }
}
