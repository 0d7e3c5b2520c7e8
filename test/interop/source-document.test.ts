import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { createOrgidAuth } from '../../src/index.js'
import type { PartnerOptions } from '../../src/partners/partner.js'
import { decode, did, newKey } from '../support.js'

// Loaded by `require`: its type declarations predate this project's compiler
const { JWK, JWT } = createRequire(import.meta.url)('jose2') as {
  JWK: { asKey(pem: string, parameters: object): object }
  JWT: { sign(payload: object, key: object, options: object): string }
}
const { pem } = newKey()
const now = 1_800_000_000

/**
 * What the protocol's document "How to create a Json Web Token with ORGiD" means by its
 * JavaScript: `JWT.sign` of jose 2, `kid: false`, `typ: JWT`, a scope only when there is one.
 */
function asTheDocument(expiresIn: string, scope?: string): string {
  return JWT.sign(scope ? { scope } : {}, JWK.asKey(pem, { alg: 'ES256K', use: 'sig' }), {
    audience: did('b'),
    issuer: `${did('a')}#webserver`,
    expiresIn,
    kid: false,
    header: { typ: 'JWT' },
    now: new Date(now * 1_000),
  })
}

async function asThisLibrary(partner: Partial<PartnerOptions>): Promise<string> {
  const auth = createOrgidAuth({
    issuer: `${did('a')}#webserver`,
    key: pem,
    issuedAtBackdate: 0,
    now: () => now,
    partners: [{ name: 'hotels', did: did('b'), origin: 'https://api.hotels.example', ...partner }],
  })
  return (await auth.token('hotels')).value
}

describe('header and claims equal those of the source document’s JavaScript', () => {
  it.each(['1 year', '12hr', '24 weeks', '2 days', '90 s', '10 minutes'])(
    'for a lifetime of %s',
    async (lifetime) => {
      expect(decode(await asThisLibrary({ lifetime }))).toEqual(decode(asTheDocument(lifetime)))
    },
  )

  it.each(['read', 'read book'])('for the scope "%s"', async (scope) => {
    const ours = decode(await asThisLibrary({ lifetime: '1 year', scope, scopeFormat: 'space' }))
    expect(ours).toEqual(decode(asTheDocument('1 year', scope)))
  })

  it('for a scope in the form that the current verifier wants', async () => {
    const ours = decode(await asThisLibrary({ lifetime: '1 year', scope: ['read', 'book'] }))
    expect(ours).toEqual(decode(asTheDocument('1 year', '["read","book"]')))
  })
})
