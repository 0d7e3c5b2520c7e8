import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import ajv from 'ajv'
import { describe, expect, it } from 'vitest'
import { readOrgJson } from '../../src/cli/orgjson-read.js'
import { newKey } from '../support.js'
import { orgJson, own } from './command.js'

// The schema of the current form as the current partners' library brings it along; what a date-time
// is, is tested by examples
const library = createRequire(import.meta.url).resolve('@windingtree/org.id-auth')
const published = createRequire(library).resolve('@windingtree/org.json-schema/dist/build/org.json')
const isValid = new ajv.default({ strict: false, validateFormats: false }).compile(
  JSON.parse(readFileSync(published, 'utf8')),
)

const document = orgJson(newKey().publicKey)
const [method] = document.verificationMethod
const withMethod = (change: object) => ({
  ...document,
  verificationMethod: [{ ...method, ...change }],
})
const without = (name: keyof typeof document) => {
  const { [name]: _, ...rest } = document
  return rest
}
const objections = (value: object) =>
  readOrgJson(JSON.stringify(value), 'org.json').objections.map(({ message }) => message)

describe('what is objected to in an ORG.JSON', () => {
  it.each<[string, object]>([
    ['as register writes it', document],
    ['of the current form alone', without('publicKey')],
    ['with several contexts', { ...document, '@context': ['https://a', 'https://b'] }],
    ['with a context of its own', { ...document, '@context': { name: 'https://a' } }],
    ['of JsonWebKey2020', withMethod({ type: 'JsonWebKey2020' })],
    ['of a fragment with a hyphen', withMethod({ id: `${own}#key-1` })],
    ['with a revocation', withMethod({ verificationMethodRevocation: { reason: 'unspecified' } })],
    ['with a revocation that says nothing', withMethod({ verificationMethodRevocation: {} })],
    [
      'of a blockchain account',
      withMethod({
        publicKeyJwk: undefined,
        type: 'EcdsaSecp256k1RecoveryMethod2020',
        blockchainAccountId: 'eip155:1:0xab',
      }),
    ],
    [
      'with a service',
      { ...document, service: [{ id: own, type: 'api', serviceEndpoint: 'https://a' }] },
    ],
  ])('is nothing in one %s, nor does the published schema', (_name, value) => {
    expect([objections(value), isValid(JSON.parse(JSON.stringify(value)))]).toEqual([[], true])
  })

  it.each<[string, object, RegExp]>([
    ['no context', without('@context'), /^"@context" is missing/],
    ['no date of creation', without('created'), /^"created" is missing/],
    ['a context that is a number', { ...document, '@context': 1 }, /^"@context" is no string/],
    ['a context that is null', { ...document, '@context': null }, /^"@context" is no string/],
    ['a context of numbers', { ...document, '@context': [1] }, /^"@context" is no string/],
    [
      'a creation that is a number',
      { ...document, created: 1_577_836_800 },
      /^"created" is no date/,
    ],
    ['an update that is null', { ...document, updated: null }, /^"updated" is no date/],
    ['no controller', withMethod({ controller: undefined }), /\]\.controller is missing/],
    ['a controller that is no ORGiD', withMethod({ controller: 'us' }), /\]\.controller is not of/],
    ['another type', withMethod({ type: 'RSA' }), /\]\.type is none of the schema's/],
    [
      'a revocation that is none',
      withMethod({ verificationMethodRevocation: null }),
      /\]\.verificationMethodRevocation is no object/,
    ],
    [
      'another reason',
      withMethod({ verificationMethodRevocation: { reason: 'boredom' } }),
      /Revocation\.reason is none of the schema's/,
    ],
    [
      'a day that is a number',
      withMethod({ verificationMethodRevocation: { invalidityDate: 1 } }),
      /Revocation\.invalidityDate is no date/,
    ],
    [
      'a legal entity without a code',
      { ...document, legalEntity: { legalName: 'a', legalType: 'b', registeredAddress: {} } },
      /^legalEntity\.registryCode is missing/,
    ],
    ['a unit without a name', { ...document, organizationalUnit: {} }, /^organizationalUnit\.name/],
    ['a unit that is none', { ...document, organizationalUnit: [] }, /Unit" is no object/],
    ['services that are no list', { ...document, service: {} }, /^"service" is no array/],
    [
      'a service without an endpoint',
      { ...document, service: [{ id: own, type: 'api' }] },
      /^service\[0\]\.serviceEndpoint is missing/,
    ],
    ['a service that is none', { ...document, service: ['api'] }, /^service\[0\] is no object/],
  ])('is %s, once, and the published schema does so too', (_name, value, message) => {
    expect(objections(value)).toEqual([expect.stringMatching(message)])
    expect(isValid(JSON.parse(JSON.stringify(value)))).toBe(false)
  })

  it.each<[string, object, RegExp]>([
    [
      'a key in no member that partners read',
      withMethod({ publicKeyJwk: undefined }),
      /no publicKeyJwk/,
    ],
    [
      'a private key',
      withMethod({ publicKeyJwk: { ...method.publicKeyJwk, d: 'AA' } }),
      /holds a private key.*make a new one/,
    ],
    [
      'a coordinate that is too short',
      withMethod({ publicKeyJwk: { ...method.publicKeyJwk, y: 'AA' } }),
      /publicKeyJwk is not \{.*32 bytes/,
    ],
  ])('is %s as well, which the schema has nothing against', (_name, value, message) => {
    expect(objections(value)).toEqual([expect.stringMatching(message)])
    expect(isValid(JSON.parse(JSON.stringify(value)))).toBe(true)
  })

  it.each(['2020-01-01T00:00:00Z', '2020-01-01T00:00:00.251Z', '2020-01-01t00:00:00+01:00'])(
    'is not the date and time %s',
    (created) => {
      expect(objections({ ...document, created })).toEqual([])
    },
  )

  it.each(['2020-01-01', '2020-13-01T00:00:00Z', '2020-01-01T00:00:00', 'yesterday', ''])(
    'is the date %j, to which the time is missing, or more',
    (created) => {
      expect(objections({ ...document, created })).toEqual([
        expect.stringMatching(/^"created" is no date and time such as 2026/),
      ])
    },
  )
})
