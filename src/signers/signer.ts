import type { PublicKeyInput } from '../keys/public.js'

/**
 * Signs JWS signing inputs with one secp256k1 key (ES256K, RFC 8812 3.2). Write your own for a key
 * that lives elsewhere.
 */
export interface Signer {
  readonly alg: 'ES256K'
  /** The public half, for registration and for checking what a remote signer returns. */
  readonly publicKey: PublicKeyInput
  /**
   * @param input the signing input as bytes, not its digest.
   * @param context `signal` aborts when the result is no longer wanted (the mint's deadline).
   * @returns 64 bytes, r || s, each big-endian (RFC 7518 3.4).
   */
  sign(
    input: Uint8Array,
    context: { readonly signal?: AbortSignal },
  ): Uint8Array | Promise<Uint8Array>
}

/** Whether a `key` option is a signer rather than key material. @internal */
export function isSigner(value: unknown): value is Signer {
  return typeof value === 'object' && value !== null && typeof (value as Signer).sign === 'function'
}

const inProcess = new WeakSet<Signer>()

/** Marks a signer that answers at once, by itself. @internal */
export function markInProcess(signer: Signer): Signer {
  inProcess.add(signer)
  return signer
}

/** @internal */
export function isInProcess(signer: Signer): boolean {
  return inProcess.has(signer)
}

// Order of secp256k1 (SEC 2, 2.4.1), and half of it
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const halfOrder = order >> 1n

/**
 * The low-S twin of a 64-byte signature: (r, n - s) verifies wherever (r, s) does, and libraries of
 * Bitcoin's line refuse the high one (BIP 62).
 *
 * @internal
 */
export function toLowS(signature: Uint8Array): Uint8Array {
  // s is above n/2, which is 7fff…, only if its first byte says so: half of the signatures stop here
  if ((signature[32] as number) < 0x7f) return signature
  const view = Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength)
  const s = BigInt(`0x${view.toString('hex', 32)}`)
  if (s <= halfOrder) return signature
  const low = Buffer.from(view)
  low.write((order - s).toString(16).padStart(64, '0'), 32, 'hex')
  return new Uint8Array(low)
}
