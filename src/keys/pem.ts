/** A block of a PEM text (RFC 7468). @internal */
export interface PemBlock {
  readonly label: string
  /** The block as OpenSSL reads it, whatever happened to its line breaks. */
  readonly text: string
  readonly encrypted: boolean
}

const block = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*(?:-[^-]+)*?)-----END \1-----/g

/**
 * The blocks of a text, with what stands around them left out. A PEM that lost its line breaks or
 * got indented on the way through an environment is put together again.
 *
 * @internal
 */
export function readPem(text: string): readonly PemBlock[] {
  return [...text.matchAll(block)].map(([, label, body]) =>
    pemBlock(label as string, body as string),
  )
}

// RFC 1421 headers of a legacy encrypted key; base64 has no colon, so they end at the last
const legacyHeaders = /Proc-Type:\s*4,\s*ENCRYPTED\s+DEK-Info:\s*([A-Za-z0-9-]+,[0-9A-Fa-f]+)\s/

/** @internal */
export function pemBlock(label: string, body: string): PemBlock {
  const legacy = legacyHeaders.exec(body)
  const base64 = (legacy ? body.slice(legacy.index + legacy[0].length) : body).replace(/\s+/g, '')
  const headers = legacy ? `Proc-Type: 4,ENCRYPTED\nDEK-Info: ${legacy[1]}\n\n` : ''
  const lines = (base64.match(/.{1,64}/g) ?? []).join('\n')
  return {
    label,
    text: `-----BEGIN ${label}-----\n${headers}${lines}\n-----END ${label}-----\n`,
    encrypted: legacy !== null || label === 'ENCRYPTED PRIVATE KEY',
  }
}

const knownLabel =
  /^(?:(?:(?:EC|RSA|DSA|ENCRYPTED|OPENSSH) )?(?:PRIVATE|PUBLIC) KEY|EC PARAMETERS|CERTIFICATE(?: REQUEST)?)$/

/** How a block is named in a message. A label that is none of the usual may be a secret. @internal */
export function describeBlock({ label }: PemBlock): string {
  return knownLabel.test(label) ? `a PEM block "${label}"` : 'a PEM block of another kind'
}
