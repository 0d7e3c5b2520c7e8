/** Errors of a connection that the next one may not have: a reset, a restart, a DNS server away. */
const codes: ReadonlySet<unknown> = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
])

/** Whether a connection failed, rather than what was asked over it. @internal */
export function isConnectionFault(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { readonly code?: unknown; readonly cause?: unknown }
  return codes.has(code) || codes.has((cause as { readonly code?: unknown } | undefined)?.code)
}

/** Whether an HTTP status says "not now" (RFC 6585 4, RFC 9110 15.6). @internal */
export function isTransientStatus(status: unknown): boolean {
  return status === 429 || (typeof status === 'number' && status >= 500)
}
