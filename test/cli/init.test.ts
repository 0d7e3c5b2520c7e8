import { describe, expect, it } from 'vitest'
import { did, newKey } from '../support.js'
import { directory, issuer, keyMaterial, orgid, own, partnerDid } from './command.js'

const flags = ['--issuer', issuer, '--partner', `hotels,${partnerDid},https://api.hotels.example`]

describe('init', () => {
  it('writes a configuration and a key that work together, and says what comes next', async () => {
    const files = directory()
    const { code, stderr } = await orgid(['init', ...flags], files)
    expect(code).toBe(0)
    expect(stderr).toMatch(/Next: orgid-bearer register/)
    expect(JSON.parse(files.read('orgid.json'))).toEqual({
      issuer,
      key: { file: 'secp256k1.pem' },
      partners: [{ name: 'hotels', did: partnerDid, origin: 'https://api.hotels.example' }],
    })
    expect(files.mode('secp256k1.pem')).toBe(0o600)
    expect((await orgid(['token', 'hotels'], files)).stdout).toMatch(/^eyJ/)
  })

  it('writes the own DID in the form of a partner that has another, and says so', async () => {
    const files = directory()
    const chained = did('b').replace('did:orgid:', 'did:orgid:137:')
    const argv = ['init', ...flags, '--partner', `air,${chained},https://air.example`]
    const { stderr } = await orgid(argv, files)
    const other = issuer.replace('did:orgid:', 'did:orgid:137:')
    expect(stderr).toContain(other)
    expect(JSON.parse(files.read('orgid.json')).partners[1]).toMatchObject({ issuer: other })
    expect((await orgid(['token', 'air'], files)).code).toBe(0)
  })

  it('uses a key that is there already, from wherever the configuration is', async () => {
    const files = directory()
    files.write('mine.pem', newKey().pem)
    const { json } = await orgid(['init', ...flags, '--key', 'mine.pem', '--json'], files)
    expect(json()).toMatchObject({ config: 'orgid.json', privateKey: 'mine.pem' })
    expect(JSON.parse(files.read('orgid.json')).key).toEqual({ file: 'mine.pem' })
    expect(() => files.read('secp256k1.pem')).toThrow(/ENOENT/)
  })

  it('refuses a key with which nothing can be signed', async () => {
    const files = directory()
    files.write('mine.pub', newKey().publicKey.export({ format: 'pem', type: 'spki' }) as string)
    const { stderr } = await orgid(['init', ...flags, '--key', 'mine.pub'], files)
    expect(stderr).toMatch(/^ERR_PUBLIC_KEY /)
    expect(() => files.read('orgid.json')).toThrow(/ENOENT/)
  })

  it.each(['orgid.json', 'secp256k1.pem', 'secp256k1.pub'])(
    'overwrites no %s, and writes nothing then',
    async (name) => {
      const files = directory()
      files.write(name, 'precious')
      const { code, stderr } = await orgid(['init', ...flags], files)
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^ERR_FILE_EXISTS /)])
      expect(files.read(name)).toBe('precious')
      const others = ['orgid.json', 'secp256k1.pem'].filter((other) => other !== name)
      for (const other of others) expect(() => files.read(other)).toThrow(/ENOENT/)
    },
  )

  it('overwrites a configuration with --force, and no key even then', async () => {
    const files = directory()
    files.write('orgid.json', '{}')
    files.write('secp256k1.pem', newKey().pem)
    const refused = await orgid(['init', ...flags, '--force'], files)
    expect(refused.stderr).toMatch(/^ERR_FILE_EXISTS {2}secp256k1\.pem/)
    const { code } = await orgid(['init', ...flags, '--force', '--key', 'secp256k1.pem'], files)
    expect(code).toBe(0)
    expect(JSON.parse(files.read('orgid.json')).issuer).toBe(issuer)
  })

  it('refuses a key name that some partners refuse, and says which to take', async () => {
    const files = directory()
    const argv = ['--issuer', `${own}#key-1`, ...flags.slice(2)]
    const { code, stderr } = await orgid(['init', ...argv], files)
    expect([code, stderr]).toEqual([1, expect.stringMatching(`Write ${own}#key1; or,`)])
    expect(() => files.read('orgid.json')).toThrow(/ENOENT/)
    // It may be registered already
    files.write('mine.pem', newKey().pem)
    expect((await orgid(['init', ...argv, '--key', 'mine.pem'], files)).code).toBe(0)
    expect(JSON.parse(files.read('orgid.json')).issuer).toBe(`${own}#key-1`)
  })

  it('says by npx what comes next where npx runs it', async () => {
    const files = directory()
    const env = { npm_lifecycle_event: 'npx' }
    const { stderr } = await orgid(['init', ...flags], { ...files, env })
    expect(stderr).toMatch(/^Next: npx orgid-bearer register .*\nThen: npx orgid-bearer check /)
    const elsewhere = await orgid(['token', '--json'], { ...directory(), env })
    expect(elsewhere.stderr).toMatch(/Write one with npx orgid-bearer init, name one/)
    expect(elsewhere.stdout).toMatch(/Write one with npx orgid-bearer init, name one/)
  })

  it('says which flags it wants where there is no terminal to ask at', async () => {
    const { code, stderr } = await orgid(['init'], directory())
    expect(code).toBe(2)
    expect(stderr).toMatch(/--issuer.*--partner/)
  })

  it.each([
    [['--issuer', own, ...flags.slice(2)], /#webserver/],
    [['--issuer', `did:orgid:0x${'1'.repeat(40)}#a`, ...flags.slice(2)], /32 bytes/],
    [[...flags.slice(0, 2), '--partner', 'hotels'], /name,did,origin/],
    [[...flags.slice(0, 2), '--partner', `a,${partnerDid},http://a.example`], /https/],
    [
      [...flags, '--partner', `air,${did('b')},http://a.example`],
      /ERR_INVALID_ORIGIN {2}--partner "air": origin: expected an https origin/,
    ],
    [
      [...flags.slice(0, 2), '--partner', `a,did:orgid:0x${'1'.repeat(40)},https://a.example`],
      /32 bytes/,
    ],
    [[...flags, ...flags.slice(2)], /ERR_DUPLICATE_PARTNER/],
  ])('refuses %j before anything is written', async (argv, remedy) => {
    const files = directory()
    const { code, stderr } = await orgid(['init', ...argv], files)
    expect(code).not.toBe(0)
    expect(stderr).toMatch(remedy)
    expect(() => files.read('orgid.json')).toThrow(/ENOENT/)
    expect(() => files.read('secp256k1.pem')).toThrow(/ENOENT/)
  })

  it('asks at a terminal, and asks again for what is wrong', async () => {
    const files = directory()
    const wrong = `did:orgid:0x${'1'.repeat(40)}#webserver`
    const answers = [wrong, issuer, 'hotels', 'nonsense', 'https://a.example', partnerDid]
    const { code, stdout, stderr } = await orgid(['init'], {
      ...files,
      answers: [...answers, 'https://api.hotels.example', ''],
    })
    expect(code).toBe(0)
    expect(stderr).toMatch(/32 bytes/)
    expect(stdout).not.toMatch(/Your ORGiD/)
    expect(JSON.parse(files.read('orgid.json'))).toMatchObject({
      issuer,
      partners: [{ name: 'hotels', did: partnerDid, origin: 'https://api.hotels.example' }],
    })
  })

  it('asks again for a name at once, and for a partner that is there already', async () => {
    const files = directory()
    const [another, third] = [did('b'), did('c')]
    const { code, stderr } = await orgid(['init'], {
      ...files,
      answers: [
        ...[`${own}#key-1`, issuer],
        ...['n'.repeat(101), 'hotels', partnerDid, 'https://api.hotels.example'],
        ...['hotels', 'air', another, 'https://api.hotels.example', another, 'https://air.example'],
        ...['rail', third, 'https://rail.example', ''],
      ],
    })
    expect(code).toBe(0)
    const questions = stderr.match(/(?:The name of an?|The ORGiD of|Where its API is)[^:(]*/g)
    expect(questions?.map((question) => question.trim())).toEqual([
      ...['The name of a partner, such as hotels', 'The name of a partner, such as hotels'],
      ...['The ORGiD of hotels', 'Where its API is'],
      ...[
        'The name of another partner, such as hotels',
        'The name of another partner, such as hotels',
      ],
      ...['The ORGiD of air', 'Where its API is', 'The ORGiD of air', 'Where its API is'],
      'The name of another partner, such as hotels',
      ...['The ORGiD of rail', 'Where its API is'],
      'The name of another partner, such as hotels',
    ])
    expect(stderr).toMatch(/name: expected another one than those before \(hotels\), got one of/)
    const { partners } = JSON.parse(files.read('orgid.json'))
    expect(partners.map(({ name }: { name: string }) => name)).toEqual(['hotels', 'air', 'rail'])
  })

  it('writes nothing when the input ends before all was asked', async () => {
    const files = directory()
    const { code, stderr } = await orgid(['init'], { ...files, answers: [issuer] })
    expect(code).toBe(2)
    expect(stderr).toMatch(/nothing was written/)
    expect(() => files.read('orgid.json')).toThrow(/ENOENT/)
  })

  it('prints nothing of the private key', async () => {
    const files = directory()
    const { stdout, stderr } = await orgid(['init', ...flags, '--json'], files)
    for (const part of keyMaterial(files.read('secp256k1.pem'))) {
      expect(stdout + stderr).not.toContain(part)
    }
  })
})
