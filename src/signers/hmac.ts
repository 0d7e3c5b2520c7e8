import { createHmac, hash } from 'node:crypto'

/** Bytes that SHA-256 takes at a time. */
const block = 64
const longest = 256

const inner = Buffer.alloc(block + longest)
const outer = Buffer.alloc(block + 32)

/**
 * HMAC with SHA-256 (RFC 2104) in two calls of `hash`, which together take three quarters of the time
 * of `createHmac`. A signature by RFC 6979 takes five of them.
 *
 * @internal
 */
export function hmacSha256(key: Uint8Array, message: Uint8Array) {
  if (key.length > block || message.length > longest) {
    return createHmac('sha256', key).update(message).digest()
  }
  for (let at = 0; at < block; at += 1) {
    const byte = key[at] ?? 0
    inner[at] = byte ^ 0x36
    outer[at] = byte ^ 0x5c
  }
  inner.set(message, block)
  outer.set(hash('sha256', inner.subarray(0, block + message.length), 'buffer'), block)
  const digest = hash('sha256', outer, 'buffer')
  // There was a private key in them
  inner.fill(0)
  outer.fill(0)
  return digest
}
