import { isOrgidAuthError, OrgidAuthError } from '../errors.js'

const forms =
  'expected a secp256k1 private key (PEM, JWK, 64 hex digits, KeyObject, or { key, passphrase })'

/** No key can be read from what came. @internal */
export function invalid(where: string, got: string, remedy = ''): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_INVALID_KEY',
    `${where}: ${forms}, got ${got}${remedy && `. ${remedy}`}`,
  )
}

/** What came is the public half. @internal */
export function publicGiven(where: string, got: string): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_PUBLIC_KEY',
    `${where}: expected the private key, got ${got}. Tokens are signed with the private key; the public one belongs in ORG.JSON`,
  )
}

const toPass = '; pass { key, passphrase }'
const toCheck = '; check the passphrase'

/** What came is encrypted, and no passphrase came with it. @internal */
export function noPassphrase(where: string): OrgidAuthError {
  return encrypted(where, `and no passphrase came with it${toPass}`)
}

/** A wrong passphrase and a damaged key cannot be told apart: either decrypts to noise. @internal */
export function wrongPassphrase(where: string): OrgidAuthError {
  return encrypted(
    where,
    `and the passphrase does not open it: that is wrong, or the key is damaged${toCheck}`,
  )
}

/** What came is encrypted as OpenSSL 3 no longer decrypts. @internal */
export function retiredCipher(where: string): OrgidAuthError {
  return encrypted(
    where,
    'with a cipher that Node does not open, such as DES or RC2; encrypt it again: openssl pkcs8 -topk8 -provider legacy -provider default -in old.pem -out new.pem',
  )
}

function encrypted(where: string, why: string): OrgidAuthError {
  return new OrgidAuthError('ERR_ENCRYPTED_KEY', `${where}: the private key is encrypted ${why}`)
}

/**
 * What to do about a passphrase, for a key that comes from a file, a variable or a command instead
 * of code. Any other error stays as it is.
 *
 * @internal
 */
export function withRemedy(
  error: unknown,
  remedies: { readonly missing: string; readonly wrong: string },
): unknown {
  if (!isOrgidAuthError(error) || error.code !== 'ERR_ENCRYPTED_KEY') return error
  const said = error.message.replace(toPass, `; ${remedies.missing}`)
  return new OrgidAuthError(error.code, said.replace(toCheck, `; ${remedies.wrong}`))
}

/** The number that came is no private key of this curve. @internal */
export function outOfRange(where: string): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_KEY_RANGE',
    `${where}: the private key's number is 0 or not below the order of secp256k1 (SEC 2, 2.4.1), so it can sign nothing. Generate a new key`,
  )
}
