import { createPrivateKey } from 'node:crypto'
import { chmodSync, mkdirSync } from 'node:fs'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createOrgidAuthFromEnv, type FromEnvOptions } from '../../src/config/from-env.js'
import { readConfig } from '../../src/config/read.js'
import { localSigner } from '../../src/signers/local.js'
import { verifyToken } from '../../src/verify.js'
import { decode, did, newKey, refusal, settle } from '../support.js'
import { hotels, issuer, offers, useFolder, useWarnings } from './support.js'

const folder = useFolder()
const warnings = useWarnings()
const { pem, publicKey } = newKey()
const other = newKey()
const passphrase = 'correct horse battery staple'
const encrypted = createPrivateKey(pem).export({
  format: 'pem',
  type: 'pkcs8',
  cipher: 'aes-256-cbc',
  passphrase,
}) as string

type Env = Record<string, string | undefined>

const partners = JSON.stringify([hotels])
const base = { ORGID_ISSUER: issuer, ORGID_PARTNERS: partners, ORGID_PRIVATE_KEY: pem }

const create = (env: Env, options: FromEnvOptions = {}) =>
  createOrgidAuthFromEnv({ env, now: () => 1_800_000_000, ...options })
const claimsOf = (env: Env, url = offers) => decode(create(env).authorization(url) as string).claims
const refused = (env: Env, options?: FromEnvOptions) => refusal(() => create(env, options))

async function expectSignedBy(env: Env, key = publicKey, options?: FromEnvOptions) {
  const header = create(env, options).authorization(offers) as string
  await expect(
    verifyToken(header.slice(7), { audience: did('b'), key, now: () => 1_800_000_000 }),
  ).resolves.toBeDefined()
}

describe('createOrgidAuthFromEnv', () => {
  it('makes an auth of variables alone, with white space around them', async () => {
    const env = {
      ...base,
      ORGID_ISSUER: ` ${issuer}\n`,
      ORGID_LIFETIME: '10 minutes\n',
      ORGID_STRICT: ' true ',
    }
    expect(claimsOf(env)).toMatchObject({ iss: issuer, aud: did('b'), exp: 1_800_000_600 })
    expect(() => create(env).authorization('https://stranger.example')).toThrow(/strict/)
    await expectSignedBy(env)
  })

  it('reads the environment of the process by default', () => {
    const before = { ...process.env }
    try {
      Object.assign(process.env, base)
      expect(createOrgidAuthFromEnv().status().partners).toMatchObject([{ name: 'hotels' }])
    } finally {
      for (const name of Object.keys(base)) delete process.env[name]
      Object.assign(process.env, before)
    }
  })

  it('makes an auth of a file alone, whose relative paths start where it is', async () => {
    mkdirSync(folder.path('keys'))
    folder.write('keys/own.pem', pem)
    const file = folder.write('orgid.json', {
      $schema: './orgid-bearer.schema.json',
      issuer,
      key: { file: 'keys/own.pem' },
      partners: [hotels],
      lifetime: '2 hours',
      issuedAtBackdate: 5,
      strict: true,
      cache: { max: 5 },
      signTimeout: 1,
    })
    expect(claimsOf({ ORGID_CONFIG: file })).toMatchObject({
      iat: 1_799_999_995,
      exp: 1_800_007_200,
    })
    await expectSignedBy({}, publicKey, { config: file })
  })

  it('prefers a variable over the file, option by option, and config over ORGID_CONFIG', async () => {
    const file = folder.write('orgid.json', {
      issuer: `${did('c')}#webserver`,
      key: { env: 'OTHER_KEY' },
      partners: [],
      lifetime: 60,
      strict: true,
    })
    const env = { ...base, OTHER_KEY: other.pem, ORGID_STRICT: 'false', ORGID_CONFIG: file }
    expect(claimsOf(env)).toMatchObject({ iss: issuer, exp: 1_800_000_060 })
    await expectSignedBy(env)
    expect(create(env).authorization('https://stranger.example')).toBeUndefined()
    expect(create({ ...base, ORGID_CONFIG: '/nowhere' }, { config: file })).toBeDefined()
  })

  it('counts an empty variable as not set', () => {
    const file = folder.write('orgid.json', { lifetime: 60 })
    const env = {
      ...base,
      ORGID_CONFIG: file,
      ORGID_LIFETIME: '',
      ORGID_STRICT: ' ',
      ORGID_PRIVATE_KEY_FILE: '',
      ORGID_PRIVATE_KEY_PASSPHRASE: '',
    }
    expect(claimsOf(env)).toMatchObject({ exp: 1_800_000_060 })
  })

  it('takes a key from a file, from a variable, and from code over both', async () => {
    const file = folder.write('own.pem', pem)
    await expectSignedBy({ ...base, ORGID_PRIVATE_KEY: undefined, ORGID_PRIVATE_KEY_FILE: file })
    await expectSignedBy({ ...base, ORGID_PRIVATE_KEY: other.pem }, other.publicKey)
    const key = localSigner(pem)
    await expectSignedBy({ ...base, ORGID_PRIVATE_KEY: other.pem }, publicKey, { key })
    await expectSignedBy({ ...base, ORGID_PRIVATE_KEY: undefined }, publicKey, { key })
  })

  it('takes several keys from a file, and signs with the active one', async () => {
    const file = folder.write('orgid.json', {
      issuer: did('a'),
      keys: [
        { id: 'webserver', key: { env: 'FIRST' } },
        { id: 'webserver2', key: { env: 'SECOND' }, activeFrom: '2040-01-01T00:00:00Z' },
      ],
      partners: [hotels],
    })
    const env = { ORGID_CONFIG: file, FIRST: pem, SECOND: other.pem }
    expect(claimsOf(env)).toMatchObject({ iss: issuer })
    await expectSignedBy(env)
    const later = createOrgidAuthFromEnv({ env, now: () => 2_300_000_000 })
    const { claims } = decode(later.authorization(offers) as string)
    expect(claims).toMatchObject({ iss: `${did('a')}#webserver2` })
  })

  it('opens an encrypted key with a passphrase from a variable or from a file', async () => {
    const secret = folder.write('passphrase', `${passphrase}\n`)
    const env = { ...base, ORGID_PRIVATE_KEY: encrypted }
    await expectSignedBy({ ...env, ORGID_PRIVATE_KEY_PASSPHRASE: passphrase })
    await expectSignedBy({ ...env, ORGID_PRIVATE_KEY_PASSPHRASE_FILE: secret })
    // The first line, as OpenSSL takes it
    for (const text of [passphrase, `${passphrase}\r\n`, `${passphrase}\nof the web server\n`]) {
      folder.write('passphrase', text)
      await expectSignedBy({ ...env, ORGID_PRIVATE_KEY_PASSPHRASE_FILE: secret })
    }
    const rest = { ...base, ORGID_PRIVATE_KEY: undefined, KEY: encrypted, WORDS: passphrase }
    for (const key of [
      { env: 'KEY', passphraseEnv: 'WORDS' },
      { env: 'KEY', passphraseFile: 'passphrase' },
    ]) {
      await expectSignedBy({ ...rest, ORGID_CONFIG: folder.write('orgid.json', { key }) })
    }
    const file = folder.write('orgid.json', { key: { env: 'KEY', passphraseEnv: 'NOT_SET' } })
    await expectSignedBy({
      ...rest,
      ORGID_CONFIG: file,
      ORGID_PRIVATE_KEY_PASSPHRASE: passphrase,
    })
  })

  it('refuses options that it does not know, and those of a wrong type', () => {
    expect(refused(base, { conf: 'x' } as FromEnvOptions).message).toMatch(
      /^options: got an unknown option, "conf"; did you mean "config"\? Expected only config, env, key, /,
    )
    expect(refused(base, { config: '' }).message).toMatch(/^config: expected the path of a file/)
    expect(refusal(() => createOrgidAuthFromEnv({ env: null as never })).message).toMatch(/^env: /)
    expect(refused(base, { now: 5 as never }).message).toMatch(/^now: expected a function/)
  })
})

describe('a message', () => {
  const fromFile = (content: unknown, env: Env = {}) =>
    refused({ ...base, ORGID_CONFIG: folder.write('orgid.json', content), ...env })

  it.each<[string, string, string, string]>([
    ['ORGID_LIFETIME', 'soon', 'ERR_INVALID_DURATION', 'ORGID_LIFETIME: expected whole seconds'],
    ['ORGID_ISSUER', 'me', 'ERR_INVALID_DID', 'ORGID_ISSUER: expected an ORGiD'],
    ['ORGID_STRICT', 'yes', 'ERR_INVALID_OPTION', 'ORGID_STRICT: expected true or false, got a '],
    ['ORGID_PARTNERS', '[{}]', 'ERR_INVALID_DID', 'ORGID_PARTNERS[0].did: expected an ORGiD'],
    ['ORGID_PARTNERS', '{}', 'ERR_INVALID_OPTION', 'ORGID_PARTNERS: expected an array of partn'],
    ['ORGID_PARTNERS', '[', 'ERR_CONFIG', 'ORGID_PARTNERS: line 1, column 2: expected a value'],
    ['ORGID_PRIVATE_KEY', 'x', 'ERR_INVALID_KEY', 'ORGID_PRIVATE_KEY: expected a secp256k1 pr'],
    ['ORGID_CONFIG', '/x/y', 'ERR_CONFIG', 'ORGID_CONFIG: expected a file that can be read, got '],
  ])('names the variable %s, that is %j', (name, value, code, message) => {
    const error = refused({ ...base, [name]: value })
    expect(error.code).toBe(code)
    expect(error.message.startsWith(message), error.message).toBe(true)
  })

  it('of two DIDs of different form names where each of them is', () => {
    const chained = { ...hotels, did: `did:orgid:137:${did('b').slice(10)}` }
    const error = refused({ ...base, ORGID_PARTNERS: JSON.stringify([chained]) })
    expect(error.code).toBe('ERR_DID_FORM_MISMATCH')
    expect(error.message).toMatch(
      /^ORGID_PARTNERS\[0\]\.issuer: expected .* got did:orgid:0x… \(that of ORGID_ISSUER\); a/,
    )
    const file = fromFile({ partners: [chained] }, { ORGID_PARTNERS: undefined })
    expect(file.message).toMatch(/orgid\.json: partners\[0\]\.issuer: .* \(that of ORGID_ISSUER\);/)
    const own = fromFile({ issuer }, { ORGID_PARTNERS: JSON.stringify([{ ...chained, issuer }]) })
    expect(own.message).toMatch(/^ORGID_PARTNERS\[0\]\.issuer: .* got did:orgid:0x…; a verifier/)
  })

  it('says of a PEM in JSON that it has no place there', () => {
    const text = `{\n  "issuer": "${issuer}",\n  "key": "${pem}"\n}`
    const error = fromFile(text, { ORGID_PRIVATE_KEY: undefined })
    expect(error.code).toBe('ERR_CONFIG')
    expect(error.message).toMatch(
      /orgid\.json: expected JSON that says where the key is, got a PEM in it.*write "key": \{ "file": "secp256k1\.pem" \}$/,
    )
    expect(error.message).not.toContain(pem.slice(40, 60))
  })

  it.each(['secp256k1.pem', 'keys/own-key.jwk', 'C.p8'])('says how to name the file %s', (key) => {
    const { message } = fromFile({ key }, { ORGID_PRIVATE_KEY: undefined })
    expect(message).toMatch(/orgid\.json: key: expected where the private key is, /)
    expect(message.endsWith(`write { "file": "${key}" }`), message).toBe(true)
  })

  it('names the file, and the path in it', () => {
    const file = folder.path('orgid.json')
    const env = { ORGID_PARTNERS: undefined, ORGID_ISSUER: undefined }
    const messageOf = (content: object) => fromFile({ issuer, ...content }, env).message
    expect(messageOf({ partners: [{ ...hotels, did: '0x1' }] })).toMatch(
      `${file}: partners[0].did: expected an ORGiD`,
    )
    expect(messageOf({ partners: [hotels, hotels] })).toMatch(`${file}: partners[1]: expected its`)
    expect(messageOf({ partners: [], lifetime: 0 })).toMatch(`${file}: lifetime: expected whole`)
    expect(messageOf({ partners: [], cache: { max: 0 } })).toMatch(`${file}: cache.max: expected`)
    expect(messageOf({ issuer: did('a'), partners: [] })).toMatch(`${file}: issuer: expected a DID`)
    expect(messageOf({ issuers: 'x' })).toMatch(
      /orgid\.json: got an unknown option, "issuers"; did you mean "issuer"\? Expected only \$schema, /,
    )
    expect(fromFile([]).message).toMatch(`${file}: expected an object with $schema, issuer`)
    expect(fromFile('{"issuer": }').message).toMatch(`${file}: line 1, column 12: expected a value`)
  })

  it('says what is missing, and every place where it could stand', () => {
    const { ORGID_ISSUER: _, ...noIssuer } = base
    expect(refused(noIssuer).message).toMatch(
      /^issuer: .* Set ORGID_ISSUER, or put issuer into a configuration file that ORGID_CONFIG names$/,
    )
    const { ORGID_PARTNERS: __, ...noPartners } = base
    expect(refused(noPartners).message).toMatch(/^partners: .* Set ORGID_PARTNERS, or put partners/)
    const { ORGID_PRIVATE_KEY: ___, ...noKey } = base
    expect(refused(noKey).message).toMatch(
      /^key: expected a private key, got none\. Set ORGID_PRIVATE_KEY_FILE or ORGID_PRIVATE_KEY, or/,
    )
    const file = folder.write('orgid.json', {})
    expect(refused({ ...noKey, ORGID_CONFIG: file }).message).toContain(`key or keys into ${file}`)
  })

  it('tells two answers to one question from each other', () => {
    const both = { ...base, ORGID_PRIVATE_KEY_FILE: '/x' }
    expect(refused(both).message).toBe(
      'ORGID_PRIVATE_KEY: expected either it or ORGID_PRIVATE_KEY_FILE, got both. Unset one of them',
    )
    expect(
      refused({
        ...base,
        ORGID_PRIVATE_KEY_PASSPHRASE: 'a',
        ORGID_PRIVATE_KEY_PASSPHRASE_FILE: 'b',
      }).message,
    ).toMatch(/^ORGID_PRIVATE_KEY_PASSPHRASE: .*got both/)
    const env = { ORGID_PRIVATE_KEY: undefined }
    const key = { env: 'KEY' }
    const keys = [{ id: 'webserver', key }]
    expect(fromFile({ key, keys }, env).message).toMatch(/: key: expected either key or keys, got/)
    expect(fromFile({ keys }, { ...env, ORGID_PRIVATE_KEY_PASSPHRASE: 'a' }).message).toMatch(
      /^ORGID_PRIVATE_KEY_PASSPHRASE: expected none, since .*orgid\.json has several keys/,
    )
  })

  it.each<[object | string | number, RegExp]>([
    [{}, /key: expected one of \{ "file": … \}, .*, got none of them/],
    [{ file: 'a', env: 'B' }, /key: expected one of .*, got file and env/],
    [{ path: 'a' }, /key: got an unknown option, "path"\. Expected only file, env, command/],
    [{ file: '' }, /key\.file: expected the path of a file, got an empty string/],
    [{ file: 'a\nb' }, /key\.file: expected the path of a file, got a string of 3 .* that is its/],
    [{ file: 7 }, /key\.file: expected the path of a file, got 7/],
    [{ env: 'A-B' }, /key\.env: expected the name of an environment variable.*got a string of 3/],
    [{ env: 'NOT_SET' }, /key\.env: expected the variable NOT_SET to be set, got none/],
    [
      { file: 'none.pem' },
      /key\.file: expected a file that can be read, got \/.*none\.pem, which do/,
    ],
    [{ file: '.' }, /key\.file: expected a file that can be read, got .*, which is a directory/],
    [{ file: 'a', timeout: 5 }, /key\.timeout: expected none, without a command, got 5/],
    [{ command: 'cat key' }, /key\.command: expected an array of strings, the program and its/],
    [{ command: [] }, /key\.command: expected an array of strings.*got an array of 0/],
    [{ command: ['cat'], timeout: 0 }, /key\.timeout: expected a number of seconds from 0.1 to/],
    [{ command: ['cat'] }, /key\.command: .*Use await loadOrgidAuth\(\) instead of createOrgidAu/],
    [
      { env: 'A', passphraseEnv: 'A', passphraseFile: 'b' },
      /key: expected either passphraseEnv or/,
    ],
    [7, /key: expected where the private key is, .*, got 7/],
  ])('says what is wrong with a key that is %j', (key, message) => {
    expect(fromFile({ key }, { ORGID_PRIVATE_KEY: undefined }).message).toMatch(message)
  })

  it('says what is wrong with keys', () => {
    const messageOf = (keys: unknown) =>
      fromFile({ keys }, { ORGID_PRIVATE_KEY: undefined }).message
    expect(messageOf([])).toMatch(/orgid\.json: keys: expected an array of at least one \{ id, key/)
    expect(messageOf([{ name: 'a' }])).toMatch(
      /orgid\.json: keys\[0\]: got an unknown option, "name"\. Expected only id/,
    )
    expect(messageOf([{ id: 'a', key: 'b' }])).toMatch(
      /orgid\.json: keys\[0\]\.key: expected where/,
    )
  })

  it('says how to give a passphrase, where one is missing or wrong', () => {
    expect(refused({ ...base, ORGID_PRIVATE_KEY: encrypted })).toMatchObject({
      code: 'ERR_ENCRYPTED_KEY',
      message: expect.stringMatching(
        /^ORGID_PRIVATE_KEY: the private key is encrypted and no passphrase came with it; set ORGID_/,
      ),
    })
    const wrong = { ORGID_PRIVATE_KEY: encrypted, ORGID_PRIVATE_KEY_PASSPHRASE: 'no' }
    expect(refused({ ...base, ...wrong }).message).toMatch(
      /^ORGID_PRIVATE_KEY: .*that is wrong, or the key is damaged; check ORGID_PRIVATE_KEY_PASSPHRASE$/,
    )
    const env = { ORGID_PRIVATE_KEY: undefined, KEY: encrypted }
    expect(fromFile({ key: { env: 'KEY' } }, env).message).toMatch(
      /; put passphraseEnv or passphraseFile into .*orgid\.json: key$/,
    )
    folder.write('empty', '\n')
    expect(fromFile({ key: { env: 'KEY', passphraseFile: 'empty' } }, env).message).toMatch(
      /key\.passphraseFile: expected the passphrase in the first line of its file, got an empty/,
    )
  })

  it('does not show a passphrase that stands where the path of its file should', () => {
    const env = {
      ...base,
      ORGID_PRIVATE_KEY: encrypted,
      ORGID_PRIVATE_KEY_PASSPHRASE_FILE: 'geheim123',
    }
    const { message } = refused(env)
    expect(message).toMatch(/PASSPHRASE_FILE: .*Is it the content, instead of the path/)
    expect(message).not.toContain('geheim')
  })

  it.each(['secp256k1.pem', '/run/secrets/key', './key'])(
    'asks whether %s is the name of a file, where the key itself is expected',
    (name) => {
      const { code, message } = refused({ ...base, ORGID_PRIVATE_KEY: name })
      expect(code).toBe('ERR_INVALID_KEY')
      expect(message).toMatch(/Is it the name of a file\?.*ORGID_PRIVATE_KEY_FILE/)
    },
  )

  // root may read everything: there it is no test, rather than one that is skipped
  const mayNotRead = process.getuid?.() === 0 ? [] : ['says that a file must not be read']
  it.each(mayNotRead)('%s', () => {
    const file = folder.write('own.pem', pem)
    chmodSync(file, 0)
    const env = { ...base, ORGID_PRIVATE_KEY: undefined, ORGID_PRIVATE_KEY_FILE: file }
    expect(refused(env).message).toMatch(
      /^ORGID_PRIVATE_KEY_FILE: .*own\.pem, which this process may not read/,
    )
  })
})

describe('a secret', () => {
  const jwk = createPrivateKey(pem).export({ format: 'jwk' })
  const hex = Buffer.from(jwk.d as string, 'base64url').toString('hex')
  const body = pem.replace(/-----.*-----|\s/g, '')
  const secrets = [jwk.d as string, hex, passphrase, body.slice(10, 60), body.slice(60, 110)]
  const inline: [string, unknown][] = [
    ['PEM', pem],
    ['hex', hex],
    ['base64', body],
    ['base64 of PEM', Buffer.from(pem).toString('base64')],
    ['JSON', JSON.stringify(jwk)],
  ]

  const expectHidden = (error: Error) => {
    const shown = `${inspect(error, { depth: 9, showHidden: true })} ${JSON.stringify(error)}`
    for (const secret of secrets) expect(shown).not.toContain(secret)
  }

  it.each(inline)('as %s has no place in a file, and no message shows it', (_, value) => {
    for (const key of [value, { file: value }, { env: value }, { key: value }, { [hex]: value }]) {
      const file = folder.write('orgid.json', { key })
      expectHidden(refused({ ...base, ORGID_PRIVATE_KEY: undefined, ORGID_CONFIG: file }))
    }
    const file = folder.write('orgid.json', { key: value })
    const error = refused({ ...base, ORGID_PRIVATE_KEY: undefined, ORGID_CONFIG: file })
    expect(error.message).toMatch(
      /key: expected where the private key is, .*, got a string of \d+ characters\. The key itself must not stand here: configuration files are copied, committed and logged/,
    )
  })

  it.each(inline)('as %s in place of a path is not shown', (_, value) => {
    for (const name of ['ORGID_CONFIG', 'ORGID_PRIVATE_KEY_FILE']) {
      const error = refused({ ...base, ORGID_PRIVATE_KEY: undefined, [name]: String(value) })
      expectHidden(error)
      expect(error.code).toBe('ERR_CONFIG')
      expect(error.message).toContain('Is it the content, instead of the path of its file?')
    }
  })

  it('as a JWK or with a passphrase has no place in a file either', () => {
    const errorOf = (key: unknown) =>
      refused({
        ...base,
        ORGID_PRIVATE_KEY: undefined,
        ORGID_CONFIG: folder.write('orgid.json', { key }),
      })
    expectHidden(errorOf(jwk))
    expect(errorOf(jwk).message).toMatch(/an object that may be the key itself/)
    expectHidden(errorOf({ env: 'A', passphrase }))
    expect(errorOf({ env: 'A', passphrase }).message).toMatch(
      /key\.passphrase: expected passphraseEnv or passphraseFile instead, got a passphrase/,
    )
  })

  it('in a variable that is wrong is not shown', () => {
    const wrong = { ORGID_PRIVATE_KEY: encrypted, ORGID_PRIVATE_KEY_PASSPHRASE: `${passphrase}!` }
    expectHidden(refused({ ...base, ...wrong }))
    expectHidden(refused({ ...base, ORGID_PARTNERS: pem }))
    expectHidden(refused({ ...base, ORGID_ISSUER: hex }))
    expectHidden(refused({ ...base, ORGID_STRICT: pem }))
  })

  it('is not in what a configuration shows before its keys are loaded', () => {
    const env = { ...base, ORGID_PRIVATE_KEY: pem, ORGID_PRIVATE_KEY_PASSPHRASE: passphrase }
    const shown = inspect(readConfig({ env }), { depth: 9, showHidden: true })
    for (const secret of [...secrets, pem]) expect(shown).not.toContain(secret)
  })
})

describe('an unknown variable', () => {
  it('that begins like ours is warned of, once', async () => {
    const env = { ...base, ORGID_ISUER: 'x', ORGID_EMPTY: '' }
    create(env)
    create(env)
    await settle()
    expect(warnings.list).toMatchObject([
      { name: 'OrgidBearerWarning', code: 'ORGID_UNKNOWN_VARIABLE' },
    ])
    expect(warnings.list[0]?.message).toMatch(
      /ORGID_ISUER is not read; did you mean ORGID_ISSUER\? .*: ORGID_CONFIG, ORGID_IS/,
    )
  })

  it('is not warned of where the file names it, or Kubernetes and Docker made it', async () => {
    const key = { env: 'ORGID_HOTELS_KEY', passphraseEnv: 'ORGID_HOTELS_WORDS' }
    const { ORGID_PRIVATE_KEY: _, ...rest } = base
    create({
      ...rest,
      ORGID_CONFIG: folder.write('orgid.json', { key }),
      ORGID_HOTELS_KEY: encrypted,
      ORGID_HOTELS_WORDS: passphrase,
      ORGID_SERVICE_HOST: '10.0.0.1',
      ORGID_API_SERVICE_PORT: '80',
      ORGID_API_SERVICE_PORT_HTTP: '80',
      ORGID_PORT: 'tcp://10.0.0.1:80',
      ORGID_API_PORT_80_TCP: 'tcp://10.0.0.1:80',
      ORGID_API_PORT_80_TCP_ADDR: '10.0.0.1',
      ORGIDX: 'x',
    })
    await settle()
    expect(warnings.list).toEqual([])
  })
})
