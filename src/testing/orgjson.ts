import type { OrgidAuthError } from '../errors.js'
import { orgJsonEntries } from '../keys/orgjson.js'
import type { PublicKeyInput } from '../keys/public.js'

/** An entry of `publicKey` in an older ORG.JSON. */
export interface OrgJsonKey {
  readonly id: string
  readonly type?: string
  readonly controller?: string
  /** The SPKI in base64, alone or as PEM. */
  readonly publicKeyPem?: string
  readonly note?: string
}

/** An entry of `verificationMethod` in a current ORG.JSON. */
export interface OrgJsonMethod {
  readonly id: string
  readonly type?: string
  readonly controller?: string
  readonly publicKeyJwk?: object
  readonly publicKeyPem?: string
  readonly blockchainAccountId?: string
  readonly note?: string
  readonly verificationMethodRevocation?: object
}

/**
 * As much of an organisation's ORG.JSON as a partner reads to find a key; what `orgJsonEntries`
 * returns will do. Without `id`, the organisation is the one that its keys' ids begin with.
 */
export interface OrgJson {
  readonly '@context'?: unknown
  readonly id?: string
  readonly created?: unknown
  readonly updated?: unknown
  readonly legalEntity?: unknown
  readonly organizationalUnit?: unknown
  readonly service?: unknown
  readonly publicKey?: readonly OrgJsonKey[]
  readonly verificationMethod?: readonly OrgJsonMethod[]
}

/**
 * What a partner knows of its callers: their ORG.JSON, or one key that it takes for everybody's.
 */
export type KnownKeys =
  | { readonly orgJson: OrgJson | readonly OrgJson[] }
  | { readonly publicKey: PublicKeyInput }

/**
 * The documents that answer for an issuer. With one key for everybody, that is a document which
 * registers it under the very `iss` of the token.
 *
 * @internal
 */
export function documentsFor(keys: KnownKeys, issuer: string): readonly OrgJson[] {
  if ('orgJson' in keys) return oneForEachDid([keys.orgJson].flat() as OrgJson[])
  try {
    return [orgJsonEntries(issuer, keys.publicKey)]
  } catch (error) {
    if ((error as OrgidAuthError).code === 'ERR_INVALID_DID') return []
    throw error
  }
}

/** A DID has one document: several given for it, such as one a key, are read as one. */
function oneForEachDid(documents: readonly OrgJson[]): readonly OrgJson[] {
  const byDid = new Map<string | undefined, OrgJson>()
  for (const document of documents) {
    const did = didOf(document)
    const other = byDid.get(did)
    byDid.set(did, other === undefined ? document : joined(other, document))
  }
  return [...byDid.values()]
}

function joined(one: OrgJson, other: OrgJson): OrgJson {
  return {
    ...one,
    publicKey: [...(one.publicKey ?? []), ...(other.publicKey ?? [])],
    verificationMethod: [...(one.verificationMethod ?? []), ...(other.verificationMethod ?? [])],
  }
}

/** The DID a document belongs to. @internal */
export function didOf(document: OrgJson): string | undefined {
  const id = document.id ?? document.publicKey?.[0]?.id ?? document.verificationMethod?.[0]?.id
  return id?.split('#', 1)[0]
}
