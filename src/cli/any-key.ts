import type { KeyObject } from 'node:crypto'
import { isOrgidAuthError } from '../errors.js'
import type { Jwk } from '../keys/jwk.js'
import { loadPrivateKey } from '../keys/load.js'
import { loadPublicKey } from '../keys/public.js'
import { withRemedy } from '../keys/refusals.js'
import { readText } from './files.js'
import type { Io } from './io.js'

/**
 * The public key in a file that holds it, or the private key it belongs to, in any form.
 *
 * @throws CliError `ERR_FILE`
 * @throws OrgidAuthError as the loaders of keys do.
 */
export function readAnyPublicKey(io: Io, file: string, where = '--key'): KeyObject {
  const text = readText(io, file, where).trim()
  const passphrase = io.env.ORGID_PRIVATE_KEY_PASSPHRASE || undefined
  const name = `${where} (${file})`
  try {
    return loadPrivateKey(passphrase === undefined ? text : { key: text, passphrase }, name)
      .publicKey
  } catch (error) {
    if (!isOrgidAuthError(error)) throw error
    if (error.code === 'ERR_PUBLIC_KEY') return readPublicKey(text, name)
    throw withRemedy(error, {
      missing: 'set ORGID_PRIVATE_KEY_PASSPHRASE, or give the public key',
      wrong: 'check ORGID_PRIVATE_KEY_PASSPHRASE, or give the public key',
    })
  }
}

function readPublicKey(text: string, where: string): KeyObject {
  if (text.startsWith('{')) return loadPublicKey(JSON.parse(text) as Jwk, where)
  if (text.startsWith('-----')) return loadPublicKey(text, where)
  // base64, of an SPKI or of a whole PEM
  const bytes = Buffer.from(text, 'base64')
  return loadPublicKey(bytes.includes('-----BEGIN ') ? bytes.toString() : text, where)
}
