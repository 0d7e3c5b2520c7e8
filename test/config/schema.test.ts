import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ajv from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { createOrgidAuthFromEnv } from '../../src/config/from-env.js'
import { keyEntryNames, keyPlaceNames } from '../../src/config/key-source.js'
import { loadOrgidAuth } from '../../src/config/load.js'
import { fileNames } from '../../src/config/read.js'
import { isOrgidAuthError } from '../../src/errors.js'
import { did, newKey, refusal } from '../support.js'
import { hotels, issuer, useFolder } from './support.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const schema = JSON.parse(readFileSync(`${root}schema/orgid-bearer.schema.json`, 'utf8'))
const folder = useFolder()
const { pem } = newKey()

// Strict, but for what the draft allows: a type that is a list, and a tuple that goes on
const isValid = new ajv.default({ strictTypes: false, strictTuples: false }).compile(schema)

const key = { env: 'OWN_KEY' }
const env = { OWN_KEY: pem, OWN_WORDS: 'words' }
const whole = { issuer, key, partners: [hotels] }
const withPartner = (partner: object) => ({ ...whole, partners: [{ ...hotels, ...partner }] })

/** Whether the readers take a file; commands are run. */
async function isTaken(content: unknown): Promise<boolean> {
  folder.write('own.pem', pem)
  folder.write('words', 'words')
  const config = folder.write('orgid.json', content)
  try {
    const auth = await loadOrgidAuth({ config, env, reloadInterval: false })
    auth.close()
    return true
  } catch (error) {
    if (isOrgidAuthError(error)) return false
    throw error
  }
}

/** The names of the options that a message of the readers lists. */
function namesIn(content: object): string[] {
  const config = folder.write('orgid.json', content)
  const { message } = refusal(() => createOrgidAuthFromEnv({ config, env }))
  const [, list] = /got an unknown option, "nobody"\. Expected only (.*)$/.exec(message) ?? []
  return (list ?? message).split(', ').sort()
}

const namesOf = (part: { properties: object }) => Object.keys(part.properties).sort()

describe('the published schema', () => {
  it('has the options that the readers have, and no others', () => {
    const nobody = true
    expect(namesOf(schema)).toEqual([...fileNames].sort())
    expect(namesOf(schema.$defs.key)).toEqual([...keyPlaceNames].sort())
    expect(namesOf(schema.properties.keys.items)).toEqual([...keyEntryNames].sort())
    expect(namesOf(schema)).toEqual(namesIn({ nobody }))
    expect(namesOf(schema.$defs.key)).toEqual(namesIn({ ...whole, key: { nobody } }))
    expect(namesOf(schema.$defs.partner)).toEqual(namesIn(withPartner({ nobody })))
    expect(namesOf(schema.properties.cache)).toEqual(namesIn({ ...whole, cache: { nobody } }))
  })

  it('describes each option, and is closed everywhere', () => {
    const objects = [schema, schema.$defs.key, schema.$defs.partner, schema.properties.keys.items]
    for (const object of [...objects, schema.properties.cache]) {
      expect(object.additionalProperties).toBe(false)
    }
    for (const [name, option] of Object.entries({
      ...schema.$defs.partner.properties,
      ...schema.$defs.key.properties,
    })) {
      expect(option, name).toHaveProperty('description')
    }
  })

  it.each<[string, unknown]>([
    ['a file', whole],
    ['a schema', { $schema: './x.json', ...whole }],
    ['a key file', { ...whole, key: { file: 'own.pem' } }],
    ['a command', { ...whole, key: { command: ['cat', 'own.pem'], timeout: 60 } }],
    ['a passphrase', { ...whole, key: { ...key, passphraseEnv: 'OWN_WORDS' } }],
    ['a passphrase file', { ...whole, key: { ...key, passphraseFile: 'words' } }],
    [
      'several keys',
      {
        issuer: did('a'),
        keys: [
          { id: 'webserver', key },
          { id: 'webserver2', key, activeFrom: '2030-01-01T00:00:00Z' },
          { id: 'webserver3', key, activeFrom: 1_900_000_000 },
        ],
        partners: [],
      },
    ],
    [
      'numbers',
      { ...whole, lifetime: 60, issuedAtBackdate: 0, cache: { max: 1 }, signTimeout: 0.5 },
    ],
    ['a duration', { ...whole, lifetime: '12hr', strict: true }],
    ['a fraction', { ...whole, lifetime: ' 1.5 Hours ' }],
    [
      'a chain',
      withPartner({
        did: `did:orgid:137:0x${'Ab'.repeat(32)}`,
        issuer: `did:orgid:137:0x${'a'.repeat(64)}#k`,
      }),
    ],
    [
      'every option of a partner',
      withPartner({
        origin: ['https://a.example', 'HTTPS://b.example:8443/'],
        pathPrefix: '/v2',
        issuer,
        lifetime: '1 year',
        scope: ['read', 'book'],
        scopeFormat: 'space',
        claims: { tenant: 'acme', nested: { list: [1, null] } },
        singleUse: true,
        retryUnauthorized: false,
        audiences: [did('c')],
      }),
    ],
    [
      'loopback',
      withPartner({ origin: 'http://127.0.0.1:80', allowLoopbackHttp: true, scope: 'a' }),
    ],
  ])('and the readers take %s', async (_, content) => {
    expect(isValid(content), JSON.stringify(isValid.errors)).toBe(true)
    expect(await isTaken(content)).toBe(true)
  })

  it.each<[string, unknown]>([
    ['an array', []],
    ['an unknown name', { ...whole, partner: [] }],
    ['the key itself', { ...whole, key: pem }],
    ['a key in two places', { ...whole, key: { ...key, file: 'own.pem' } }],
    ['a key in no place', { ...whole, key: {} }],
    ['a passphrase', { ...whole, key: { ...key, passphrase: 'words' } }],
    ['two passphrases', { ...whole, key: { ...key, passphraseEnv: 'A', passphraseFile: 'words' } }],
    ['a value for a name', { ...whole, key: { env: 'A=B' } }],
    ['a command as a text', { ...whole, key: { command: 'cat own.pem' } }],
    ['a command that is empty', { ...whole, key: { command: [] } }],
    ['a command without a program', { ...whole, key: { command: ['', 'a'] } }],
    ['a timeout of nothing', { ...whole, key: { ...key, timeout: 5 } }],
    ['key and keys', { ...whole, keys: [{ id: 'a', key }] }],
    ['no keys', { issuer: did('a'), keys: [], partners: [] }],
    ['keys without id', { issuer: did('a'), keys: [{ key }], partners: [] }],
    ['keys without key', { issuer: did('a'), keys: [{ id: 'a' }], partners: [] }],
    ['an id with #', { issuer: did('a'), keys: [{ id: '#a', key }], partners: [] }],
    [
      'a moment in milliseconds',
      { issuer: did('a'), keys: [{ id: 'a', key, activeFrom: 1.9e12 }], partners: [] },
    ],
    ['no DID', { ...whole, issuer: 'did:web:me' }],
    ['an address', withPartner({ did: `did:orgid:0x${'a'.repeat(40)}` })],
    ['a DID with fragment', withPartner({ did: `${did('b')}#key` })],
    ['no partners but a number', { ...whole, partners: 3 }],
    ['a partner without did', { ...whole, partners: [{ origin: hotels.origin }] }],
    ['a partner without origin', { ...whole, partners: [{ did: hotels.did }] }],
    ['no origins', withPartner({ origin: [] })],
    ['an origin with path', withPartner({ origin: 'https://a.example/v2' })],
    ['an origin with user', withPartner({ origin: 'https://me@a.example' })],
    ['another scheme', withPartner({ origin: 'ftp://a.example' })],
    ['a relative prefix', withPartner({ pathPrefix: 'v2' })],
    ['a reserved claim', withPartner({ claims: { exp: 1 } })],
    ['another format of scopes', withPartner({ scopeFormat: 'comma' })],
    ['an empty name', withPartner({ name: '' })],
    ['a lifetime of nothing', { ...whole, lifetime: 0 }],
    ['a fraction of a second', { ...whole, lifetime: 1.5 }],
    ['a lifetime that is none', { ...whole, lifetime: 'a day' }],
    ['an iat too far back', { ...whole, issuedAtBackdate: 4_000 }],
    ['a fraction of iat', { ...whole, issuedAtBackdate: 1.5 }],
    ['strict as a text', { ...whole, strict: 'true' }],
    ['a cache of nothing', { ...whole, cache: { max: 0 } }],
    ['a signer without time', { ...whole, signTimeout: 0 }],
    ['a null', { ...whole, lifetime: null }],
  ])('and the readers refuse %s', async (_, content) => {
    expect(isValid(content)).toBe(false)
    expect(await isTaken(content)).toBe(false)
  })
})

describe('the documents', () => {
  const documents = ['README.md', ...(existsSync(`${root}docs`) ? readdirSync(`${root}docs`) : [])]
  const examples = documents
    .map((name) => (name === 'README.md' ? name : `docs/${name}`))
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) =>
      [...readFileSync(root + name, 'utf8').matchAll(/^```json\n([\s\S]*?)^```$/gm)]
        .map(([, text = '']) => text)
        .filter((text) => /"\$schema"|"partners"/.test(text))
        .map((text) => [name, text] as const),
    )

  it('show configuration files that the schema takes', () => {
    for (const [name, text] of examples) {
      // `0x…` stands for an ORGiD there
      const content = JSON.parse(text.replaceAll('0x…', `0x${'ab'.repeat(32)}`))
      expect(isValid(content), `${name}: ${JSON.stringify(isValid.errors)}`).toBe(true)
      // The files that the keys are in are not here
      const { key: _, keys, ...rest } = content
      const fragment = keys === undefined ? '' : '#webserver'
      const config = folder.write('orgid.json', { ...rest, issuer: `${rest.issuer}${fragment}` })
      expect(() => createOrgidAuthFromEnv({ config, env: {}, key: pem }), name).not.toThrow()
    }
    expect(isValid({ partner: [] })).toBe(false)
  })
})
