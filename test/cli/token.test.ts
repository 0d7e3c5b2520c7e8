import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { decode, did, newKey } from '../support.js'
import { configured, issuer, keyMaterial, orgid, own, partnerDid } from './command.js'

const air = did('b').replace('did:orgid:', 'did:orgid:137:')
const two = [
  { name: 'hotels', did: partnerDid, origin: 'https://api.hotels.example', audiences: [did('c')] },
  {
    name: 'air',
    did: air,
    origin: 'https://air.example',
    issuer: issuer.replace('did:orgid:', 'did:orgid:137:'),
  },
]

describe('token', () => {
  it('prints the token, and nothing else', async () => {
    const { orgid } = configured()
    const { code, stdout, stderr } = await orgid('token', 'hotels')
    expect(code).toBe(0)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    expect(decode(stdout).claims).toMatchObject({ iss: issuer, aud: partnerDid })
  })

  it('prints the header for curl', async () => {
    const { orgid } = configured()
    expect((await orgid('token', '--header')).stdout).toMatch(/^Authorization: Bearer eyJ\S+\n$/)
  })

  it('takes audience, scope, lifetime and claims', async () => {
    const { orgid } = configured({ partners: two })
    const argv = ['--audience', did('c'), '--scope', 'read', '--scope', 'book', '--lifetime', '60']
    const { stdout } = await orgid(
      'token',
      ...argv,
      '--claim',
      'tenant=acme',
      '--claim',
      'n={"a":1}',
    )
    const { aud, scope, iat, exp, tenant, n } = decode(stdout).claims
    expect({ aud, scope, tenant, n }).toEqual({
      aud: did('c'),
      scope: '["read","book"]',
      tenant: 'acme',
      n: { a: 1 },
    })
    expect(Number(exp) - Number(iat)).toBe(60 + 30)
  })

  it('says with --json what it is for and how long', async () => {
    const { orgid } = configured()
    const { json } = await orgid('token', '--json', '--scope', 'read')
    expect(json()).toEqual({
      token: expect.stringMatching(/^eyJ/),
      partner: 'hotels',
      issuer,
      audience: partnerDid,
      scope: ['read'],
      issuedAt: expect.any(Number),
      expiresAt: expect.any(Number),
    })
  })

  it('needs no configuration where issuer, audience and key are given', async () => {
    const { cwd } = configured()
    const argv = ['token', '--issuer', issuer, '--audience', partnerDid]
    const { stdout } = await orgid([...argv, '--key', 'secp256k1.pem'], { cwd })
    expect(decode(stdout).claims).toMatchObject({ iss: issuer, aud: partnerDid })
    expect((await orgid(argv, { cwd })).code).toBe(2)
  })

  it('opens an encrypted key with the passphrase in the environment, or says how', async () => {
    const { cwd } = configured()
    const env = { ORGID_PRIVATE_KEY_PASSPHRASE: 'sesame' }
    await orgid(['keygen', 'a', '--passphrase-env', 'ORGID_PRIVATE_KEY_PASSPHRASE'], { cwd, env })
    const alone = ['--issuer', issuer, '--audience', partnerDid]
    for (const argv of [['token'], ['token', ...alone]]) {
      const opened = await orgid([...argv, '--key', 'a.pem'], { cwd, env })
      expect([opened.code, opened.stdout]).toEqual([0, expect.stringMatching(/^eyJ/)])
      const { stderr } = await orgid([...argv, '--key', 'a.pem'], { cwd })
      expect(stderr).toMatch(/^ERR_ENCRYPTED_KEY .*set ORGID_PRIVATE_KEY_PASSPHRASE/)
    }
  })

  it('signs with --key instead of the configured key', async () => {
    const { orgid, ...files } = configured()
    files.write('secp256k1.pem', 'gone')
    files.write('other.pem', newKey().pem)
    expect((await orgid('token')).stderr).toMatch(/^ERR_INVALID_KEY .*key\.file/)
    expect((await orgid('token', '--key', 'other.pem')).code).toBe(0)
  })

  it.each([
    [['token'], 2, /ERR_USAGE .*hotels, air/],
    [['token', 'trains'], 1, /ERR_UNKNOWN_PARTNER .*hotels, air/],
    [['token', '--audience', did('9')], 2, /hex case.*hotels, air/],
    [['token', 'hotels', '--audience', air], 1, /ERR_AUDIENCE_NOT_ALLOWED {2}--audience: /],
    [['token', 'hotels', '--claim', 'x'], 2, /name=value/],
    [['token', 'hotels', '--claim', 'iss=x'], 1, /ERR_RESERVED_CLAIM {2}--claim\.iss: /],
    [['token', 'hotels', '--lifetime', 'soon'], 1, /ERR_INVALID_DURATION {2}--lifetime: /],
    [['call', 'hotels', '--scope', 'a"b'], 1, /ERR_INVALID_SCOPE {2}--scope: /],
    [['token', 'hotles'], 1, /ERR_UNKNOWN_PARTNER .*Did you mean hotels\?/],
    [
      ['token', '--lifetmie', '5'],
      2,
      /ERR_USAGE {2}unknown option '--lifetmie'\. Did you mean --lif/,
    ],
    [['token', 'hotels', '--config', 'none.json'], 1, /ERR_CONFIG .*does not exist/],
  ])('refuses %j with the remedy', async (argv, code, remedy) => {
    const { orgid } = configured({ partners: two })
    const outcome = await orgid(...argv)
    expect(outcome.stderr).toMatch(remedy)
    expect(outcome.code).toBe(code)
    expect(outcome.stdout).toBe('')
  })

  it('says how to get a configuration where there is none', async () => {
    const { cwd } = configured()
    const { code, stderr } = await orgid(['token'], { cwd: `${cwd}/..` })
    expect([code, stderr]).toEqual([2, expect.stringMatching(/orgid-bearer init/)])
  })

  it('finds the configuration by ORGID_CONFIG, and in the environment alone', async () => {
    const { cwd, pem } = configured()
    const byFile = { ORGID_CONFIG: `${cwd}/orgid.json` }
    expect((await orgid(['token'], { cwd: '/', env: byFile })).code).toBe(0)
    const env = {
      ORGID_ISSUER: issuer,
      ORGID_PRIVATE_KEY: pem,
      ORGID_PARTNERS: JSON.stringify(two),
    }
    expect((await orgid(['token', 'air'], { cwd: '/', env })).code).toBe(0)
  })
})

describe('a wrong key', () => {
  const pem = (curve: string) =>
    generateKeyPairSync('ec', { namedCurve: curve }).privateKey.export({
      format: 'pem',
      type: 'sec1',
    }) as string
  const mistakes: [string, string, RegExp][] = [
    ['text that is no key', 'hello', /^ERR_INVALID_KEY .*--key/],
    ['a truncated PEM', newKey().pem.slice(0, 120), /^ERR_INVALID_KEY .*truncated/],
    [
      'the public key',
      newKey().publicKey.export({ format: 'pem', type: 'spki' }) as string,
      /^ERR_PUBLIC_KEY .*the public one belongs in ORG\.JSON/,
    ],
    ['a key on P-256', pem('P-256'), /^ERR_KEY_CURVE .*openssl ecparam -name secp256k1/],
    ['an address', `0x${'1'.repeat(40)}`, /^ERR_INVALID_KEY .*64/],
  ]

  it.each(mistakes)('%s is told with its remedy, in one message', async (_name, text, remedy) => {
    const { orgid, ...files } = configured()
    files.write('wrong', text)
    const { code, stdout, stderr } = await orgid('token', '--key', 'wrong')
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(remedy)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    if (text.includes('EC PRIVATE')) {
      for (const part of keyMaterial(text)) expect(stderr).not.toContain(part)
    }
  })

  it('is found by the doctor as well, beside what else is wrong', async () => {
    const { orgid, ...files } = configured({ issuer: own })
    files.write('secp256k1.pem', 'hello')
    const { code, json } = await orgid('check', '--offline', '--json')
    expect(code).toBe(1)
    expect(json()).toMatchObject({
      ok: false,
      rows: [
        { name: 'configuration', status: 'fail', detail: expect.stringMatching(/#webserver/) },
        { name: 'key', status: 'fail', detail: expect.stringMatching(/^ERR_INVALID_KEY/) },
        { name: 'ORG.JSON', status: 'skip' },
      ],
    })
  })
})
