import { sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { did, newKey } from '../support.js'
import { configured, issuer, orgid, own, partnerDid } from './command.js'

const now = () => 1_800_000_000

interface Inspected {
  readonly signature: string
  readonly malformed?: string
  readonly header: object
  readonly claims: object
  readonly partners: { kind: string; accepted: boolean | string; reason?: string }[]
}

/** A token of any claims and header, and what `inspect` says to it. */
async function inspected(
  claims: object,
  {
    header = {},
    flags = ['--key', 'secp256k1.pub'],
  }: { header?: object; flags?: readonly string[] } = {},
) {
  const files = configured()
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const all = { iss: issuer, aud: partnerDid, iat: now() - 30, exp: now() + 3_600, ...claims }
  const input = `${part({ alg: 'ES256K', typ: 'JWT', ...header })}.${part(all)}`
  const key = { key: files.pem, dsaEncoding: 'ieee-p1363' } as const
  const token = `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
  const setting = { ...files, stdin: token, now }
  const { json } = await orgid(['inspect', ...flags, '--json'], setting)
  const text = await orgid(['inspect', ...flags], setting)
  const { partners, ...rest } = json<Inspected>()
  const refused = Object.fromEntries(
    partners.filter(({ accepted }) => accepted !== true).map(({ kind, reason }) => [kind, reason]),
  )
  return { ...rest, partners, refused, text: text.stdout, code: text.code, token, files }
}

describe('inspect', () => {
  it('tells header, claims, times in words, the signature, and who would accept it', async () => {
    const { text, refused, signature, code } = await inspected({
      scope: '["read","book"]',
      tenant: 'acme',
    })
    expect({ refused, signature, code }).toEqual({ refused: {}, signature: 'good', code: 0 })
    expect(text.replace(/ +/g, ' ')).toContain(`header alg ES256K, typ JWT
 issuer ${issuer}
 with the key "webserver"
 audience ${partnerDid}
 issued 2027-01-15 07:59:30 UTC, 30 seconds ago
 expires 2027-01-15 09:00:00 UTC, in 1 hour; 1 hour after it was issued
 scope read, book, as a JSON array inside a string
 tenant acme
 signature good`)
    expect(text.match(/ yes$/gm)).toHaveLength(3)
  })

  it('does not print the token again', async () => {
    const { text, token } = await inspected({})
    for (const part of token.split('.')) expect(text).not.toContain(part)
  })

  it.each([
    [
      'expired',
      { exp: now() - 1 },
      { older: /exp is in the past/, python: /exp is in the past/, current: /exp is in the past/ },
    ],
    ['of the same second', { iat: now() }, { python: /iat is not in the past/ }],
    ['without exp', { exp: undefined }, { python: /exp is missing/ }],
    ['not valid yet', { nbf: now() + 60 }, { older: /nbf/, python: /nbf/, current: /nbf/ }],
    ['with a list of audiences', { aud: [partnerDid] }, { python: /one string/ }],
    [
      'with a chain in both DIDs',
      {
        iss: issuer.replace('did:orgid:', 'did:orgid:137:'),
        aud: did('a').replace('did:orgid:', 'did:orgid:137:'),
      },
      { older: /chain/, python: /chain/ },
    ],
    [
      'with a chain in its audience alone',
      { aud: did('a').replace('did:orgid:', 'did:orgid:137:') },
      { older: /^aud has a chain/, python: /^aud has a chain/ },
    ],
    [
      'addressed to a 20-byte address',
      { aud: `did:orgid:0x${'a'.repeat(40)}` },
      { older: /32 bytes/, python: /32 bytes/, current: /32 bytes/ },
    ],
    [
      'with a fragment in its audience',
      { aud: `${partnerDid}#a` },
      { older: /#fragment/, python: /#fragment/, current: /#fragment/ },
    ],
    ['of a key named key_1', { iss: `${own}#key_1` }, { current: /iss/ }],
  ])('knows who refuses a token that is %s', async (_name, claims, expected) => {
    const { refused } = await inspected(claims)
    expect(Object.keys(refused).sort()).toEqual(Object.keys(expected).sort())
    for (const [kind, reason] of Object.entries(expected)) expect(refused[kind]).toMatch(reason)
  })

  it('knows who wants a typ in the header', async () => {
    const { refused } = await inspected({}, { header: { typ: undefined } })
    expect(refused).toEqual({ older: expect.stringMatching(/typ/) })
  })

  it('judges for another partner with --audience', async () => {
    const flags = ['--key', 'secp256k1.pub', '--audience', did('b')]
    const { refused } = await inspected({}, { flags })
    expect(Object.keys(refused)).toEqual(['older', 'python', 'current'])
  })

  it('leaves the signature open where no key is given', async () => {
    const { signature, partners, text, code } = await inspected({}, { flags: [] })
    expect([signature, code]).toEqual(['unchecked', 0])
    expect(partners.map(({ accepted }) => accepted)).toEqual(
      Array(3).fill('unless the signature is wrong'),
    )
    expect(text).toMatch(/not checked: give --key/)
  })

  it('looks the key up in ORG.JSON, by the name in iss', async () => {
    const good = await inspected({}, { flags: ['--org-json', 'org.json'] })
    expect([good.signature, good.refused]).toEqual(['good', {}])
    const named = await inspected({ iss: `${own}#other` }, { flags: ['--org-json', 'org.json'] })
    expect([named.signature, named.code]).toEqual(['no key', 1])
    expect(named.refused.older).toMatch(/no publicKey in ORG\.JSON/)
  })

  it('says that a signature is wrong, and fails', async () => {
    const { token, files } = await inspected({})
    files.write('other.pub', newKey().publicKey.export({ format: 'pem', type: 'spki' }) as string)
    const flags = ['inspect', '--key', 'other.pub', '--json']
    const { code, json } = await orgid(flags, { ...files, stdin: token, now })
    expect(code).toBe(1)
    expect(json<Inspected>().signature).toBe('wrong')
    expect(json<Inspected>().partners.map(({ reason }) => reason)).toEqual(
      Array(3).fill('signature verification failed'),
    )
    const configuredKey = ['inspect', '--config', 'orgid.json', '--json']
    const own = await orgid(configuredKey, { ...files, stdin: token, now })
    expect(own.json<Inspected>().signature).toBe('good')
  })

  it('of several keys in the configuration takes the one that the token names', async () => {
    const files = configured()
    files.write('next.pem', newKey().pem)
    const keys = [
      { id: 'webserver', key: { file: 'secp256k1.pem' }, activeFrom: 0 },
      { id: 'next', key: { file: 'next.pem' }, activeFrom: 1 },
    ]
    const config = JSON.parse(files.read('orgid.json'))
    files.write('orgid.json', { issuer: own, keys, partners: config.partners })
    const { stdout: token } = await files.orgid('token', 'hotels')
    const argv = ['inspect', '--config', 'orgid.json', '--json']
    const { code, json } = await orgid(argv, { ...files, stdin: token })
    expect([code, json<Inspected>().signature]).toEqual([0, 'good'])
  })

  it.each(['stdin', '-', 'file', 'argument'])('takes the token from %s', async (source) => {
    const { token, files } = await inspected({})
    files.write('file', `Authorization: Bearer ${token}\r\n`)
    const argv = source === 'stdin' ? [] : [source === 'argument' ? token : source]
    const { code } = await orgid(['inspect', ...argv], {
      ...files,
      stdin: `bearer ${token}\n`,
      now,
    })
    expect(code).toBe(0)
  })

  it('shows what partners are lenient about', async () => {
    const { token, files } = await inspected({})
    const { json } = await orgid(['inspect', '--json'], { ...files, stdin: `${token}=`, now })
    expect(json<Inspected>().malformed).toMatch(/base64url/)
    expect(json<Inspected>().partners).toHaveLength(3)
  })

  it('lets no token write to the terminal', async () => {
    const { text } = await inspected({ 'a\u001b[2J': '\u001b[31mred', scope: '\u009b2J' })
    expect(text).not.toMatch(/\p{Cc}(?<!\n)/u)
    expect(text).toContain('\\x1b[31mred')
  })

  it.each([
    ['', 2, /nothing/],
    ['a.b', 1, /ERR_TOKEN_MALFORMED|three segments/],
    ['a.b.c', 1, /JSON|base64url/],
  ])('refuses %j', async (stdin, code, remedy) => {
    const files = configured()
    const outcome = await orgid(['inspect'], { ...files, stdin })
    expect([outcome.code, outcome.stderr]).toEqual([code, expect.stringMatching(remedy)])
  })

  it('refuses an audience that is none', async () => {
    const { files, token } = await inspected({})
    const outcome = await orgid(['inspect', '--audience', 'hotels'], { ...files, stdin: token })
    expect(outcome).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^ERR_INVALID_DID {2}--audience: expected an ORGiD/),
    })
  })

  it('wants one way to find the key', async () => {
    const { files, token } = await inspected({})
    const argv = ['inspect', '--key', 'secp256k1.pub', '--org-json', 'org.json']
    expect((await orgid(argv, { ...files, stdin: token })).code).toBe(2)
  })
})
