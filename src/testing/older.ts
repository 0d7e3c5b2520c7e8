import type { KeyObject } from 'node:crypto'
import { loadPublicKey } from '../keys/public.js'
import { decodeLoosely, isSignedBy, type LooseJwt } from './decode.js'
import { didOf, documentsFor, type KnownKeys } from './orgjson.js'
import type { PartnerRules, PartnerVerdict } from './verdict.js'

// Not anchored, and \w ends at the first other character: of #key-1 the older partners see "key"
const issuerPattern = /(?<did>did:orgid:0x\w{64})#?(?<fragment>\w+)?/

/** The rules of the first generation. @internal */
export function judgeOlder(token: string, rules: PartnerRules): PartnerVerdict {
  const jwt = decodeLoosely(token)
  if (!jwt) return refuse('not a JWT')
  const { iss } = jwt.claims
  const issuer = typeof iss === 'string' ? issuerPattern.exec(iss)?.groups : undefined
  if (typeof iss !== 'string' || !issuer?.did) {
    return refuse('iss is not did:orgid:0x and 64 digits; this partner knows no chain in a DID')
  }
  if (issuer.fragment === undefined) return refuse('iss has no fragment to find a key by')
  const key = findKey(rules.keys, iss, issuer.did, issuer.fragment)
  if (typeof key === 'string') return refuse(key)
  const objection = objectToHeader(jwt) ?? objectToClaims(jwt, rules)
  if (objection) return refuse(objection)
  // last, since it is the dearest; the verdict is the same
  if (!isSignedBy(key, jwt)) return refuse('signature verification failed')
  return { accepted: true, claims: jwt.claims }
}

function refuse(reason: string): PartnerVerdict {
  return { accepted: false, reason }
}

/** The key, or why there is none. */
function findKey(
  keys: KnownKeys,
  issuer: string,
  did: string,
  fragment: string,
): KeyObject | string {
  // the registry holds 32 bytes, so the case of hex digits does not matter to the lookup
  const document = documentsFor(keys, issuer).find(
    (one) => didOf(one)?.toLowerCase() === did.toLowerCase(),
  )
  if (!document) return 'the organisation of iss is not known'
  const entry = document.publicKey?.find(({ id }) => id.endsWith(`#${fragment}`))
  if (!entry) return 'no publicKey in ORG.JSON has the fragment of iss'
  if (entry.type !== 'secp256k1' && entry.type !== 'ES256K') {
    return 'the type of the publicKey is not secp256k1'
  }
  return loadPem(entry.publicKeyPem) ?? 'the publicKeyPem is not a secp256k1 public key'
}

/**
 * A PEM as these partners read it: bare base64 gets its header lines, and one that is flattened
 * with them on is none.
 *
 * @internal
 */
export function loadPem(text: string | undefined): KeyObject | undefined {
  if (text === undefined) return undefined
  const pem = /PUBLIC KEY/i.test(text)
    ? text
    : `-----BEGIN PUBLIC KEY-----\n${text}\n-----END PUBLIC KEY-----`
  try {
    return loadPublicKey(pem)
  } catch {
    return undefined
  }
}

/** Why the header is refused, if it is. */
function objectToHeader({ header }: LooseJwt): string | undefined {
  if (header.alg !== 'ES256K') return 'alg is not ES256K'
  if ('crit' in header) return 'crit is not understood'
  if (header.typ === undefined) return 'typ is missing in the header'
  if (typeof header.typ !== 'string' || !/^(?:application\/)?jwt$/i.test(header.typ)) {
    return 'typ is not JWT'
  }
  return undefined
}

/** Why the claims are refused, if they are. */
function objectToClaims({ claims }: LooseJwt, { did, now }: PartnerRules): string | undefined {
  for (const name of ['iat', 'exp', 'nbf']) {
    const value = claims[name]
    if (value !== undefined && typeof value !== 'number') return `${name} is not a number`
  }
  for (const name of ['jti', 'sub']) {
    if (claims[name] !== undefined && !isText(claims[name])) return `${name} is not a string`
  }
  const audiences: unknown = typeof claims.aud === 'string' ? [claims.aud] : claims.aud
  if (!Array.isArray(audiences) || audiences.length === 0 || !audiences.every(isText)) {
    return 'aud is not a string or an array of strings'
  }
  if (!audiences.includes(did)) return 'aud is not this partner'
  return objectToTimes(claims as Times, Math.floor(now))
}

interface Times {
  readonly exp?: number
  readonly iat?: number
  readonly nbf?: number
}

function objectToTimes({ exp, iat, nbf }: Times, now: number): string | undefined {
  // a peculiarity of jose 1 and 2: an issue time ahead matters only to a token that never expires
  if (exp === undefined && iat !== undefined && iat > now) return 'iat is in the future'
  if (nbf !== undefined && nbf > now) return 'nbf is in the future'
  if (exp !== undefined && exp <= now) return 'exp is in the past'
  return undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
