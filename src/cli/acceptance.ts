import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { parseDid } from '../did.js'
import { isOrgidAuthError } from '../errors.js'
import { decodeLoosely, isSignedBy } from '../testing/decode.js'
import { judge, type KnownKeys } from '../testing/index.js'
import { loadPem } from '../testing/older.js'
import { documentsFor } from '../testing/orgjson.js'

/** The kinds of partner whose rules are known. */
export const kinds = {
  older: 'older (glider-aggregator; jose 1 and 2)',
  python: 'older, Python (the developer portal; iat strictly in the past)',
  current: 'current (org.id-validator 2, org.id-auth)',
} as const

export type Kind = keyof typeof kinds

/** What a kind of partner would say. `signature` is left open where no key is known. */
export interface Verdict {
  readonly kind: Kind
  readonly accepted: boolean | 'unless the signature is wrong'
  /** Why it is refused. */
  readonly reason?: string
}

/** What is known to judge by. */
export interface Grounds {
  /** Undefined: nothing is known, and the signature remains open. */
  readonly keys: KnownKeys | undefined
  /** The partner's DID; by default the one that the token addresses. */
  readonly audience?: string | undefined
  /** Epoch seconds. */
  readonly now: number
}

/** What each known kind of partner would say to a token. */
export function judgeByAll(token: string, grounds: Grounds): readonly Verdict[] {
  return (Object.keys(kinds) as Kind[]).map((kind) => judgeBy(kind, token, grounds))
}

/** What a kind of partner would say to a token. */
export function judgeBy(kind: Kind, token: string, grounds: Grounds): Verdict {
  const { keys = { publicKey: nobodysKey() }, now } = grounds
  const audience = grounds.audience ?? audienceOf(token)
  const objection = objectionToAudience(kind, audience)
  if (objection !== undefined) return { kind, accepted: false, reason: objection }
  const rules = { did: audience as string, keys, now }
  const verdict = kind === 'python' ? judgePython(token, rules) : judge(kind, token, rules)
  if (verdict.accepted) return { kind, accepted: true }
  // signatures are judged last: all else was found good
  if (grounds.keys === undefined && verdict.reason === signatureWrong) {
    return { kind, accepted: 'unless the signature is wrong' }
  }
  return { kind, accepted: false, reason: verdict.reason }
}

const signatureWrong = 'signature verification failed'

let nobodys: KeyObject | undefined
function nobodysKey(): KeyObject {
  nobodys ??= generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey
  return nobodys
}

function audienceOf(token: string): unknown {
  const aud = decodeLoosely(token)?.claims.aud
  return Array.isArray(aud) ? aud[0] : aud
}

/** No partner goes by such a DID, whatever its rules. */
function objectionToAudience(kind: Kind, audience: unknown): string | undefined {
  try {
    const { chain, fragment } = parseDid(audience, 'aud')
    if (fragment !== undefined) return 'aud has a #fragment, and partners compare it as a string'
    if (chain === undefined || kind === 'current') return undefined
    return 'aud has a chain in it; this kind of partner goes by did:orgid:0x… without'
  } catch (error) {
    if (isOrgidAuthError(error)) return error.message
    throw error
  }
}

/** The Python of the developer portal: PyJWT without tolerance, and strict about `iat` and `nbf`. */
function judgePython(
  token: string,
  { did, keys, now }: { readonly did: string; readonly keys: KnownKeys; readonly now: number },
): { readonly accepted: true } | { readonly accepted: false; readonly reason: string } {
  const refuse = (reason: string) => ({ accepted: false, reason }) as const
  const jwt = decodeLoosely(token)
  if (!jwt) return refuse('not a JWT')
  const { iss, aud, exp, iat, nbf } = jwt.claims
  if (typeof iss !== 'string' || !/^did:orgid:0x[A-Za-z0-9]{64}#.+$/.test(iss)) {
    return refuse(
      'iss is not did:orgid:0x, 64 digits, # and a fragment; it knows no chain in a DID',
    )
  }
  const key = pythonKey(keys, iss)
  if (typeof key === 'string') return refuse(key)
  if (jwt.header.alg !== 'ES256K') return refuse('alg is not ES256K')
  if (aud !== did) return refuse('aud is not this partner, as one string')
  const time = Math.floor(now)
  if (typeof exp !== 'number') return refuse('exp is missing, or not a number')
  if (exp <= time) return refuse('exp is in the past')
  if (typeof iat !== 'number') return refuse('iat is missing, or not a number')
  if (iat >= time) return refuse('iat is not in the past: it must be so by a second or more')
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf < time)) {
    return refuse('nbf is not in the past: it must be so by a second or more')
  }
  return isSignedBy(key, jwt) ? { accepted: true } : refuse(signatureWrong)
}

/** The key, or why there is none. */
function pythonKey(keys: KnownKeys, issuer: string): KeyObject | string {
  const entries = documentsFor(keys, issuer).flatMap(({ publicKey = [] }) => publicKey)
  const entry = entries.find(({ id }) => id === issuer)
  if (entry === undefined) return 'no publicKey in ORG.JSON has iss, to the letter, as its id'
  return loadPem(entry.publicKeyPem) ?? 'the publicKeyPem is not a secp256k1 public key'
}
