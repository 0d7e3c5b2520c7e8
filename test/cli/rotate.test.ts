import {
  chmodSync,
  chownSync,
  lstatSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createOrgidAuthFromEnv } from '../../src/index.js'
import { orgJsonEntries } from '../../src/keys/orgjson.js'
import { startPartner } from '../../src/testing/index.js'
import { did, newKey } from '../support.js'
import {
  configured,
  directory,
  issuer,
  keyMaterial,
  orgid,
  orgJson,
  own,
  partnerDid,
} from './command.js'

const start = 1_800_000_000
const hour = 3_600
const day = 24 * hour
const chained = own.replace('did:orgid:', 'did:orgid:137:')

/** A configuration as a person writes one. */
const handwritten = `{
    "$schema": "./schema.json",
    "issuer":   "${issuer}",
    "key": { "file": "secp256k1.pem" },
    "lifetime": "2 hours",   "partners": [
        { "name": "hotels", "did": "${partnerDid}", "origin": "https://api.hotels.example" }
    ]
}

`

/** A directory in which a rotation can begin, and a clock. */
function setUp(config: string | object = handwritten) {
  const files = configured()
  files.write('orgid.json', config)
  let now = start
  return {
    ...files,
    pass: (seconds: number) => {
      now += seconds
    },
    now: () => now,
    rotate: (...argv: string[]) => orgid(['rotate', ...argv], { cwd: files.cwd, now: () => now }),
    config: () => JSON.parse(files.read('orgid.json')),
    org: () => JSON.parse(files.read('org.json')),
  }
}

const idsIn = (entries: readonly { id: string }[]) => entries.map(({ id }) => id.split('#')[1])

describe('rotate start', () => {
  it('makes a key under the next name, which signs in 30 days, and registers it', async () => {
    const { rotate, config, org, mode, read } = setUp()
    const { code, stdout, stderr } = await rotate('start', '--into', 'org.json')
    expect(code).toBe(0)
    expect(config().keys).toEqual([
      { id: 'webserver', key: { file: 'secp256k1.pem' } },
      { id: 'webserver2', key: { file: 'webserver2.pem' }, activeFrom: '2027-02-14T08:00:00Z' },
    ])
    expect(mode('webserver2.pem')).toBe(0o600)
    const published = orgJsonEntries(`${own}#webserver2`, read('webserver2.pub'))
    expect(org().publicKey[1]).toEqual(published.publicKey[0])
    expect(org().verificationMethod[1]).toEqual(published.verificationMethod[0])
    expect(stdout).toMatch(/#webserver2 signs from 2027-02-14 08:00:00 UTC on, in 30 days/)
    expect(stderr).toMatch(/Next: publish org\.json.*\nThen: restart.*single key takes no second/)
    for (const part of keyMaterial(read('webserver2.pem'))) {
      expect(stdout + stderr).not.toContain(part)
    }
  })

  it('makes keys of a single key, and leaves every other byte as it was', async () => {
    const { rotate, read } = setUp()
    await rotate('start')
    expect(read('orgid.json')).toBe(`{
    "$schema": "./schema.json",
    "issuer":   "${own}",
    "keys": [
        {
            "id": "webserver",
            "key": {
                "file": "secp256k1.pem"
            }
        },
        {
            "id": "webserver2",
            "key": {
                "file": "webserver2.pem"
            },
            "activeFrom": "2027-02-14T08:00:00Z"
        }
    ],
    "lifetime": "2 hours",   "partners": [
        { "name": "hotels", "did": "${partnerDid}", "origin": "https://api.hotels.example" }
    ]
}

`)
  })

  it('adds to keys that are there, and keeps the permissions and a symbolic link', async () => {
    const keys = [{ id: 'main', key: { file: 'secp256k1.pem' } }]
    const files = setUp()
    files.write('real.json', { issuer: own, keys, partners: [] })
    chmodSync(files.path('real.json'), 0o640)
    symlinkSync('real.json', files.path('link.json'))
    const { code, stderr } = await files.rotate('start', '--config', 'link.json', '--wait', '1 day')
    expect(code).toBe(0)
    expect(JSON.parse(files.read('real.json'))).toEqual({
      issuer: own,
      keys: [
        ...keys,
        { id: 'main2', key: { file: 'main2.pem' }, activeFrom: '2027-01-16T08:00:00Z' },
      ],
      partners: [],
    })
    expect(lstatSync(files.path('link.json')).isSymbolicLink()).toBe(true)
    expect(files.mode('real.json')).toBe(0o640)
    expect(stderr).toMatch(/Next: orgid-bearer register --into <your ORG\.JSON>/)
    expect(stderr).toMatch(/loadOrgidAuth take the key over within seconds/)
  })

  it('takes the fragment out of the issuers of partners, in whichever form', async () => {
    const air = { did: `did:orgid:137:${did('b').slice(10)}`, origin: 'https://air.example' }
    const {
      rotate,
      config,
      read,
      orgid: command,
    } = setUp({
      issuer,
      key: { file: 'secp256k1.pem' },
      partners: [
        { did: partnerDid, origin: 'https://a.example' },
        { ...air, issuer: `${chained}#webserver` },
      ],
    })
    expect((await rotate('start')).code).toBe(0)
    expect(config().partners[1]).toEqual({ ...air, issuer: chained })
    expect((await command('token', '--json', 'air.example')).stdout).toMatch(/eyJ/)
    expect(read('webserver2.pem')).toMatch(/EC PRIVATE KEY/)
  })

  it('registers under the form of DID that the document has', async () => {
    const air = { did: `did:orgid:137:${did('b').slice(10)}`, origin: 'https://air.example' }
    const files = setUp({
      issuer,
      key: { file: 'secp256k1.pem' },
      partners: [{ ...air, issuer: `${chained}#webserver` }],
    })
    const { publicKey: _, ...document } = orgJson(files.publicKey, `${chained}#webserver`)
    files.write('chain.json', document)
    expect((await files.rotate('start', '--into', 'chain.json')).code).toBe(0)
    const { verificationMethod } = JSON.parse(files.read('chain.json'))
    expect(verificationMethod[1].id).toBe(`${chained}#webserver2`)
  })

  it('makes no name twice: neither one that is registered, nor one that is revoked', async () => {
    const files = setUp()
    const { publicKey: _, ...document } = orgJson(files.publicKey)
    const [revoked] = orgJsonEntries(`${own}#webserver2`, newKey().publicKey).verificationMethod
    files.write('org.json', {
      ...document,
      verificationMethod: [
        ...document.verificationMethod,
        { ...revoked, verificationMethodRevocation: { reason: 'superseded' } },
      ],
    })
    const before = files.read('org.json')
    const refused = await files.rotate('start', '--into', 'org.json', '--fragment', 'webserver2')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(
      /^ERR_USAGE .*"webserver2", which is in org\.json, revoked.*#webserver3/,
    )
    const known = await files.rotate('start', '--fragment', 'webserver')
    expect(known.stderr).toMatch(/"webserver", which is in the configuration/)
    expect(files.read('org.json')).toBe(before)
    expect(files.read('orgid.json')).toBe(handwritten)
    expect(() => files.read('webserver2.pem')).toThrow(/ENOENT/)
    const { json } = await files.rotate('start', '--into', 'org.json', '--json')
    expect(json()).toMatchObject({ step: 'start', id: 'webserver3', privateKey: 'webserver3.pem' })
  })

  it.each(['webserver2.pem', 'webserver2.pub'])('overwrites no %s', async (name) => {
    const files = setUp()
    files.write(name, 'precious')
    const { code, stderr } = await files.rotate('start', '--into', 'org.json')
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^ERR_FILE_EXISTS .*--key-name/)])
    expect(files.read(name)).toBe('precious')
    expect(files.read('orgid.json')).toBe(handwritten)
    expect((await files.rotate('start', '--key-name', 'next')).code).toBe(0)
    expect(files.config().keys[1].key).toEqual({ file: 'next.pem' })
  })

  it('protects the new key as the one before is', async () => {
    const files = directory()
    const env = { KEY_PASSPHRASE: 'correct horse' }
    const run = (...argv: string[]) => orgid(argv, { cwd: files.cwd, env, now: () => start })
    await run('keygen', 'mine', '--passphrase-env', 'KEY_PASSPHRASE')
    files.write('orgid.json', {
      issuer,
      key: { file: 'mine.pem', passphraseEnv: 'KEY_PASSPHRASE' },
      partners: [],
    })
    expect((await run('rotate', 'start')).code).toBe(0)
    expect(files.read('webserver2.pem')).toMatch(/ENCRYPTED/)
    expect(JSON.parse(files.read('orgid.json')).keys[1].key).toEqual({
      file: 'webserver2.pem',
      passphraseEnv: 'KEY_PASSPHRASE',
    })
    expect((await run('rotate', '--json')).json()).toMatchObject({ next: { id: 'webserver2' } })
  })

  it('leaves nothing behind when it cannot write the configuration', async () => {
    const { rotate, cwd, read } = setUp()
    const long = `${'o'.repeat(245)}.json`
    renameSync(join(cwd, 'orgid.json'), join(cwd, long))
    const before = [readdirSync(cwd), read('org.json')]
    const { stderr } = await rotate('start', '--into', 'org.json', '--config', long)
    expect(stderr).toMatch(/^ERR_FILE .*ENAMETOOLONG/)
    expect([readdirSync(cwd), read('org.json')]).toEqual(before)
  })

  it('says what is written, and what to do, when it cannot write ORG.JSON', async () => {
    const { rotate, cwd, config } = setUp()
    const long = `${'o'.repeat(245)}.json`
    renameSync(join(cwd, 'org.json'), join(cwd, long))
    const { stderr } = await rotate('start', '--into', long)
    expect(stderr).toMatch(
      /^ERR_FILE .*webserver2\.pem and orgid\.json are written.*register --issuer/,
    )
    expect(config().keys[1].id).toBe('webserver2')
  })

  // Only the superuser can give a file away
  it.each(process.getuid?.() === 0 ? [1_000] : [])(
    'leaves files to whom they belong, and gives the new key to whom the one before belongs: %i',
    async (uid) => {
      const { rotate, cwd, mode } = setUp()
      chownSync(join(cwd, 'org.json'), uid + 1, uid + 1)
      chownSync(join(cwd, 'secp256k1.pem'), uid, uid + 2)
      chmodSync(join(cwd, 'secp256k1.pem'), 0o640)
      expect((await rotate('start', '--into', 'org.json')).code).toBe(0)
      const files = ['orgid.json', 'org.json', 'webserver2.pem', 'webserver2.pub']
      const owners = files
        .map((file) => statSync(join(cwd, file)))
        .map(({ uid, gid }) => [uid, gid])
      const ofKey = [uid, uid + 2]
      expect(owners).toEqual([[0, 0], [uid + 1, uid + 1], ofKey, ofKey])
      expect(mode('webserver2.pem')).toBe(0o640)
    },
  )

  it('does not begin a second rotation before the switch', async () => {
    const { rotate, read } = setUp()
    await rotate('start')
    const before = read('orgid.json')
    const { code, stderr } = await rotate('start')
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^ERR_ROTATION .*#webserver2/)])
    expect(read('orgid.json')).toBe(before)
  })

  it.each<[string, object, Record<string, string>, RegExp]>([
    [
      'the key',
      {},
      { ORGID_PRIVATE_KEY_FILE: 'secp256k1.pem' },
      /ORGID_PRIVATE_KEY_FILE.*"key": \{/,
    ],
    [
      'the issuer',
      { issuer: undefined },
      { ORGID_ISSUER: issuer },
      /issuer in orgid\.json.*ORGID_ISSUER/,
    ],
    ['the partners', { partners: undefined }, { ORGID_PARTNERS: '[]' }, /ORGID_PARTNERS/],
  ])('edits no file that does not have %s', async (_, change, env, message) => {
    const files = setUp({ issuer, key: { file: 'secp256k1.pem' }, partners: [], ...change })
    const before = files.read('orgid.json')
    const { code, stderr } = await orgid(['rotate', 'start'], { cwd: files.cwd, env })
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^ERR_ROTATION /)])
    expect(stderr).toMatch(message)
    expect(files.read('orgid.json')).toBe(before)
    expect(() => files.read('webserver2.pem')).toThrow(/ENOENT/)
  })

  it('says what keys has no words for: a key of two names', async () => {
    const { rotate } = setUp({
      issuer,
      key: { file: 'secp256k1.pem' },
      partners: [{ did: partnerDid, origin: 'https://a.example', issuer: `${own}#other` }],
    })
    const { code, stderr } = await rotate('start')
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^ERR_ROTATION .*partners\[0\]\.issuer.*#other/),
    ])
  })

  it('edits no file in which a name comes twice', async () => {
    const text = handwritten.replace('"lifetime"', `"issuer": "${issuer}", "lifetime"`)
    const { rotate, read } = setUp(text)
    const { code, stderr } = await rotate('start')
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^ERR_FILE .*comes twice/)])
    expect(read('orgid.json')).toBe(text)
    expect(() => read('webserver2.pem')).toThrow(/ENOENT/)
  })

  it('tells of a short wait what it costs', async () => {
    const { rotate } = setUp()
    const { stderr } = await rotate('start', '--wait', '1 hour')
    expect(stderr).toMatch(/longer than 1 hour: older ones for 12 hours, others for up to 30 days/)
    expect((await setUp().rotate('start', '--wait', 'soon')).stderr).toMatch(/ERR_INVALID_DURATION/)
  })
})

describe('rotate', () => {
  it('tells where the rotation stands, and what comes next', async () => {
    const { rotate, pass } = setUp()
    const states = async () => {
      const { json } = await rotate('--json')
      return json<{ steps: { state: string }[] }>().steps.map(({ state }) => state)
    }
    const none = await rotate()
    expect(none.stdout).toMatch(/#webserver signs, .* no rotation/)
    expect(none.stderr).toMatch(/Next: orgid-bearer rotate start/)
    await rotate('start', '--into', 'org.json')
    expect(await states()).toEqual(['done', 'now', 'to do', 'to do'])
    expect((await rotate()).stdout).toMatch(/wait +until 2027-02-14 08:00:00 UTC, in 30 days/)
    pass(30 * day)
    expect(await states()).toEqual(['done', 'done', 'done', 'to do'])
    expect((await rotate()).stdout).toMatch(/#webserver, not before .* in 2 hours/)
    pass(2 * hour)
    expect(await states()).toEqual(['done', 'done', 'done', 'now'])
    expect((await rotate()).stderr).toMatch(/Next: orgid-bearer rotate retire/)
    await rotate('retire', '--into', 'org.json')
    expect(await states()).toEqual([])
  })

  it('sees whether the key is published', async () => {
    const { rotate } = setUp()
    await rotate('start')
    const { stdout, stderr } = await rotate('--into', 'org.json')
    expect(stdout).toMatch(/now +publish +#webserver2 is not in org\.json/)
    expect(stderr).toMatch(/Next: orgid-bearer register --into org\.json/)
  })

  it('changes nothing', async () => {
    const { rotate, read } = setUp()
    await rotate('start', '--into', 'org.json')
    const before = [read('orgid.json'), read('org.json')]
    await rotate('--into', 'org.json')
    expect([read('orgid.json'), read('org.json')]).toEqual(before)
  })

  it.each([
    ['--wait', ['--wait', '1 day']],
    ['--fragment', ['retire', '--fragment', 'x']],
    ['--key-name', ['switch', '--key-name', 'x']],
    ['--reason', ['start', '--reason', 'superseded']],
    ['--now', ['start', '--now']],
  ])('wants no %s where it means nothing', async (flag, argv) => {
    const { code, stderr } = await setUp().rotate(...argv)
    expect([code, stderr]).toEqual([2, expect.stringContaining(`ERR_USAGE  ${flag}: `)])
  })

  it('knows no other step', async () => {
    expect((await setUp().rotate('stop')).code).toBe(2)
  })
})

describe('rotate switch', () => {
  it('is what happens by itself, and before its time only with --now', async () => {
    const { rotate, config, pass } = setUp()
    expect((await rotate('switch')).stderr).toMatch(/^ERR_ROTATION .*rotate start/)
    await rotate('start')
    pass(day)
    const early = await rotate('switch')
    expect([early.code, early.stderr]).toEqual([
      1,
      expect.stringMatching(/^ERR_ROTATION .*29 days/),
    ])
    const { code, stderr } = await rotate('switch', '--now')
    expect(code).toBe(0)
    expect(stderr).toMatch(/restart your processes/)
    expect(config().keys[1].activeFrom).toBe('2027-01-16T08:00:00Z')
    const again = await rotate('switch')
    expect([again.code, again.stdout]).toEqual([0, expect.stringMatching(/nothing to do/)])
  })
})

describe('rotate retire', () => {
  it('takes the old key out, and revokes it, once no token of it can be in use', async () => {
    const { rotate, config, org, pass, read } = setUp()
    expect((await rotate('retire')).stderr).toMatch(/^ERR_ROTATION .*no other is there/)
    await rotate('start', '--into', 'org.json')
    expect((await rotate('retire')).stderr).toMatch(/^ERR_ROTATION .*#webserver2 does not sign yet/)
    pass(30 * day + 2 * hour - 1)
    const before = [read('orgid.json'), read('org.json')]
    const early = await rotate('retire', '--into', 'org.json')
    expect([early.code, early.stderr]).toEqual([
      1,
      expect.stringMatching(/^ERR_ROTATION .*1 second/),
    ])
    expect([read('orgid.json'), read('org.json')]).toEqual(before)
    pass(1)
    const { code, stderr } = await rotate('retire', '--into', 'org.json')
    expect(code).toBe(0)
    expect(idsIn(config().keys.map(({ id }: { id: string }) => ({ id: `#${id}` })))).toEqual([
      'webserver2',
    ])
    expect(idsIn(org().publicKey)).toEqual(['webserver2'])
    expect(org().verificationMethod[0].verificationMethodRevocation).toEqual({
      reason: 'superseded',
      invalidityDate: '2027-02-14T10:00:00Z',
    })
    expect(stderr).toMatch(
      /restart.*\n.*publish org\.json.*\n.*delete the private key of #webserver/,
    )
  })

  it('takes it out at once with --now, for the reason that is given', async () => {
    const { rotate, org, pass } = setUp()
    await rotate('start', '--into', 'org.json', '--wait', '1')
    pass(1)
    const argv = ['retire', '--into', 'org.json', '--now', '--reason', 'keyCompromise']
    expect((await rotate(...argv)).code).toBe(0)
    expect(org().verificationMethod[0].verificationMethodRevocation.reason).toBe('keyCompromise')
  })

  it('says how to revoke it where it does not', async () => {
    const files = setUp()
    await files.rotate('start')
    files.pass(31 * day)
    const { code, stderr } = await files.rotate('retire')
    expect(code).toBe(0)
    expect(stderr).toMatch(/register --into <your ORG\.JSON> --replaces webserver/)
  })

  it('does not retire the only key that partners can know, unless told to', async () => {
    const files = setUp()
    await files.rotate('start')
    files.pass(31 * day)
    const before = [files.read('orgid.json'), files.read('org.json')]
    const { code, stderr } = await files.rotate('retire', '--into', 'org.json')
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^ERR_ROTATION .*#webserver2.*cannot know the key.*register --into/),
    ])
    expect([files.read('orgid.json'), files.read('org.json')]).toEqual(before)
    expect((await files.rotate('retire', '--into', 'org.json', '--now')).code).toBe(0)
    expect(idsIn(files.org().publicKey)).toEqual(['webserver2'])
  })

  it('does not retire a key whose successor its readers cannot know', async () => {
    const files = setUp()
    await files.rotate('start', '--into', 'org.json')
    files.pass(31 * day)
    const { verificationMethod, ...older } = files.org()
    files.write('org.json', { ...older, verificationMethod: verificationMethod.slice(0, 1) })
    const { json } = await files.rotate('--into', 'org.json', '--json')
    const states = (json() as { steps: Record<string, string>[] }).steps.map(({ name, state }) => [
      name,
      state,
    ])
    expect(Object.fromEntries(states)).toMatchObject({ publish: 'now', retire: 'to do' })
    const { code, stderr } = await files.rotate('retire', '--into', 'org.json')
    expect([code, stderr]).toEqual([1, expect.stringMatching(/in verificationMethod, got none/)])
  })

  it.each(['orgid.json', 'org.json'])(
    'can be run again when it could not write %s',
    async (file) => {
      const { rotate, cwd, pass, read, org } = setUp()
      await rotate('start', '--into', 'org.json')
      pass(31 * day)
      // There is no room in the name for the ending of a temporary file
      const long = `${'o'.repeat(245)}.json`
      const retire = (name: string) => {
        const [config, into] = ['orgid.json', 'org.json'].map((one) => (one === file ? name : one))
        const named = ['--config', config as string, '--into', into as string]
        return rotate('retire', ...named, '--reason', 'keyCompromise')
      }
      renameSync(join(cwd, file), join(cwd, long))
      const { stderr } = await retire(long)
      expect(stderr).toMatch(/^ERR_FILE .*ENAMETOOLONG/)
      if (file === 'orgid.json') expect(stderr).toMatch(/Do not publish org\.json before/)
      renameSync(join(cwd, long), join(cwd, file))
      expect((await retire(file)).code).toBe(0)
      expect(read('orgid.json')).not.toContain('"webserver"')
      expect(idsIn(org().publicKey)).toEqual(['webserver2'])
      expect(org().verificationMethod[0].verificationMethodRevocation.reason).toBe('keyCompromise')
    },
  )
})

describe('a rotation by command', () => {
  it('is one that a partner follows, from the first token to the last', async () => {
    const partner = await startPartner({
      did: partnerDid,
      profile: 'older',
      orgJson: orgJson(newKey().publicKey),
      now: () => files.now(),
    })
    const files = setUp({
      issuer,
      key: { file: 'secp256k1.pem' },
      partners: [
        { name: 'hotels', did: partnerDid, origin: partner.origin, allowLoopbackHttp: true },
      ],
    })
    const call = async () => {
      partner.orgJson = files.org()
      const options = { config: files.path('orgid.json'), env: {}, now: files.now }
      const authorization =
        (await createOrgidAuthFromEnv(options).authorization(partner.url())) ?? ''
      const { status } = await fetch(partner.url(), { headers: { authorization } })
      return [status, String(partner.requests.at(-1)?.claims?.iss).split('#')[1]]
    }
    try {
      expect(await call()).toEqual([200, 'webserver'])
      await files.rotate('start', '--into', 'org.json')
      expect(await call()).toEqual([200, 'webserver'])
      files.pass(30 * day)
      expect(await call()).toEqual([200, 'webserver2'])
      files.pass(hour)
      await files.rotate('retire', '--into', 'org.json')
      expect(await call()).toEqual([200, 'webserver2'])
      await files.rotate('start', '--into', 'org.json')
      files.pass(30 * day)
      expect(await call()).toEqual([200, 'webserver3'])
    } finally {
      await partner.close()
    }
  })
})
