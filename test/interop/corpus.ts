import { createHmac, createPublicKey, type KeyObject } from 'node:crypto'
import type { OrgJson } from '../../src/testing/index.js'
import { callerKey, encode, otherKey, p256Key, signToken, spki, withS } from './tokens.js'

/** The moment at which the corpus is judged, in epoch seconds. */
export const now = 1_700_000_000

const callerId = `0x${'ab'.repeat(32)}`
const partnerId = `0x${'cd'.repeat(32)}`
export const caller = `did:orgid:${callerId}`
export const partner = `did:orgid:${partnerId}`
export const chainCaller = `did:orgid:137:${callerId}`
export const chainPartner = `did:orgid:137:${partnerId}`

/** A caller's ORG.JSON, with its key under many fragments and in many forms, and other keys. */
export const organizations: readonly OrgJson[] = [
  {
    id: caller,
    publicKey: [
      publicEntry('webserver', spki(callerKey)),
      publicEntry('key1', createPublicKey(callerKey).export({ format: 'pem', type: 'spki' })),
      publicEntry('flat', `-----BEGIN PUBLIC KEY-----${spki(callerKey)}-----END PUBLIC KEY-----`),
      publicEntry('key-1', spki(callerKey)),
      publicEntry('key_1', spki(callerKey)),
      publicEntry('key.1', spki(callerKey)),
      publicEntry('es256k', spki(callerKey), 'ES256K'),
      publicEntry('ed25519', spki(callerKey), 'ed25519'),
      publicEntry('p256', spki(p256Key)),
      publicEntry('other', spki(otherKey)),
    ],
    verificationMethod: [
      method(caller, 'webserver', callerKey),
      method(caller, 'key1', callerKey),
      method(caller, 'key-1', callerKey),
      method(caller, 'p256', p256Key),
      method(caller, 'other', otherKey),
      { ...method(caller, 'revoked', callerKey), verificationMethodRevocation: { reason: 'x' } },
      { id: `${caller}#pem`, type: 'JsonWebKey2020', publicKeyPem: spki(callerKey) },
      { ...method(caller, 'p256k', callerKey), publicKeyJwk: { ...jwk(callerKey), crv: 'P-256K' } },
      {
        ...method(caller, 'private', callerKey),
        publicKeyJwk: callerKey.export({ format: 'jwk' }),
      },
      {
        ...method(caller, 'account', callerKey),
        blockchainAccountId: `eip155:1:0x${'1'.repeat(40)}`,
      },
      method(caller, 'key_1', callerKey),
      method(caller, 'behind', callerKey),
    ],
  },
  { id: chainCaller, verificationMethod: [method(chainCaller, 'webserver', callerKey)] },
]

function publicEntry(fragment: string, publicKeyPem: string | Buffer, type = 'secp256k1') {
  return { id: `${caller}#${fragment}`, type, controller: caller, publicKeyPem: `${publicKeyPem}` }
}

function method(did: string, fragment: string, key: KeyObject) {
  const type = 'EcdsaSecp256k1VerificationKey2019'
  return { id: `${did}#${fragment}`, controller: did, type, publicKeyJwk: jwk(key) }
}

function jwk(key: KeyObject) {
  return createPublicKey(key).export({ format: 'jwk' })
}

/** What every known verifier accepts. */
export const goodHeader = { alg: 'ES256K', typ: 'JWT' }
export const goodClaims = {
  iss: `${caller}#webserver`,
  aud: partner,
  iat: now - 30,
  exp: now + 3600,
}

export interface CorpusRow {
  readonly title: string
  readonly token: string
  /** The partner's DID. */
  readonly audience: string
  readonly requiredScope?: readonly string[]
  /** Who accepts it, as found by running them; the tests hold the real verifiers to this too. */
  readonly accepted: { readonly older: boolean; readonly current: boolean }
}

type Who = 'all' | 'none' | 'older' | 'current'

function row(
  title: string,
  who: Who,
  token: string,
  { audience = partner, requiredScope }: Partial<CorpusRow> = {},
): CorpusRow {
  const accepted = {
    older: who === 'all' || who === 'older',
    current: who === 'all' || who === 'current',
  }
  return { title, token, audience, accepted, ...(requiredScope && { requiredScope }) }
}

function claims(title: string, who: Who, changes: object, options?: Partial<CorpusRow>) {
  return row(title, who, signToken({ claims: { ...goodClaims, ...changes } }), options)
}

function header(title: string, who: Who, changes: object) {
  return row(title, who, signToken({ header: { ...goodHeader, ...changes }, claims: goodClaims }))
}

function fragment(name: string, who: Who, key?: KeyObject, alg = 'ES256K') {
  const parts = {
    header: { alg, typ: 'JWT' },
    claims: { ...goodClaims, iss: `${caller}#${name}` },
    ...(key && { key }),
  }
  return row(`fragment ${name}${alg === 'ES256K' ? '' : `, ${alg}`}`, who, signToken(parts))
}

const good = signToken({ claims: goodClaims })
const [goodHead, goodPayload, goodSignature] = good.split('.') as [string, string, string]
const asn1 = signToken({ claims: goodClaims, dsaEncoding: 'der' })

function hmac(secret: string | Buffer): string {
  const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(goodClaims)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

const upperCaller = `did:orgid:0x${'AB'.repeat(32)}`
const a = { requiredScope: ['a'] }

export const corpus: readonly CorpusRow[] = [
  row('plain', 'all', good),
  row('low-S', 'all', signToken({ claims: goodClaims, tamper: withS('low') })),
  row('high-S', 'all', signToken({ claims: goodClaims, tamper: withS('high') })),

  row('DER signature', 'none', asn1),
  row('signature of another key', 'none', signToken({ claims: goodClaims, key: otherKey })),
  row('empty signature', 'none', `${goodHead}.${goodPayload}.`),
  row('short signature', 'none', good.slice(0, -4)),
  row('long signature', 'none', `${good}AAAA`),
  row('zero signature', 'none', signToken({ claims: goodClaims, tamper: () => Buffer.alloc(64) })),
  row(
    'payload of another token',
    'none',
    `${goodHead}.${encode({ ...goodClaims, x: 1 })}.${goodSignature}`,
  ),

  row('two parts', 'none', `${goodHead}.${goodPayload}`),
  row('four parts', 'none', `${good}.x`),
  row('five parts', 'none', `${good}.x.y`),
  row('empty', 'none', ''),
  row('not base64', 'none', '!.!.!'),
  row('header that is no object', 'none', signToken({ header: '7', claims: goodClaims })),
  row('claims that are no object', 'none', signToken({ claims: '[]' })),
  row('claims that are null', 'none', signToken({ claims: 'null' })),
  row('claims that are not JSON', 'none', signToken({ claims: '{"iss"' })),
  row('padded signature', 'all', `${good}==`),
  row(
    'aud twice, the last is right',
    'all',
    signToken({
      claims: `{"aud":"${caller}",${JSON.stringify(goodClaims).slice(1)}`,
    }),
  ),

  header('alg none', 'none', { alg: 'none' }),
  row(
    'alg none, without signature',
    'none',
    `${encode({ alg: 'none', typ: 'JWT' })}.${goodPayload}.`,
  ),
  header('alg ES256', 'none', { alg: 'ES256' }),
  header('alg in lower case', 'none', { alg: 'es256k' }),
  header('alg absent', 'none', { alg: undefined }),
  row('HS256 with the public key', 'none', hmac(spki(callerKey))),
  row(
    'HS256 with the public key as PEM',
    'none',
    hmac(createPublicKey(callerKey).export({ format: 'pem', type: 'spki' })),
  ),
  header('kid', 'all', { kid: `${caller}#other` }),
  header('jwk', 'all', { jwk: jwk(otherKey) }),
  row(
    'jwk of the key that signed',
    'none',
    signToken({
      header: { ...goodHeader, jwk: jwk(otherKey) },
      claims: goodClaims,
      key: otherKey,
    }),
  ),
  header('typ absent', 'current', { typ: undefined }),
  header('typ at+jwt', 'current', { typ: 'at+jwt' }),
  header('typ empty', 'current', { typ: '' }),
  header('typ null', 'current', { typ: null }),
  header('typ a number', 'current', { typ: 1 }),
  header('typ in lower case', 'all', { typ: 'jwt' }),
  header('typ application/jwt', 'all', { typ: 'application/jwt' }),
  header('typ APPLICATION/JWT', 'all', { typ: 'APPLICATION/JWT' }),
  header('crit unknown', 'none', { crit: ['x'], x: 1 }),
  header('crit empty', 'none', { crit: [] }),
  header('crit b64, true', 'current', { crit: ['b64'], b64: true }),
  header('crit b64, false', 'none', { crit: ['b64'], b64: false }),
  header('b64 false without crit', 'all', { b64: false }),

  claims('aud array', 'all', { aud: [partner] }),
  claims('aud array of two', 'all', { aud: [caller, partner] }),
  claims('aud array with a number', 'current', { aud: [1, partner] }),
  claims('aud array of others', 'none', { aud: [caller] }),
  claims('aud empty array', 'none', { aud: [] }),
  claims('aud bare 0x', 'none', { aud: partnerId }),
  claims('aud in upper case', 'none', { aud: `did:orgid:0x${'CD'.repeat(32)}` }),
  claims('aud with fragment', 'none', { aud: `${partner}#webserver` }),
  claims('aud with chain', 'none', { aud: chainPartner }),
  claims('aud of another', 'none', { aud: caller }),
  claims('aud absent', 'none', { aud: undefined }),
  claims('aud an object', 'none', { aud: { 0: partner } }),

  claims('exp absent', 'all', { exp: undefined }),
  claims('exp in milliseconds', 'all', { exp: (now + 3600) * 1000 }),
  claims('exp with a fraction', 'all', { exp: now + 3600.5 }),
  claims('exp a string', 'none', { exp: `${now + 3600}` }),
  claims('exp null', 'none', { exp: null }),
  claims('expired 5 s ago', 'none', { exp: now - 5 }),
  claims('expires now', 'none', { exp: now }),
  claims('expires in a second', 'all', { exp: now + 1 }),
  claims('exp zero', 'none', { exp: 0 }),
  claims('iat absent', 'all', { iat: undefined }),
  claims('iat now', 'all', { iat: now }),
  claims('iat ahead, with exp', 'all', { iat: now + 900 }),
  claims('iat ahead, without exp', 'current', { iat: now + 900, exp: undefined }),
  claims('iat a string', 'none', { iat: `${now}` }),
  claims('nbf ahead', 'none', { nbf: now + 900 }),
  claims('nbf now', 'all', { nbf: now }),
  claims('nbf a string', 'none', { nbf: `${now}` }),
  claims('jti and sub', 'all', { jti: '1', sub: 'x' }),
  claims('jti a number', 'current', { jti: 1 }),
  claims('sub empty', 'current', { sub: '' }),

  claims('scope with spaces', 'all', { scope: 'a b' }),
  claims('scope array', 'all', { scope: ['a', 'b'] }),
  claims('scope as JSON in a string', 'all', { scope: '["a","b"]' }),
  claims('scope asked for, absent', 'older', {}, a),
  claims('scope asked for, empty', 'older', { scope: '' }, a),
  claims('scope asked for, with spaces', 'older', { scope: 'a b' }, a),
  claims('scope asked for, array', 'older', { scope: ['a', 'b'] }, a),
  claims('scope asked for, array of one', 'older', { scope: ['a'] }, a),
  claims('scope asked for, array of JSON', 'all', { scope: ['["a"]'] }, a),
  claims('scope asked for, JSON in a string', 'all', { scope: '["a","b"]' }, a),
  claims('scope asked for, JSON of a string', 'older', { scope: '"a"' }, a),
  claims('scope asked for, JSON of an object', 'older', { scope: '{"a":1}' }, a),
  claims('scope asked for, another', 'older', { scope: '["b"]' }, a),
  claims('scope asked for, twice', 'older', { scope: '["a","a"]' }, a),
  claims('scope asked for, a number', 'older', { scope: 5 }, a),
  claims(
    'two scopes asked for, one there',
    'older',
    { scope: '["a"]' },
    { requiredScope: ['a', 'b'] },
  ),
  claims('no scope asked for, but a list', 'older', {}, { requiredScope: [] }),

  claims(
    'chain in both DIDs',
    'current',
    { iss: `${chainCaller}#webserver`, aud: chainPartner },
    {
      audience: chainPartner,
    },
  ),
  claims('chain in iss', 'current', { iss: `${chainCaller}#webserver` }),
  claims('mainnet chain in iss', 'current', { iss: `did:orgid:1:${callerId}#webserver` }),
  claims('unknown chain in iss', 'none', { iss: `did:orgid:5:${callerId}#webserver` }),
  claims('iss in upper case', 'all', { iss: `${upperCaller}#webserver` }),
  claims('iss of nobody', 'none', { iss: `did:orgid:0x${'ef'.repeat(32)}#webserver` }),
  claims('iss of 20 bytes', 'none', { iss: `did:orgid:0x${'ab'.repeat(20)}#webserver` }),
  claims('iss without did:orgid', 'none', { iss: `${callerId}#webserver` }),
  claims('iss without fragment', 'none', { iss: caller }),
  claims('iss with an empty fragment', 'none', { iss: `${caller}#` }),
  claims('iss with a fragment and no #', 'older', { iss: `${caller}webserver` }),
  claims('iss with text before', 'older', { iss: `x ${caller}#webserver` }),
  claims('iss with a query', 'current', { iss: `${caller}?x=1#webserver` }),
  claims('iss absent', 'none', { iss: undefined }),
  claims('iss an array', 'none', { iss: [`${caller}#webserver`] }),

  fragment('key1', 'all'),
  fragment('key-1', 'current'),
  fragment('key_1', 'older'),
  fragment('key.1', 'none'),
  fragment('nobody', 'none'),
  fragment('web', 'none'),
  fragment('Webserver', 'none'),
  fragment('es256k', 'older'),
  fragment('ed25519', 'none'),
  fragment('flat', 'none'),
  fragment('pem', 'none'),
  fragment('p256k', 'none'),
  fragment('private', 'none'),
  fragment('account', 'none'),
  fragment('behind', 'none'),
  fragment('revoked', 'current'),
  fragment('other', 'none'),
  fragment('other', 'all', otherKey),
  fragment('p256', 'none'),
  fragment('p256', 'current', p256Key, 'ES256'),
  fragment('p256', 'none', p256Key),
]
