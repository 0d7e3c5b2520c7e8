/**
 * Whether a request body can be sent a second time. A stream cannot: what was read of it is gone,
 * and a repetition would send less than was meant, or nothing at all.
 *
 * @internal
 */
export function isReplayable(body: unknown): boolean {
  return (
    typeof body !== 'object' ||
    body === null ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body) ||
    body instanceof URLSearchParams ||
    body instanceof Blob ||
    body instanceof FormData
  )
}
