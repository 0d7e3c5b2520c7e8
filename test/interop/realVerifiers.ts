import { createRequire } from 'node:module'
import type { OrgJson } from '../../src/testing/index.js'

// The partners' own libraries, around them only what the partners themselves put there. They are
// loaded by `require`: their type declarations predate this project's compiler.
const require = createRequire(import.meta.url)

/** What of jose 1 and 2 the older partners use. */
export interface OlderJose {
  readonly JWK: { asKey(pem: string, parameters: { alg: string; use: 'sig' }): unknown }
  readonly JWT: {
    decode(token: string, options: { complete: true }): { payload: Record<string, unknown> } | null
    verify(
      token: string,
      key: unknown,
      options: { audience: string; issuer?: string; typ: string; now: Date },
    ): Record<string, unknown>
  }
}

interface OrgIdAuth {
  readonly tokens: {
    decodeJwt(token: string): Record<string, unknown>
    verifyAuthJWT(
      token: string,
      publicKey: object,
      issuer: string,
      audience: string,
      scope?: readonly string[],
    ): Promise<{ payload: Record<string, unknown> }>
  }
}

interface OrgIdUtils {
  readonly regexp: { readonly did: RegExp }
  readonly parsers: { parseDid(did: string): { did: string; fragment?: string } }
}

export const jose1 = require('jose1') as OlderJose
export const jose2 = require('jose2') as OlderJose
export const { tokens } = require('@windingtree/org.id-auth') as OrgIdAuth
// the copy that org.id-auth itself uses
const { regexp, parsers } = createRequire(require.resolve('@windingtree/org.id-auth'))(
  '@windingtree/org.id-utils',
) as OrgIdUtils

export interface Presented {
  readonly token: string
  /** The partner's own DID. */
  readonly audience: string
  /** The ORG.JSON of the organisations that the partner can resolve. */
  readonly organizations: readonly OrgJson[]
}

export type RealVerdict =
  | { readonly accepted: true; readonly claims: Readonly<Record<string, unknown>> }
  | { readonly accepted: false; readonly error: Error }

/**
 * An older partner: `iss` by a pattern that knows no chain and is not anchored, the key by an id
 * that ends in the fragment, a bare base64 key made a PEM, and jose with `typ` and `audience`.
 *
 * @param now the partner's clock, in epoch seconds.
 */
export function verifyOlder(jose: OlderJose, presented: Presented, now: number): RealVerdict {
  const { token, audience, organizations } = presented
  try {
    const iss = jose.JWT.decode(token, { complete: true })?.payload.iss as string
    // as in the partners' own code, down to a TypeError where nothing matches
    const pattern = /(?<did>did:orgid:0x\w{64})(?:#{1})?(?<fragment>\w+)?/
    const { groups } = iss.match(pattern) as RegExpMatchArray
    const { did, fragment } = groups as { did: string; fragment?: string }
    // stands for the registry on the chain, which knows bytes and no case
    const document = organizations.find(({ id }) => id?.toLowerCase() === did.toLowerCase())
    if (!document?.publicKey) throw new Error('no DID document')
    if (!fragment) throw new Error('signature of the owner expected')
    const entry = document.publicKey.filter(({ id }) => id.match(RegExp(`#${fragment}$`)))[0]
    if (!entry?.publicKeyPem) throw new Error('no public key')
    if (entry.type !== 'ES256K' && entry.type !== 'secp256k1') throw new Error('type of key')
    const pem = entry.publicKeyPem.match(/PUBLIC KEY/i)
      ? entry.publicKeyPem
      : `-----BEGIN PUBLIC KEY-----\n${entry.publicKeyPem}\n-----END PUBLIC KEY-----`
    const key = jose.JWK.asKey(pem, { alg: 'ES256K', use: 'sig' })
    const options = { typ: 'JWT', audience, now: new Date(now * 1000) }
    return { accepted: true, claims: jose.JWT.verify(token, key, options) }
  } catch (error) {
    return { accepted: false, error: error as Error }
  }
}

/**
 * A current partner: the DIDs by the patterns of `@windingtree/org.id-utils`, the key by the
 * fragment of a `verificationMethod`, and `verifyAuthJWT`. Its clock is the system's, so set that.
 */
export async function verifyCurrent(
  { token, audience, organizations }: Presented,
  requiredScope?: readonly string[],
): Promise<RealVerdict> {
  try {
    const iss = tokens.decodeJwt(token).iss as string
    if (!regexp.did.exec(iss)) throw new Error('Invalid issuer')
    const { did, fragment } = parsers.parseDid(iss)
    // stands for the registry on the chain, which knows bytes and no case
    const document = organizations.find(
      ({ id }) => id && parsers.parseDid(id).did.toLowerCase() === did.toLowerCase(),
    )
    if (!document) throw new Error('no DID document')
    if (!fragment) throw new Error('Key Id not found')
    const method = document.verificationMethod?.find(
      ({ id }) => parsers.parseDid(id).fragment === fragment,
    )
    if (!method) throw new Error('no verification method')
    if (method.blockchainAccountId) throw new Error('a wallet signs no ES256K')
    if (!method.publicKeyJwk) throw new Error('Public key not found in the verification method')
    const { payload } = await tokens.verifyAuthJWT(
      token,
      method.publicKeyJwk,
      iss,
      audience,
      requiredScope,
    )
    return { accepted: true, claims: payload }
  } catch (error) {
    return { accepted: false, error: error as Error }
  }
}
