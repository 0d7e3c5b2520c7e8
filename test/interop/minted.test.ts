import { createPrivateKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createOrgidAuth } from '../../src/index.js'
import type { PrivateKeyInput } from '../../src/keys/load.js'
import { orgJsonEntries } from '../../src/keys/orgjson.js'
import type { PartnerOptions } from '../../src/partners/partner.js'
import { localSigner } from '../../src/signers/local.js'
import type { Signer } from '../../src/signers/signer.js'
import { judge } from '../../src/testing/index.js'
import { did, newKey } from '../support.js'
import { jose1, jose2, verifyCurrent, verifyOlder } from './realVerifiers.js'

const { pem, publicKey } = newKey()
const object = createPrivateKey(pem)
const jwk = object.export({ format: 'jwk' })
// What `openssl ecparam -genkey` without -noout puts in front: the curve's OID
const parameters = '-----BEGIN EC PARAMETERS-----\nBgUrgQQACg==\n-----END EC PARAMETERS-----\n'

const keys: [string, PrivateKeyInput | Signer][] = [
  ['SEC1 PEM', pem],
  ['SEC1 PEM with EC PARAMETERS', parameters + pem],
  ['PKCS#8 PEM', object.export({ format: 'pem', type: 'pkcs8' }) as string],
  [
    'encrypted PKCS#8',
    {
      key: object.export({
        format: 'pem',
        type: 'pkcs8',
        cipher: 'aes-256-cbc',
        passphrase: 'x',
      }) as string,
      passphrase: 'x',
    },
  ],
  ['JWK', jwk],
  ['64 hex digits', Buffer.from(jwk.d as string, 'base64url').toString('hex')],
  ['KeyObject', object],
  ['noble signer', localSigner(pem, { backend: 'noble' })],
  ['openssl signer', localSigner(pem, { backend: 'openssl' })],
]

async function mint(
  key: PrivateKeyInput | Signer,
  issuer: string,
  audience: string,
  partner: Partial<PartnerOptions> = {},
) {
  const auth = createOrgidAuth({
    issuer,
    key,
    partners: [{ name: 'partner', did: audience, origin: 'https://partner.example', ...partner }],
  })
  return (await auth.token('partner')).value
}

const chained = (digit: string) => did(digit).replace('orgid:', 'orgid:137:')
const seconds = () => Date.now() / 1_000

describe.each(keys)('a token signed with a key from %s', (_, key) => {
  it('is accepted by jose 1 and 2, as older partners use them', async () => {
    const issuer = `${did('a')}#webserver`
    const organizations = [{ id: did('a'), ...orgJsonEntries(issuer, publicKey) }]
    const presented = {
      token: await mint(key, issuer, did('b')),
      audience: did('b'),
      organizations,
    }
    for (const jose of [jose1, jose2]) {
      expect(verifyOlder(jose, presented, seconds())).toMatchObject({
        accepted: true,
        claims: { iss: issuer },
      })
    }
  })

  it.each([
    ['plain', did('a'), did('b')],
    ['chain', chained('a'), chained('b')],
  ])('is accepted by org.id-auth, with DIDs in the %s form', async (_form, own, audience) => {
    const issuer = `${own}#webserver`
    const organizations = [{ id: own, ...orgJsonEntries(issuer, publicKey) }]
    const token = await mint(key, issuer, audience, { scope: ['read', 'book'] })
    const verdict = await verifyCurrent({ token, audience, organizations }, ['read', 'book'])
    expect(verdict).toMatchObject({ accepted: true, claims: { iss: issuer, aud: audience } })
  })
})

describe('a token', () => {
  it('for another partner is refused by all of them', async () => {
    const issuer = `${did('a')}#webserver`
    const organizations = [{ id: did('a'), ...orgJsonEntries(issuer, publicKey) }]
    const presented = {
      token: await mint(pem, issuer, did('c')),
      audience: did('b'),
      organizations,
    }
    expect(verifyOlder(jose1, presented, seconds()).accepted).toBe(false)
    expect(verifyOlder(jose2, presented, seconds()).accepted).toBe(false)
    expect((await verifyCurrent(presented)).accepted).toBe(false)
  })

  it('of the second in which it is verified has an iat strictly before it', async () => {
    const token = await mint(pem, `${did('a')}#webserver`, did('b'))
    const verdict = judge('older', token, { did: did('b'), keys: { publicKey }, now: seconds() })
    expect(verdict).toMatchObject({ accepted: true })
    expect(Number(verdict.accepted && verdict.claims.iat)).toBeLessThan(seconds() - 29)
  })
})
