import type { KeyObject } from 'node:crypto'
import { describe, OrgidAuthError } from '../errors.js'
import { loadPublicKey } from '../keys/public.js'
import { returnValue } from './pkcs11-errors.js'
import { ck, type Pkcs11Attribute, type Pkcs11Module } from './pkcs11-types.js'

/** What a key on a token is found by; at least one of them. @internal */
export interface KeyName {
  /** CKA_LABEL */
  readonly label?: string | undefined
  /** CKA_ID */
  readonly id?: Uint8Array | undefined
}

/** @internal */
export interface TokenKey {
  /** As the session knows it. */
  readonly privateKey: Buffer
  readonly publicKey: KeyObject
  /** Whether the token would hand the private half out. */
  readonly isExposed: boolean
}

/**
 * The one EC key of that name, and its public half, on secp256k1.
 *
 * @throws OrgidAuthError `ERR_INVALID_KEY`, `ERR_KEY_CURVE`
 * @internal
 */
export function findKey(pkcs11: Pkcs11Module, session: Buffer, name: KeyName): TokenKey {
  const read = (object: Buffer, type: number) =>
    pkcs11.C_GetAttributeValue(session, object, [{ type }])[0]?.value ?? Buffer.alloc(0)
  const readFlag = (object: Buffer, type: number, fallback: boolean) => {
    try {
      return read(object, type)[0] !== 0
    } catch (error) {
      // Of a token older than PKCS #11 2.20
      if (returnValue(error) === ck.CKR_ATTRIBUTE_TYPE_INVALID) return fallback
      throw error
    }
  }

  const privateKey = findOne(
    pkcs11,
    session,
    [{ type: ck.CKA_CLASS, value: ck.CKO_PRIVATE_KEY }, ...template(name)],
    'private EC key (CKO_PRIVATE_KEY, CKK_EC) with the label and id given',
  )
  if (readFlag(privateKey, ck.CKA_ALWAYS_AUTHENTICATE, false)) {
    throw new OrgidAuthError(
      'ERR_INVALID_KEY',
      'PKCS#11: expected a key that signs once the token is logged in to, got one that asks for the PIN each time (CKA_ALWAYS_AUTHENTICATE). Generate one without that attribute',
    )
  }
  const id = read(privateKey, ck.CKA_ID)
  const publicName = id.length > 0 ? { id } : { label: read(privateKey, ck.CKA_LABEL).toString() }
  const publicKey = findOne(
    pkcs11,
    session,
    [{ type: ck.CKA_CLASS, value: ck.CKO_PUBLIC_KEY }, ...template(publicName)],
    `public EC key (CKO_PUBLIC_KEY, CKK_EC) with the ${id.length > 0 ? 'CKA_ID' : 'label'} of the private one`,
  )
  return {
    privateKey,
    publicKey: publicKeyOf(read(publicKey, ck.CKA_EC_PARAMS), read(publicKey, ck.CKA_EC_POINT)),
    isExposed:
      readFlag(privateKey, ck.CKA_EXTRACTABLE, false) ||
      !readFlag(privateKey, ck.CKA_SENSITIVE, true),
  }
}

function template({ label, id }: KeyName): Pkcs11Attribute[] {
  return [
    ...(label === undefined ? [] : [{ type: ck.CKA_LABEL, value: Buffer.from(label) }]),
    ...(id === undefined ? [] : [{ type: ck.CKA_ID, value: Buffer.from(id) }]),
  ]
}

/** @param expected what is looked for, in words. */
function findOne(
  pkcs11: Pkcs11Module,
  session: Buffer,
  named: Pkcs11Attribute[],
  expected: string,
): Buffer {
  const found = find(pkcs11, session, [...named, { type: ck.CKA_KEY_TYPE, value: ck.CKK_EC }])
  const [key, ...others] = found
  if (key !== undefined && others.length === 0) return key
  const wanted = `PKCS#11: expected one ${expected}`
  if (key === undefined && find(pkcs11, session, named).length > 0) {
    throw new OrgidAuthError('ERR_KEY_CURVE', `${wanted}, got a key that is not EC`)
  }
  const remedy =
    key === undefined
      ? 'pkcs11-tool --list-objects shows what there is'
      : 'Give both label and id; no two keys may have the same id'
  throw new OrgidAuthError('ERR_INVALID_KEY', `${wanted}, got ${found.length}. ${remedy}`)
}

function find(pkcs11: Pkcs11Module, session: Buffer, wanted: Pkcs11Attribute[]): Buffer[] {
  const found: Buffer[] = []
  pkcs11.C_FindObjectsInit(session, wanted)
  try {
    for (;;) {
      const some = pkcs11.C_FindObjects(session, 16)
      if (some.length === 0) return found
      found.push(...some)
    }
  } finally {
    pkcs11.C_FindObjectsFinal(session)
  }
}

// namedCurve 1.3.132.0.10 (RFC 5480 2.1.1, SEC 2 A.2)
const secp256k1 = '06052b8104000a'
const otherCurves: Readonly<Record<string, string>> = {
  '06082a8648ce3d030107': 'P-256',
  '06052b81040022': 'P-384',
  '06052b81040023': 'P-521',
}

/**
 * A public key as a token has it. CKA_EC_POINT is a DER OCTET STRING with the SEC1 point in it
 * (PKCS #11 2.40, 2.3.3), and the bare point in tokens of before that was settled.
 *
 * @param params CKA_EC_PARAMS
 * @param point CKA_EC_POINT
 * @internal
 */
export function publicKeyOf(params: Uint8Array, point: Uint8Array): KeyObject {
  const oid = Buffer.from(params).toString('hex')
  if (oid !== secp256k1) {
    throw new OrgidAuthError(
      'ERR_KEY_CURVE',
      `PKCS#11: expected a key on secp256k1 (CKA_EC_PARAMS ${secp256k1}), got ${otherCurves[oid] ?? `${params.length} other bytes`}. Generate one with: pkcs11-tool --keypairgen --key-type EC:secp256k1`,
    )
  }
  const bare = unwrapped(point)
  if (bare === undefined) {
    throw new OrgidAuthError(
      'ERR_INVALID_KEY',
      `PKCS#11: expected CKA_EC_POINT to be a SEC1 point of 33 or 65 bytes, bare or in a DER OCTET STRING, got ${describe(point)} of ${point.length} that is none`,
    )
  }
  return loadPublicKey(bare, 'PKCS#11: CKA_EC_POINT')
}

/** The SEC1 point: 02 or 03 and x, or 04, x and y. An OCTET STRING starts with 04 too. */
function unwrapped(point: Uint8Array): Uint8Array | undefined {
  const isWrapped = point.length === 35 || point.length === 67
  if (isWrapped && !(point[0] === 0x04 && point[1] === point.length - 2)) return undefined
  const bare = isWrapped ? point.subarray(2) : point
  const isCompressed = bare.length === 33 && (bare[0] === 0x02 || bare[0] === 0x03)
  const isUncompressed = bare.length === 65 && bare[0] === 0x04
  return isCompressed || isUncompressed ? bare : undefined
}
