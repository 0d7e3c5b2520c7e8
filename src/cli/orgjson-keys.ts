import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import type { OrgJson } from '../testing/index.js'
import { type Entry, type Form, fragmentOf } from './orgjson-facts.js'

// org.id-utils: the SPKI of a secp256k1 key that names its curve, its point uncompressed
const bareSpki = /^MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE[a-zA-Z0-9+/]{86}==$/
/** 32 bytes in base64url. */
const coordinate = /^[A-Za-z0-9_-]{43}$/

/** Why not all partners of a form can read the key in an entry, if they cannot. */
export function whyUnreadable(entry: Entry, form: Form): string | undefined {
  return form === 'older' ? whyNotOlder(entry) : whyNotCurrent(entry)
}

/** Whether an entry holds this public key, and in the way that all partners of a form read. */
export function isKeyOf(entry: Entry, key: KeyObject, form: Form): boolean {
  return whyUnreadable(entry, form) === undefined && (readers[form](entry)?.equals(key) ?? false)
}

/** Whether an entry holds this public key in whichever way, be it that partners cannot read it. */
export function holdsKey(entry: Entry, key: KeyObject): boolean {
  return keysIn(entry).some((one) => one.equals(key))
}

/** The public keys that can be made out in an entry. */
export function keysIn(entry: Entry): readonly KeyObject[] {
  return [readers.current(entry), readers.older(entry)].filter((key) => key !== undefined)
}

/** The public keys that a document has under the fragment of an issuer, in whichever way. */
export function keysNamed(document: OrgJson, issuer: string): readonly KeyObject[] {
  const { publicKey = [], verificationMethod = [] } = document
  return [...publicKey, ...verificationMethod]
    .filter((entry) => fragmentOf(entry) === issuer.split('#')[1])
    .flatMap(keysIn)
}

/** Whether the private number stands in an entry, where all the world can read it. */
export function holdsPrivateKey({ publicKeyJwk }: Entry): boolean {
  return typeof publicKeyJwk === 'object' && publicKeyJwk !== null && 'd' in publicKeyJwk
}

function whyNotOlder({ type, publicKeyPem }: Entry): string | undefined {
  if (publicKeyPem === undefined) return 'it has no publicKeyPem'
  if (typeof publicKeyPem !== 'string' || !bareSpki.test(publicKeyPem)) {
    return 'its publicKeyPem is not bare base64 without header lines, MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE…'
  }
  return type === 'secp256k1' ? undefined : 'its type is not secp256k1'
}

function whyNotCurrent(entry: Entry): string | undefined {
  const { blockchainAccountId, publicKeyJwk } = entry
  if (holdsPrivateKey(entry)) return 'its publicKeyJwk holds the private key'
  if (blockchainAccountId !== undefined) {
    return 'it has a blockchainAccountId, which partners look at in place of a key'
  }
  if (typeof publicKeyJwk !== 'object' || publicKeyJwk === null) {
    return 'it has no publicKeyJwk, the one member in which partners look for a key'
  }
  const { kty, crv, x, y } = publicKeyJwk as JsonWebKey
  const isPoint = [x, y].every((one) => typeof one === 'string' && coordinate.test(one))
  if (kty === 'EC' && crv === 'secp256k1' && isPoint) return undefined
  return 'its publicKeyJwk is not { "kty": "EC", "crv": "secp256k1", "x", "y" } with 32 bytes each in base64url'
}

/** Whatever can be made out in the member of a form. */
const readers: Readonly<Record<Form, (entry: Entry) => KeyObject | undefined>> = {
  older: ({ publicKeyPem }) => {
    if (typeof publicKeyPem !== 'string') return undefined
    const body = publicKeyPem.replace(/-----[^-]+-----|\s|\\n/g, '')
    return read(() =>
      createPublicKey({ key: Buffer.from(body, 'base64'), format: 'der', type: 'spki' }),
    )
  },
  current: ({ publicKeyJwk }) =>
    read(() => {
      const { kty, crv, x, y } = publicKeyJwk as JsonWebKey
      return createPublicKey({ format: 'jwk', key: { kty, crv, x, y } as JsonWebKey })
    }),
}

function read(load: () => KeyObject): KeyObject | undefined {
  try {
    return load()
  } catch {
    return undefined
  }
}
