// The facts of the two published schemas (org.json-schema 0.4, @windingtree/org.json-schema 1.0),
// as regular expressions and lists: neither forbids further members, so one document may carry both
// forms.
const olderId = /^did:orgid:0x[a-fA-F0-9]{64}(?:#[0-9a-zA-Z]+)?$/
const currentId = /^did:orgid:(?:[0-9]+:)?0x[a-fA-F0-9]{64}(?:#[0-9a-zA-Z-]+)?$/

/** The two forms in which a key can be registered. */
export const forms = {
  older: {
    array: 'publicKey',
    id: olderId,
    types: ['RSA', 'ed25519', 'secp256k1', 'secp256r1', 'X25519'],
  },
  current: {
    array: 'verificationMethod',
    id: currentId,
    types: [
      'EcdsaSecp256k1VerificationKey2019',
      'EcdsaSecp256k1RecoveryMethod2020',
      'JsonWebKey2020',
    ],
  },
} as const

export type Form = keyof typeof forms

/** Why a key is revoked, as the schema has it from RFC 5280 5.3.1. */
export const reasons: readonly string[] = [
  'superseded',
  'keyCompromise',
  'unspecified',
  'affiliationChanged',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
]

/** What the schemas want of parts of a document that are nobody's key. */
export const required: Readonly<Record<string, readonly string[]>> = {
  legalEntity: ['legalName', 'registryCode', 'legalType', 'registeredAddress'],
  organizationalUnit: ['name'],
  service: ['id', 'type', 'serviceEndpoint'],
}

/** As much of any entry as is looked at here. */
export interface Entry {
  readonly id: string
  readonly type?: unknown
  readonly controller?: unknown
  readonly publicKeyPem?: unknown
  readonly publicKeyJwk?: unknown
  readonly blockchainAccountId?: unknown
  readonly verificationMethodRevocation?: unknown
}

/** What follows the `#` of an entry's id. */
export function fragmentOf({ id }: Pick<Entry, 'id'>): string {
  return id.split('#')[1] ?? ''
}

/** Whether an entry is marked as revoked, now or from some day on; null marks nothing. */
export function isRevoked({ verificationMethodRevocation: revocation }: Entry): boolean {
  return revocation !== undefined && revocation !== null
}
