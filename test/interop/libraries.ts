import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { OrgJson } from '../../src/testing/index.js'
import { verifyToken } from '../../src/verify.js'
import { python, pythonArgs } from '../tools.js'
import { jose1, jose2, tokens, verifyCurrent, verifyOlder } from './realVerifiers.js'

const require = createRequire(import.meta.url)

/** A token, and what its receiver knows: who should have sent it, itself, and the sender's ORG.JSON. */
export interface Sent {
  readonly token: string
  readonly issuer: string
  readonly audience: string
  readonly organization: OrgJson
}

export type Verdict =
  | { readonly accepted: true; readonly claims: Readonly<Record<string, unknown>> }
  | { readonly accepted: false; readonly error: unknown }

type Verify = (sent: Sent, now: number) => Claims | Promise<Claims>
type Claims = Readonly<Record<string, unknown>>

// did-jwt is written for ES modules and loads as CommonJS too; its types are not needed for this
interface DidJwt {
  verifyJWT(
    jwt: string,
    options: { audience: string; skewTime: number; resolver: object },
  ): Promise<{ payload: Record<string, unknown>; issuer: string }>
}

function older(jose: typeof jose1): Verify {
  return ({ token, issuer, audience, organization }) => {
    const pem = `-----BEGIN PUBLIC KEY-----\n${publicKeyOf(organization)}\n-----END PUBLIC KEY-----`
    const key = jose.JWK.asKey(pem, { alg: 'ES256K', use: 'sig' })
    return jose.JWT.verify(token, key, { audience, issuer, typ: 'JWT', now: new Date() })
  }
}

/** The libraries themselves, each with all the checks that it offers. */
const inNode: Readonly<Record<string, Verify>> = {
  'orgid-bearer': async ({ token, issuer, audience, organization }) => {
    const key = publicKeyOf(organization)
    const { claims } = await verifyToken(token, { issuer, audience, key })
    return { ...claims }
  },
  'org.id-auth': async ({ token, issuer, audience, organization }) => {
    const jwk = organization.verificationMethod?.[0]?.publicKeyJwk as object
    return (await tokens.verifyAuthJWT(token, jwk, issuer, audience)).payload
  },
  'jose 1': older(jose1),
  'jose 2': older(jose2),
  'did-jwt': async ({ token, issuer, audience, organization: didDocument }) => {
    const metadata = { didResolutionMetadata: {}, didDocumentMetadata: {} }
    const resolver = { resolve: async () => ({ ...metadata, didDocument }) }
    const { verifyJWT } = require('did-jwt') as DidJwt
    const verified = await verifyJWT(token, { audience, skewTime: 0, resolver })
    if (verified.issuer !== issuer) throw new Error('of another issuer')
    return verified.payload
  },
}

const partners: Readonly<Record<string, (sent: Sent, now: number) => unknown>> = {
  'older partner': ({ organization, ...sent }, now) =>
    verifyOlder(jose2, { ...sent, organizations: [organization] }, now),
  'current partner': ({ organization, ...sent }) =>
    verifyCurrent({ ...sent, organizations: [organization] }),
}

const inPython = ['python-ecdsa', 'PyJWT']
/** Libraries, which are told whose key it is; every one accepts every good token. */
export const libraryNames = [...Object.keys(inNode), ...inPython]
/** Libraries in the code of partners, which find the key themselves. */
export const partnerNames = Object.keys(partners)

/** The verdict of each on each of the tokens. */
export async function judgeAll(
  all: readonly Sent[],
  now: number,
): Promise<Readonly<Record<string, Verdict>>[]> {
  const python = judgeInPython(all, now)
  return Promise.all(
    all.map(async (sent, index) => {
      const node = Object.entries(inNode).map(async ([name, verify]) => {
        const claims = new Promise<Claims>((resolve) => resolve(verify(sent, now)))
        const verdict = await claims.then(
          (claims): Verdict => ({ accepted: true, claims }),
          (error: unknown): Verdict => ({ accepted: false, error }),
        )
        return [name, verdict] as const
      })
      const atPartners = Object.entries(partners).map(
        async ([name, verify]) => [name, (await verify(sent, now)) as Verdict] as const,
      )
      return {
        ...Object.fromEntries(await Promise.all(node)),
        ...python[index],
        ...Object.fromEntries(await Promise.all(atPartners)),
      }
    }),
  )
}

/** One process for all: Python takes longer to start than to verify. */
function judgeInPython(all: readonly Sent[], now: number): Record<string, Verdict>[] {
  const lines = all.map(({ token, issuer, audience, organization }) =>
    JSON.stringify({ token, issuer, audience, now, public_key: publicKeyOf(organization) }),
  )
  const script = fileURLToPath(new URL('verify_tokens.py', import.meta.url))
  const answers = execFileSync(python, [...pythonArgs, script], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
  })
  return answers
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

const publicKeyOf = ({ publicKey }: OrgJson) => publicKey?.[0]?.publicKeyPem as string
