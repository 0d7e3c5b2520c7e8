/**
 * The 64 bytes r || s of a signature in DER: a SEQUENCE of two INTEGERs (RFC 3279 2.2.3).
 *
 * Strict: lengths in their short form, integers positive and minimal, and nothing behind them. A
 * parser that repairs what it reads also reads what nobody signed.
 *
 * @returns `undefined` if that is not what these bytes are.
 * @internal
 */
export function fromDer(der: Uint8Array): Uint8Array | undefined {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return undefined
  const r = integerAt(der, 2)
  if (r === undefined) return undefined
  const s = integerAt(der, r.end)
  if (s === undefined || s.end !== der.length) return undefined
  const signature = new Uint8Array(64)
  signature.set(r.bytes, 32 - r.bytes.length)
  signature.set(s.bytes, 64 - s.bytes.length)
  return signature
}

/** A positive INTEGER of at most 32 bytes, without its sign byte. */
function integerAt(der: Uint8Array, at: number) {
  const length = der[at + 1] ?? 0
  const end = at + 2 + length
  const bytes = der.subarray(at + 2, end)
  if (der[at] !== 0x02 || length === 0 || bytes.length !== length) return undefined
  const [first = 0, second = 0] = bytes
  const hasSignByte = first === 0
  if (first >= 0x80 || (hasSignByte && second < 0x80)) return undefined
  const magnitude = hasSignByte ? bytes.subarray(1) : bytes
  return magnitude.length > 32 ? undefined : { bytes: magnitude, end }
}
