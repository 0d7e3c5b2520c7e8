import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { decodeLoosely, isSignedBy, type LooseJwt } from './decode.js'
import { didOf, documentsFor, type KnownKeys, type OrgJsonMethod } from './orgjson.js'
import type { PartnerRules, PartnerVerdict } from './verdict.js'

// As loose as the one in @windingtree/org.id-utils: repeated identifiers, a query, a bracket in the
// fragment. Neither "_" nor "." may stand in a fragment.
const didPattern =
  /^did:orgid:(?<network>[0-9]*):?(?<id>0x[a-fA-F0-9]{64})+\??(?<query>[0-9a-zA-Z_=&%-]+)?#?(?<fragment>[[0-9a-zA-Z-]+)?$/

/** The rules of the second generation. @internal */
export function judgeCurrent(token: string, rules: PartnerRules): PartnerVerdict {
  const jwt = decodeLoosely(token)
  if (!jwt) return refuse('not a JWT')
  const { iss } = jwt.claims
  const issuer = typeof iss === 'string' ? parseDid(iss) : undefined
  if (typeof iss !== 'string' || !issuer) return refuse('iss is not an ORGiD of a known form')
  if (issuer.fragment === undefined) return refuse('iss has no fragment to find a key by')
  const key = findKey(rules.keys, iss, issuer.did, issuer.fragment)
  if (typeof key === 'string') return refuse(key)
  const objection = objectToHeader(jwt, key) ?? objectToClaims(jwt, rules)
  if (objection) return refuse(objection)
  // last, since it is the dearest; the verdict is the same
  if (!isSignedBy(key, jwt)) return refuse('signature verification failed')
  return { accepted: true, claims: jwt.claims }
}

function refuse(reason: string): PartnerVerdict {
  return { accepted: false, reason }
}

/** A DID without a chain is one on mainnet, and the case of hex digits matters not to the registry. */
function parseDid(text: string): { did: string; fragment: string | undefined } | undefined {
  const groups = didPattern.exec(text)?.groups
  if (!groups?.id) return undefined
  return {
    did: `${groups.network || '1'}:${groups.id.toLowerCase()}`,
    fragment: groups.fragment,
  }
}

/** The key, or why there is none. A revoked key is found like any other. */
function findKey(
  keys: KnownKeys,
  issuer: string,
  did: string,
  fragment: string,
): KeyObject | string {
  const document = documentsFor(keys, issuer).find((one) => parseDid(didOf(one) ?? '')?.did === did)
  if (!document) return 'the organisation of iss is not known'
  let found: OrgJsonMethod | undefined
  for (const method of document.verificationMethod ?? []) {
    const id = parseDid(method.id)
    // an id that cannot be parsed spoils the lookup of those behind it
    if (!id) return 'a verificationMethod in ORG.JSON has an id of unknown form'
    found = method
    if (id.fragment === fragment) break
    found = undefined
  }
  if (!found) return 'no verificationMethod in ORG.JSON has the fragment of iss'
  if (found.blockchainAccountId !== undefined) {
    return 'the verificationMethod is a blockchain account, which signs no ES256K'
  }
  if (found.publicKeyJwk === undefined) return 'the verificationMethod has no publicKeyJwk'
  return loadJwk(found.publicKeyJwk) ?? 'the publicKeyJwk is not a secp256k1 or P-256 public key'
}

function loadJwk(jwk: object): KeyObject | undefined {
  try {
    const key = createPublicKey({ format: 'jwk', key: jwk as JsonWebKey })
    return 'd' in jwk || !algorithmOf(key) ? undefined : key
  } catch {
    return undefined
  }
}

/** The current partners take what the registered key's curve says: RFC 7518 3.4, RFC 8812 3.2. */
function algorithmOf(key: KeyObject): string | undefined {
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (curve === 'secp256k1') return 'ES256K'
  return curve === 'prime256v1' ? 'ES256' : undefined
}

/** Why the header is refused, if it is. `typ` is not looked at. */
function objectToHeader({ header }: LooseJwt, key: KeyObject): string | undefined {
  const { alg, crit, b64 } = header
  if (alg !== algorithmOf(key)) return 'alg is not that of the key'
  if (crit === undefined) return undefined
  const isKnown = Array.isArray(crit) && crit.length > 0 && crit.every((name) => name === 'b64')
  return isKnown && b64 === true ? undefined : 'crit is not understood'
}

/** Why the claims are refused, if they are. */
function objectToClaims({ claims }: LooseJwt, rules: PartnerRules): string | undefined {
  const { aud, scope } = claims
  if (!parseDid(rules.did)) return "the partner's own ORGiD is malformed"
  if (Array.isArray(aud) ? !aud.includes(rules.did) : aud !== rules.did) {
    return 'aud is not this partner'
  }
  const times = objectToTimes(claims, Math.floor(rules.now))
  if (times) return times
  return rules.requiredScope ? objectToScope(scope, rules.requiredScope) : undefined
}

function objectToTimes(
  { exp, iat, nbf }: Readonly<Record<string, unknown>>,
  now: number,
): string | undefined {
  if (iat !== undefined && typeof iat !== 'number') return 'iat is not a number'
  if (nbf !== undefined && typeof nbf !== 'number') return 'nbf is not a number'
  if (nbf !== undefined && nbf > now) return 'nbf is in the future'
  if (exp !== undefined && typeof exp !== 'number') return 'exp is not a number'
  if (exp !== undefined && exp <= now) return 'exp is in the past'
  return undefined
}

function objectToScope(scope: unknown, required: readonly string[]): string | undefined {
  if (!scope) return 'scope is missing'
  let granted: unknown
  try {
    granted = JSON.parse(String(scope))
  } catch {
    // and so falls to the check below
  }
  if (!Array.isArray(granted)) return 'scope is not a JSON array of strings, encoded as a string'
  // counted as they count: a scope named twice in the token is one too many
  const matching = granted.filter((name) => required.includes(name))
  return matching.length === required.length ? undefined : 'scope lacks what this partner requires'
}
