import { OrgidAuthError } from '../errors.js'

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

/** What came is encrypted and stays so. @internal */
export function encrypted(
  where: string,
  why: string,
  remedy = 'pass { key, passphrase }',
): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_ENCRYPTED_KEY',
    `${where}: the private key is encrypted ${why}; ${remedy}`,
  )
}

/** What came is encrypted as OpenSSL 3 no longer decrypts. @internal */
export function retiredCipher(where: string): OrgidAuthError {
  return encrypted(
    where,
    'with a cipher that Node does not open, such as DES or RC2',
    'encrypt it again: openssl pkcs8 -topk8 -provider legacy -provider default -in old.pem -out new.pem',
  )
}

/** The number that came is no private key of this curve. @internal */
export function outOfRange(where: string): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_KEY_RANGE',
    `${where}: the private key's number is 0 or not below the order of secp256k1 (SEC 2, 2.4.1), so it can sign nothing. Generate a new key`,
  )
}
