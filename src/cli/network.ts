import { isOrgidAuthError } from '../errors.js'
import { CliError } from './io.js'

const remedies: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such host. Check the origin, and DNS',
  EAI_AGAIN: 'the name could not be looked up. Check DNS, and the connection',
  ECONNREFUSED: 'nothing listens there. Check host and port',
  ECONNRESET: 'the other side closed the connection',
  ETIMEDOUT: 'no answer. Check host and port, and whether a firewall or a proxy is between',
  UND_ERR_CONNECT_TIMEOUT:
    'no answer. Check host and port, and whether a firewall or a proxy is between',
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "the server's certificate is self-signed. Node trusts further ones by NODE_EXTRA_CA_CERTS",
  SELF_SIGNED_CERT_IN_CHAIN:
    'the certificate is of an authority that Node does not know. Name it by NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'the server does not send the whole chain of its certificate. Name the missing one by NODE_EXTRA_CA_CERTS',
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another host",
}

/** Why a request came to nothing, in words that quote nothing of it. */
export function networkReason(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time'
  const { code } = ((error as Error | undefined)?.cause ?? error ?? {}) as { code?: unknown }
  if (typeof code !== 'string') return 'an error of an unknown kind'
  const remedy = remedies[code]
  return remedy === undefined ? code : `${code}: ${remedy}`
}

/** A request that failed below HTTP. Errors of the library are passed on as they are. */
export function requestFailed(error: unknown, where: string): Error {
  if (isOrgidAuthError(error) || error instanceof CliError) return error
  return new CliError('ERR_REQUEST', `${where}: ${networkReason(error)}`)
}
