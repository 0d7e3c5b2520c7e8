import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import * as jose from 'jose'
import { describe, expect, it } from 'vitest'
import { createOrgidAuth } from '../../src/index.js'
import type { PartnerOptions } from '../../src/partners/partner.js'
import { verifyToken } from '../../src/verify.js'
import { codeOf, decode, did, newKey } from '../support.js'
import { python, pythonArgs, pythonIsMissing } from '../tools.js'

interface OlderJose {
  readonly JWK: { asKey(pem: string, parameters: object): object }
  readonly JWT: { sign(payload: object, key: object, options: object): string }
}

// Loaded by `require`: their type declarations predate this project's compiler
const require = createRequire(import.meta.url)
const jose1 = require('jose1') as OlderJose
const jose2 = require('jose2') as OlderJose
const { pem } = newKey()
const now = 1_800_000_000

/**
 * What the protocol's document "How to create a Json Web Token with ORGiD" means by its
 * JavaScript: `JWT.sign` of jose 1 or 2, `kid: false`, `typ: JWT`, a scope only when there is one.
 */
function asTheDocument({ JWK, JWT }: OlderJose, expiresIn: string, scope?: string): string {
  return JWT.sign(scope ? { scope } : {}, JWK.asKey(pem, { alg: 'ES256K', use: 'sig' }), {
    audience: did('b'),
    issuer: `${did('a')}#webserver`,
    expiresIn,
    kid: false,
    header: { typ: 'JWT' },
    now: new Date(now * 1_000),
  })
}

async function asThisLibrary(partner: Partial<PartnerOptions>, key = pem): Promise<string> {
  const auth = createOrgidAuth({
    issuer: `${did('a')}#webserver`,
    key,
    issuedAtBackdate: 0,
    now: () => now,
    partners: [{ name: 'hotels', did: did('b'), origin: 'https://api.hotels.example', ...partner }],
  })
  return (await auth.token('hotels')).value
}

describe.each([
  ['jose 1', jose1],
  ['jose 2', jose2],
])('header and claims equal those of the source document’s JavaScript with %s', (_, older) => {
  it.each(['1 year', '12hr', '24 weeks', '2 days', '90 s', '10 minutes'])(
    'for a lifetime of %s',
    async (lifetime) => {
      const theirs = decode(asTheDocument(older, lifetime))
      expect(decode(await asThisLibrary({ lifetime }))).toEqual(theirs)
    },
  )

  it.each(['read', 'read book'])('for the scope "%s"', async (scope) => {
    const ours = decode(await asThisLibrary({ lifetime: '1 year', scope, scopeFormat: 'space' }))
    expect(ours).toEqual(decode(asTheDocument(older, '1 year', scope)))
  })

  it('for a scope in the form that the current verifier wants', async () => {
    const ours = decode(await asThisLibrary({ lifetime: '1 year', scope: ['read', 'book'] }))
    expect(ours).toEqual(decode(asTheDocument(older, '1 year', '["read","book"]')))
  })
})

interface PythonRun {
  readonly privateKey: string
  readonly publicKey: string
  readonly tokens: Readonly<Record<string, string>>
  readonly contrib: boolean
  readonly hoursOff: number
}

/** @param timeZone in the POSIX form, which needs no time zone database. */
function runPython(timeZone = 'UTC0'): PythonRun {
  const script = fileURLToPath(new URL('source_document.py', import.meta.url))
  const id = (digit: string) => `0x${digit.repeat(64)}`
  const recipients = { hotels: id('b'), air: id('c') }
  const output = execFileSync(python, [...pythonArgs, script], {
    input: JSON.stringify({ now, orgid: id('a'), recipients }),
    env: { ...process.env, TZ: timeZone },
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  return JSON.parse(output)
}

describe.skipIf(pythonIsMissing('ecdsa', 'jwt'))('the source document’s Python', () => {
  it('gives the header and claims that this library gives, with the same key', async () => {
    const { privateKey, tokens } = runPython()
    const air: Partial<PartnerOptions> = { did: did('c'), lifetime: '24 hours' }
    const ours = {
      hotels: decode(await asThisLibrary({ lifetime: '24 hours' }, privateKey)),
      air: decode(await asThisLibrary(air, privateKey)),
    }
    const theirs = Object.entries(tokens).map(([name, token]) => [name, decode(token)])
    expect(ours).toEqual(Object.fromEntries(theirs))
  })

  it('gives tokens that verify with its public key, as ours do', async () => {
    const { privateKey, publicKey, tokens } = runPython()
    const rules = { audience: did('b'), key: publicKey, now: () => now }
    const ours = await asThisLibrary({ lifetime: '24 hours' }, privateKey)
    for (const token of [tokens.hotels as string, ours]) {
      const { claims } = await verifyToken(token, rules)
      expect(claims).toEqual(decode(ours).claims)
    }
  })

  it('imports what PyJWT 2 no longer has', () => {
    expect(runPython().contrib).toBe(false)
  })

  it('is ahead of the clock west of Greenwich, and behind it in the east', () => {
    expect([runPython('UTC0'), runPython('EST5'), runPython('JST-9')]).toMatchObject([
      { hoursOff: 0 },
      { hoursOff: 5 },
      { hoursOff: -9 },
    ])
  })
})

describe('traps of the source document', () => {
  it('are in jose 6, which has neither JWK.asKey nor JWT.sign nor this curve', async () => {
    expect(Object.keys(jose)).not.toContain('JWK')
    expect(Object.keys(jose)).not.toContain('JWT')
    await expect(jose.generateKeyPair('ES256K')).rejects.toThrow(/alg/)
  })

  it('are not in this library: a 20-byte address is refused with the form that is right', () => {
    const address = `did:orgid:0x${'c0'.repeat(20)}`
    const partners = [{ did: address, origin: 'https://api.hotels.example' }]
    const issuer = `${did('a')}#webserver`
    expect(codeOf(() => createOrgidAuth({ issuer, key: pem, partners }))).toBe('ERR_INVALID_DID')
    expect(
      codeOf(() => createOrgidAuth({ issuer: `${address}#webserver`, key: pem, partners: [] })),
    ).toBe('ERR_INVALID_DID')
  })

  it('are not in this library: no time zone moves a claim', async () => {
    const { TZ: zone } = process.env
    try {
      for (const [timeZone, minutes] of [
        ['EST5', 300],
        ['JST-9', -540],
      ] as const) {
        process.env.TZ = timeZone
        expect(new Date().getTimezoneOffset()).toBe(minutes)
        const auth = createOrgidAuth({
          issuer: `${did('a')}#webserver`,
          key: pem,
          issuedAtBackdate: 0,
          partners: [{ name: 'hotels', did: did('b'), origin: 'https://api.hotels.example' }],
        })
        const { claims } = decode((await auth.token('hotels')).value)
        expect(Math.abs(Number(claims.iat) - Date.now() / 1_000)).toBeLessThan(60)
        expect(Number(claims.exp) - Number(claims.iat)).toBe(3_600)
      }
    } finally {
      if (zone === undefined) delete process.env.TZ
      else process.env.TZ = zone
    }
  })
})
