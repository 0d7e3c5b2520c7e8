/**
 * What a client's error tells, in words.
 *
 * The error itself is never kept: those of the SDKs carry the request, or the client with its
 * credentials. Nor is one that quotes what was to be signed, which is a token but for its
 * signature.
 *
 * @param secret what must not be shown: no twelve characters of it, as text or encoded.
 * @internal
 */
export function describeFailure(error: unknown, secret?: Uint8Array): string {
  if (typeof error !== 'object' || error === null) return `a thrown ${typeof error}`
  const { name, code, message, statusCode, status, $metadata } = error as Told
  const http = statusCode ?? status ?? $metadata?.httpStatusCode
  // A service may answer with megabytes
  const begun = typeof message === 'string' ? message.slice(0, 10 * longest) : ''
  const text = begun.replace(/\s+/g, ' ').trim()
  const label = [
    isWord(name) && name !== 'Error' ? name : '',
    // gRPC repeats its code in the message: "14 UNAVAILABLE: …"
    isWord(code) && code !== name && !text.startsWith(`${code} `) ? code : '',
    Number.isInteger(http) && http !== code ? `HTTP ${http}` : '',
  ]
    .filter((word) => word !== '')
    .join(', ')
  const told = [label || 'an error', text]
    .filter((part) => part !== '')
    .join(': ')
    // What begins in what is shown is known by that much more
    .slice(0, longest + telling)
  if (secret !== undefined && quotes(told, secret)) {
    return 'an error that is left out, since it quotes what was to be signed'
  }
  return told.length > longest ? `${told.slice(0, longest)}…` : told
}

/** What the SDKs' errors have in common. */
interface Told {
  readonly name?: unknown
  readonly code?: unknown
  readonly message?: unknown
  readonly statusCode?: unknown
  readonly status?: unknown
  readonly $metadata?: { readonly httpStatusCode?: unknown }
}

/** Characters that are shown. */
const longest = 300
/** Characters in a row that are no coincidence. */
const telling = 12

function isWord(value: unknown): boolean {
  return Number.isInteger(value) || (typeof value === 'string' && /^[\w.-]{1,60}$/.test(value))
}

/** As text, in base64 at any offset, in hex, or as decimal bytes; however it is spaced. */
function quotes(text: string, secret: Uint8Array): boolean {
  const bytes = Buffer.from(secret)
  const base64 = [0, 1, 2].map((from) => bytes.toString('base64', from))
  const forms = [
    compact(bytes.toString('latin1')),
    ...base64,
    ...base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    bytes.join(),
  ]
  const compacted = compact(text)
  for (let at = 0; at + telling <= compacted.length; at += 1) {
    const part = compacted.slice(at, at + telling)
    if (forms.some((form) => form.includes(part))) return true
  }
  return false
}

function compact(text: string): string {
  return text.replace(/\s/g, '')
}
