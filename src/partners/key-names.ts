import type { Keyring } from '../tokens/keyring.js'
import type { Partner } from './partner.js'

/** What partners call the keys of a ring. @internal */
export interface KeyNames {
  /** The fragment under which a partner knows a key. */
  fragmentFor(partner: Partner, keyId: string): string
  /** What stands in `iss`. */
  issuerFor(partner: Partner, keyId: string): string
  /** The id of the key that a partner knows by this `iss`, if it is still in the ring. */
  keyOf(partner: Partner, issuer: string): string | undefined
}

/**
 * @param initialKeyId the key that a single `key` option gave: a partner's own issuer may name
 *   another fragment for it.
 * @internal
 */
export function createKeyNames(
  keyring: Pick<Keyring, 'list'>,
  initialKeyId: string | undefined,
): KeyNames {
  const fragmentFor: KeyNames['fragmentFor'] = ({ issuerFragment }, keyId) =>
    keyId === initialKeyId ? (issuerFragment ?? keyId) : keyId
  const issuerFor: KeyNames['issuerFor'] = (partner, keyId) =>
    `${partner.issuerDid}#${fragmentFor(partner, keyId)}`
  return {
    fragmentFor,
    issuerFor,
    keyOf: (partner, issuer) =>
      keyring.list().find(({ id }) => issuerFor(partner, id) === issuer)?.id,
  }
}
