import { chmodSync, lstatSync, readdirSync, symlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { orgJsonEntries } from '../../src/keys/orgjson.js'
import { did, newKey } from '../support.js'
import { configured, directory, issuer, keyMaterial, orgid, orgJson, own } from './command.js'

const chained = own.replace('did:orgid:', 'did:orgid:137:')

type Entries = ReturnType<typeof orgJsonEntries>

/** An ORG.JSON in which no key is registered yet, written in a way of its own. */
const empty = (id = own) =>
  `{\n    "@context": "https://www.w3.org/ns/did/v1",\n    "id": "${id}",\n    "created": "2020-01-01T00:00:00Z", "odd":   [1,2 ],\n    "legalEntity": { "legalName": "Höfe \\u0026 Söhne" }\n}\n\n`

describe('register', () => {
  it('prints both entries, ready to paste', async () => {
    const { publicKey, cwd } = configured()
    const { code, stdout } = await orgid(
      ['register', '--issuer', issuer, '--key', 'secp256k1.pub'],
      { cwd },
    )
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual(orgJsonEntries(issuer, publicKey))
  })

  it('takes issuer and key from the configuration, in every form of the DID', async () => {
    const { publicKey, ...files } = configured({
      partners: [
        {
          did: `did:orgid:137:${did('b').slice(10)}`,
          origin: 'https://b.example',
          issuer: `${chained}#webserver`,
        },
      ],
    })
    const { json } = await files.orgid('register', '--json')
    const { verificationMethod } = orgJsonEntries(`${chained}#webserver`, publicKey)
    expect(json()).toEqual([
      { id: own, ...orgJsonEntries(issuer, publicKey) },
      { id: chained, verificationMethod },
    ])
  })

  it('registers several keys of a configuration, or the one that is named', async () => {
    const files = configured()
    const next = newKey()
    files.write('next.pem', next.pem)
    files.write('orgid.json', {
      issuer: own,
      keys: [
        { id: 'webserver', key: { file: 'secp256k1.pem' } },
        { id: 'webserver2', key: { file: 'next.pem' } },
      ],
      partners: [],
    })
    const all = (await files.orgid('register', '--json')).json<{ publicKey: { id: string }[] }[]>()
    expect(all.map(({ publicKey }) => publicKey[0]?.id)).toEqual([issuer, `${own}#webserver2`])
    const one = await files.orgid('register', '--json', '--issuer', `${own}#webserver2`)
    expect(one.json()).toEqual([
      { id: own, ...orgJsonEntries(`${own}#webserver2`, next.publicKey) },
    ])
    expect((await files.orgid('register', '--issuer', `${own}#other`)).code).toBe(2)
  })

  it.each(['secp256k1.pem', 'secp256k1.pub', 'jwk', 'base64'])(
    'takes the key in %s',
    async (name) => {
      const { publicKey, ...files } = configured()
      files.write('jwk', publicKey.export({ format: 'jwk' }) as object)
      files.write('base64', orgJsonEntries(issuer, publicKey).publicKey[0].publicKeyPem)
      const { json } = await files.orgid('register', '--json', '--key', name)
      expect(json()).toEqual([{ id: own, ...orgJsonEntries(issuer, publicKey) }])
    },
  )

  it('refuses a fragment that a schema does not take, and says which would do', async () => {
    const { cwd } = configured()
    const flags = ['register', '--key', 'secp256k1.pub', '--issuer']
    const older = await orgid([...flags, `${own}#key-1`], { cwd })
    expect(older.stderr).toMatch(/^ERR_NOT_REGISTRABLE .*older.*#key1/)
    expect((await orgid([...flags, `${own}#key-1`, '--form', 'current'], { cwd })).code).toBe(0)
    const both = await orgid([...flags, `${own}#key_1`, '--form', 'current'], { cwd })
    expect(both.stderr).toMatch(/^ERR_NOT_REGISTRABLE .*current.*#key1/)
    const chain = await orgid([...flags, `${chained}#a`, '--form', 'older'], { cwd })
    expect(chain.stderr).toMatch(/^ERR_NOT_REGISTRABLE .*--form current/)
  })

  it('wants the name of the key', async () => {
    const { cwd } = configured()
    const { code, stderr } = await orgid(['register', '--issuer', own], { cwd })
    expect(code).toBe(2)
    expect(stderr).toMatch(/#webserver/)
  })
})

describe('register --into', () => {
  it('adds both entries, and leaves every other byte as it was', async () => {
    const { publicKey, ...files } = configured()
    files.write('org.json', empty())
    const { code, json } = await files.orgid('register', '--into', 'org.json', '--json')
    expect(code).toBe(0)
    expect(json()).toMatchObject({ file: 'org.json', ids: [issuer], changed: true })
    const text = files.read('org.json')
    expect(JSON.parse(text)).toEqual({
      ...JSON.parse(empty()),
      ...orgJsonEntries(issuer, publicKey),
    })
    const kept = empty().trimEnd().slice(0, -2)
    expect(text.startsWith(kept)).toBe(true)
    expect(text).toMatch(/\n {4}"publicKey": \[\n {8}\{\n {12}"id"/)
    expect(text.endsWith('\n    ]\n}\n\n')).toBe(true)
  })

  it('has nothing to do the second time, and says so', async () => {
    const files = configured()
    await files.orgid('register', '--into', 'org.json')
    const text = files.read('org.json')
    const { code, stdout, json } = await files.orgid('register', '--into', 'org.json', '--json')
    expect(code).toBe(0)
    expect(json()).toMatchObject({ changed: false, changes: [] })
    expect(stdout).not.toBe('')
    expect((await files.orgid('register', '--into', 'org.json')).stdout).toMatch(/nothing to do/)
    expect(files.read('org.json')).toBe(text)
  })

  it('adds the form that is missing', async () => {
    const { publicKey, ...files } = configured()
    const { verificationMethod, ...older } = orgJson(publicKey)
    files.write('org.json', older)
    const { stdout } = await files.orgid('register', '--into', 'org.json')
    expect(stdout).toMatch(/^[^\n]*verificationMethod[^\n]*\n$/)
    expect(JSON.parse(files.read('org.json'))).toEqual({ ...older, verificationMethod })
  })

  it('keeps the permissions of the file, a symbolic link, and leaves nothing behind', async () => {
    const files = configured()
    files.write('real.json', empty())
    chmodSync(files.path('real.json'), 0o664)
    symlinkSync('real.json', files.path('link.json'))
    await files.orgid('register', '--into', 'link.json')
    expect(lstatSync(files.path('link.json')).isSymbolicLink()).toBe(true)
    expect(files.mode('real.json')).toBe(0o664)
    expect(files.read('real.json')).toMatch(/webserver/)
    expect(readdirSync(files.cwd).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('refuses another key under the same name, and names a new one', async () => {
    const files = configured()
    files.write('org.json', orgJson(newKey().publicKey))
    const before = files.read('org.json')
    const { code, stderr } = await files.orgid('register', '--into', 'org.json')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^ERR_NOT_REGISTRABLE .*another key under #webserver.*#webserver2/)
    expect(files.read('org.json')).toBe(before)
  })

  it('refuses the key under the same name of another form of the DID', async () => {
    const { publicKey, ...files } = configured()
    const { verificationMethod } = orgJsonEntries(`${chained}#webserver`, publicKey)
    files.write('org.json', { ...JSON.parse(empty()), verificationMethod })
    const { stderr } = await files.orgid('register', '--into', 'org.json')
    expect(stderr).toMatch(/^ERR_NOT_REGISTRABLE .*another form.*--issuer 'did:orgid:137:/)
  })

  it('refuses a key that has another name there, in whichever form', async () => {
    const files = configured()
    const { publicKey, ...document } = orgJson(files.publicKey, `${own}#web`)
    const { verificationMethod, ...older } = orgJson(files.publicKey, `${own}#web`)
    const [entry] = publicKey
    const pem = `-----BEGIN PUBLIC KEY-----${entry.publicKeyPem}-----END PUBLIC KEY-----`
    const flattened = { ...older, publicKey: [{ ...entry, publicKeyPem: pem }] }
    for (const one of [document, older, flattened]) {
      files.write('org.json', one)
      const before = files.read('org.json')
      const { code, stderr } = await files.orgid('register', '--into', 'org.json')
      expect(code).toBe(1)
      expect(stderr).toMatch(
        /^ERR_NOT_REGISTRABLE .*as #web already.*Set issuer to did.*#web, or make/,
      )
      expect(files.read('org.json')).toBe(before)
    }
    const verificationMethodRevocation = { reason: 'superseded' }
    const revoked = { ...verificationMethod[0], verificationMethodRevocation }
    files.write('org.json', { ...older, verificationMethod: [revoked] })
    const { stderr } = await files.orgid('register', '--into', 'org.json')
    expect(stderr).toMatch(/^ERR_NOT_REGISTRABLE .*as #web, and revoked there. Make a new key/)
    expect(stderr).not.toMatch(/Set issuer/)
  })

  it.each<[string, (entries: Entries) => object, RegExp]>([
    [
      'no publicKeyJwk',
      ({ publicKey, verificationMethod: [{ publicKeyJwk: _, ...entry }] }) => ({
        publicKey,
        verificationMethod: [{ ...entry, publicKeyPem: publicKey[0].publicKeyPem }],
      }),
      /no publicKeyJwk.*Take verificationMethod\[0\] out/,
    ],
    [
      'a blockchain account beside the key',
      ({ publicKey, verificationMethod: [entry] }) => ({
        publicKey,
        verificationMethod: [{ ...entry, blockchainAccountId: 'x@eip155:1' }],
      }),
      /blockchainAccountId.*Take verificationMethod\[0\] out/,
    ],
    [
      'another type',
      ({ publicKey, verificationMethod }) => ({
        publicKey: [{ ...publicKey[0], type: 'ES256K' }],
        verificationMethod,
      }),
      /type is not secp256k1.*Take publicKey\[0\] out/,
    ],
    [
      'header lines on one line',
      ({ publicKey: [entry], verificationMethod }) => ({
        publicKey: [
          {
            ...entry,
            publicKeyPem: `-----BEGIN PUBLIC KEY-----${entry.publicKeyPem}-----END PUBLIC KEY-----`,
          },
        ],
        verificationMethod,
      }),
      /publicKeyPem is not bare base64.*Take publicKey\[0\] out/,
    ],
    [
      'the private key',
      ({ publicKey, verificationMethod: [{ publicKeyJwk, ...entry }] }) => ({
        publicKey,
        verificationMethod: [{ ...entry, publicKeyJwk: { ...publicKeyJwk, d: 'AA' } }],
      }),
      /private key.*all the world.*Make a new key.*#webserver2.*keyCompromise/,
    ],
    [
      'the id of another organisation',
      ({ publicKey: [entry], verificationMethod }) => ({
        publicKey: [{ ...entry, id: `${did('2')}#webserver` }],
        verificationMethod,
      }),
      /of another organisation. Correct id and controller of publicKey\[0\]/,
    ],
  ])('does not take for registered an entry with %s', async (_name, change, remedy) => {
    const { publicKey, ...files } = configured()
    const { publicKey: older, verificationMethod, ...head } = orgJson(publicKey)
    files.write('org.json', { ...head, ...change({ publicKey: older, verificationMethod }) })
    const before = files.read('org.json')
    const { code, stderr } = await files.orgid('register', '--into', 'org.json')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^ERR_NOT_REGISTRABLE /)
    expect(stderr).toMatch(remedy)
    expect(files.read('org.json')).toBe(before)
  })

  it('names a fragment that is not taken yet', async () => {
    const files = configured()
    const [first, second] = [issuer, `${own}#webserver2`].map((name) =>
      orgJsonEntries(name, newKey().publicKey),
    )
    const publicKey = [first?.publicKey[0], second?.publicKey[0]]
    files.write('org.json', { ...JSON.parse(empty()), publicKey })
    const { stderr } = await files.orgid('register', '--into', 'org.json')
    expect(stderr).toMatch(/another key under #webserver already.*#webserver3/)
  })

  it('refuses a key that is revoked there', async () => {
    const { publicKey, ...files } = configured()
    const document = orgJson(publicKey)
    const [entry] = document.verificationMethod
    const revoked = { ...entry, verificationMethodRevocation: { reason: 'keyCompromise' } }
    files.write('org.json', { ...document, verificationMethod: [revoked] })
    const { stderr } = await files.orgid('register', '--into', 'org.json')
    expect(stderr).toMatch(/^ERR_NOT_REGISTRABLE .*revoked.*#webserver2/)
  })

  it.each([
    ['of another organisation', empty(did('2')), /another organisation/],
    ['of another form of the DID', empty(chained), /another form.*--issuer 'did:orgid:137:/],
    ['of a 20-byte address', empty(`did:orgid:0x${'1'.repeat(40)}`), /32 bytes/],
    ['that is no JSON', 'issuer=', /line 1, column 1: expected a value/],
    ['that is a list', '[]', /JSON object/],
    ['with an entry that is none', `{"id":"${own}","publicKey":[1]}`, /publicKey\[0\]/],
    ['with keys that are no list', `{"id":"${own}","publicKey":{}}`, /array/],
    ['with a list twice', `{"id":"${own}","publicKey":[],"publicKey":[]}`, /"publicKey" .*twice/],
    ['with its id twice', `{"id":"${own}","\\u0069d":"${own}"}`, /: "id" stands there twice/],
    [
      'with an id twice in an entry',
      `{"id":"${own}","verificationMethod":[{"id":"a#b","id":"a#c"}]}`,
      /verificationMethod\[0\]: "id" .*twice/,
    ],
    [
      'with a member twice in a key',
      `{"id":"${own}","verificationMethod":[{"id":"a#b","publicKeyJwk":{"x":"1","x":"2"}}]}`,
      /verificationMethod\[0\]: "x" .*twice/,
    ],
    ['of 12 MB', `{"id":"${own}","note":"${'x'.repeat(12e6)}"}`, /at most 1000000 characters/],
    [
      'that is too deep',
      `{"id":"${own}","note":${'['.repeat(2e5)}${']'.repeat(2e5)}}`,
      /at most 100 arrays and objects/,
    ],
    [
      'whose depth another value hides',
      `{"id":"${own}","note":[{"a":${'['.repeat(2e5)}${']'.repeat(2e5)},"a":1}]}`,
      /at most 100 arrays and objects/,
    ],
  ])('refuses an ORG.JSON %s', async (_name, text, remedy) => {
    const files = configured()
    files.write('org.json', text)
    const { code, stderr } = await files.orgid('register', '--into', 'org.json')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^ERR_ORG_JSON /)
    expect(stderr).toMatch(remedy)
    expect(files.read('org.json')).toBe(text)
  })

  it('tells what the schema has against the document', async () => {
    const files = configured()
    const [entry] = orgJsonEntries(`${own}#a`, newKey().publicKey).publicKey
    files.write('org.json', {
      id: own,
      publicKey: [
        { ...entry, id: `${own}#a_b`, publicKeyPem: '-----BEGIN PUBLIC KEY-----' },
        entry,
        entry,
      ],
      verificationMethod: [{ id: `${own}#b`, type: 'RSA' }],
    })
    const { json } = await files.orgid('register', '--into', 'org.json', '--json')
    expect(json().objections).toEqual([
      expect.stringMatching(/@context/),
      expect.stringMatching(/created/),
      expect.stringMatching(/publicKey\[0\]\.id/),
      expect.stringMatching(/publicKey\[0\] cannot be read .*publicKeyPem is not bare base64/),
      expect.stringMatching(/publicKey\[2\] has the fragment of publicKey\[1\]/),
      expect.stringMatching(/verificationMethod\[0\]\.controller/),
      expect.stringMatching(/verificationMethod\[0\]\.type/),
    ])
  })
})

describe('register --replaces', () => {
  const rotated = (...flags: string[]) => {
    const files = configured()
    files.write('next.pem', newKey().pem)
    const argv = ['register', '--issuer', `${own}#webserver2`, '--key', 'next.pem']
    return { files, outcome: () => files.orgid(...argv, '--into', 'org.json', ...flags) }
  }

  it('marks the old key as revoked, and takes it out where none can be marked', async () => {
    const { files, outcome } = rotated('--replaces', 'webserver', '--json')
    const before = JSON.parse(files.read('org.json'))
    const { code, json } = await outcome()
    expect(code).toBe(0)
    const after = JSON.parse(files.read('org.json'))
    expect(after.verificationMethod[0]).toEqual({
      ...before.verificationMethod[0],
      verificationMethodRevocation: {
        reason: 'superseded',
        invalidityDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      },
    })
    const names = (list: { id: string }[]) => list.map(({ id }) => id.split('#')[1])
    expect(names(after.verificationMethod)).toEqual(['webserver', 'webserver2'])
    expect(names(after.publicKey)).toEqual(['webserver2'])
    expect(json().changes).toEqual([
      expect.stringMatching(/added .* publicKey/),
      expect.stringMatching(/added .* verificationMethod/),
      expect.stringMatching(/marked #webserver as revoked .*superseded/),
      expect.stringMatching(/took #webserver out of publicKey/),
    ])
  })

  it('takes reason and date', async () => {
    const flags = ['--replaces', 'webserver', '--reason', 'keyCompromise']
    const { files, outcome } = rotated(...flags, '--invalid-from', '2026-01-31')
    await outcome()
    const [old] = JSON.parse(files.read('org.json')).verificationMethod
    expect(old.verificationMethodRevocation).toEqual({
      reason: 'keyCompromise',
      invalidityDate: '2026-01-31T00:00:00Z',
    })
  })

  it('has nothing to do the second time', async () => {
    const { files, outcome } = rotated('--replaces', 'webserver')
    await outcome()
    const text = files.read('org.json')
    expect((await outcome()).stdout).toMatch(/nothing to do/)
    expect(files.read('org.json')).toBe(text)
  })

  it.each([
    [['--replaces', 'other'], 1, /#webserver/],
    [['--replaces', 'webserver2'], 1, /#webserver3/],
    [['--replaces', 'webserver', '--reason', 'boredom'], 2, /superseded/],
    [['--replaces', 'webserver', '--invalid-from', 'soon'], 2, /2026-01-31/],
  ])('refuses %j', async (flags, code, remedy) => {
    const { files, outcome } = rotated(...flags)
    const before = files.read('org.json')
    const refused = await outcome()
    expect(refused.code).toBe(code)
    expect(refused.stderr).toMatch(remedy)
    expect(files.read('org.json')).toBe(before)
  })

  it('registers what a configuration holds beside the replaced key, and not that one', async () => {
    const { publicKey, ...files } = configured()
    const next = newKey()
    files.write('next.pem', next.pem)
    files.write('orgid.json', {
      issuer: own,
      keys: [
        { id: 'webserver', key: { file: 'secp256k1.pem' } },
        { id: 'webserver2', key: { file: 'next.pem' } },
      ],
      partners: [],
    })
    const argv = ['register', '--into', 'org.json', '--replaces', 'webserver', '--json']
    const { code, json } = await files.orgid(...argv)
    expect(code).toBe(0)
    expect(json()).toMatchObject({ ids: [`${own}#webserver2`], changed: true })
    const after = JSON.parse(files.read('org.json'))
    expect(after.publicKey).toEqual(orgJsonEntries(`${own}#webserver2`, next.publicKey).publicKey)
    expect((await files.orgid(...argv)).json()).toMatchObject({ changed: false })
  })

  describe('a key that is there several times, or revoked already', () => {
    const earlier = { reason: 'affiliationChanged', invalidityDate: '2020-01-01T00:00:00Z' }
    const later = { ...earlier, invalidityDate: '2999-01-01T00:00:00Z' }

    /** What becomes of revocations that stand there, and what is said of that. */
    const revoke = async (before: readonly unknown[], ...flags: readonly string[]) => {
      const { files, outcome } = rotated('--replaces', 'webserver', '--json', ...flags)
      const document = JSON.parse(files.read('org.json'))
      const [older, current] = [document.publicKey[0], document.verificationMethod[0]]
      files.write('org.json', {
        ...document,
        publicKey: [older, { ...older, id: `${own}#other`, publicKeyPem: otherPem }, older],
        verificationMethod: before.map((verificationMethodRevocation) => ({
          ...current,
          verificationMethodRevocation,
        })),
      })
      const { code, json } = await outcome()
      expect(code).toBe(0)
      const after = JSON.parse(files.read('org.json'))
      const left = after.publicKey.map(({ id }: { id: string }) => id.split('#')[1])
      expect(left).toEqual(['other', 'webserver2'])
      const revocations = (after.verificationMethod as Record<string, unknown>[])
        .slice(0, before.length)
        .map(({ verificationMethodRevocation }) => verificationMethodRevocation)
      return { revocations, changes: json<{ changes: string[] }>().changes }
    }
    const otherPem = orgJsonEntries(issuer, newKey().publicKey).publicKey[0].publicKeyPem
    const from = ['--invalid-from', '2026-01-31'] as const
    const asked = { reason: 'superseded', invalidityDate: '2026-01-31T00:00:00Z' }

    it.each<[string, unknown, readonly string[], unknown]>([
      ['nothing', undefined, from, asked],
      ['null, which revokes nothing', null, from, asked],
      ['what is no revocation', true, from, asked],
      ['a later date', later, from, asked],
      ['an earlier date, which stays', earlier, from, earlier],
      ['no date, which is at all times', { reason: 'superseded' }, from, { reason: 'superseded' }],
      ['a date that is none', { ...earlier, invalidityDate: 'soon' }, from, asked],
      [
        'an earlier date, before the key was found to be compromised',
        earlier,
        [...from, '--reason', 'keyCompromise'],
        { ...earlier, reason: 'keyCompromise' },
      ],
      [
        'a compromise, which stays one',
        { ...later, reason: 'keyCompromise', by: 'us' },
        from,
        { ...asked, reason: 'keyCompromise', by: 'us' },
      ],
    ])('is revoked where there stands %s', async (_name, before, flags, after) => {
      const { revocations } = await revoke([before], ...flags)
      expect(revocations).toEqual([after])
    })

    it('is revoked and taken out wherever it is', async () => {
      const { revocations, changes } = await revoke([earlier, undefined, null], ...from)
      expect(revocations).toEqual([earlier, asked, asked])
      expect(changes.filter((change) => change.startsWith('marked'))).toHaveLength(1)
    })

    it('is told with what was said of it before', async () => {
      const { changes } = await revoke([later], ...from)
      expect(changes).toContainEqual(
        expect.stringMatching(/superseded, 2026-01-31.*so already \(affiliationChanged, 2999-/),
      )
    })
  })

  it('makes no sense without a file', async () => {
    const { orgid } = configured()
    expect((await orgid('register', '--replaces', 'a')).code).toBe(2)
  })
})

describe('the key that register is given', () => {
  const withKey = async (text: string, env = {}) => {
    const files = directory()
    files.write('key', text)
    const argv = ['register', '--issuer', issuer, '--key', 'key']
    return orgid(argv, { ...files, env })
  }

  it('may be encrypted, if the passphrase is at hand', async () => {
    const files = directory()
    await orgid(['keygen', '--passphrase-env', 'P'], { ...files, env: { P: 'sesame' } })
    const pem = files.read('secp256k1.pem')
    const refused = await withKey(pem)
    expect(refused.stderr).toMatch(/^ERR_ENCRYPTED_KEY .*ORGID_PRIVATE_KEY_PASSPHRASE/)
    expect((await withKey(pem, { ORGID_PRIVATE_KEY_PASSPHRASE: 'sesame' })).code).toBe(0)
  })

  it('is not printed, be it the private one', async () => {
    const { pem } = newKey()
    const { stdout, stderr } = await withKey(pem)
    expect(stdout).toMatch(/publicKeyPem/)
    for (const part of keyMaterial(pem)) expect(stdout + stderr).not.toContain(part)
  })
})
