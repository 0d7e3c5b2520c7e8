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

/** That are kept to be shared. */
const mostIssuers = 1_000

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
  // Most partners know us by the same name, and need not each have a copy of it
  const issuers = new Map<string, string>()
  const issuerFor: KeyNames['issuerFor'] = (partner, keyId) => {
    const issuer = `${partner.issuerDid}#${fragmentFor(partner, keyId)}`
    const known = issuers.get(issuer)
    if (known !== undefined) return known
    // Partners and keys may change for ever
    if (issuers.size >= mostIssuers) issuers.clear()
    issuers.set(issuer, issuer)
    return issuer
  }
  return {
    fragmentFor,
    issuerFor,
    keyOf: (partner, issuer) =>
      keyring.list().find(({ id }) => issuerFor(partner, id) === issuer)?.id,
  }
}
