import { setImmediate as immediate } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { parseDid } from '../../src/did.js'
import { isOrgidAuthError } from '../../src/errors.js'
import {
  type PartnerDefaults,
  type PartnerOptions,
  readIssuer,
  readPartner,
} from '../../src/partners/partner.js'
import { did, refusal } from '../support.js'

const chained = (chain: string, digit: string) => `did:orgid:${chain}:0x${digit.repeat(64)}`
const issuer = `${did('a')}#webserver`
const defaults: PartnerDefaults = {
  issuer: parseDid(issuer),
  lifetime: 3_600,
  fragmentFromKeys: false,
}
const withKeys: PartnerDefaults = {
  issuer: parseDid(did('a')),
  lifetime: 3_600,
  fragmentFromKeys: true,
}
const minimal = { did: did('b'), origin: 'https://api.hotels.example' }

const read = (options: object, under = defaults) =>
  readPartner({ ...minimal, ...options }, 'partners[2]', under)

function expectRefused(options: object, code: string, message: RegExp, under = defaults): void {
  const error = refusal(() => read(options, under))
  expect(error.code).toBe(code)
  expect(error.message).toMatch(message)
}

describe('readPartner', () => {
  it('needs a did and an origin, and has a default for all else', () => {
    expect(read({})).toEqual({
      name: 'api.hotels.example',
      did: did('b'),
      origins: ['https://api.hotels.example'],
      pathPrefix: '',
      issuerDid: did('a'),
      issuerFragment: undefined,
      lifetime: 3_600,
      scope: undefined,
      scopeFormat: 'json-string',
      claims: undefined,
      singleUse: false,
      retryUnauthorized: true,
      audiences: new Set([did('b')]),
    })
  })

  it('takes all of its options', () => {
    expect(
      read({
        did: chained('137', 'b'),
        origin: ['https://api.air.example', 'https://gateway.example:8443/'],
        name: 'air',
        pathPrefix: '/v2/',
        issuer: `${chained('137', 'a')}#key2`,
        lifetime: '10 minutes',
        scope: 'read book',
        scopeFormat: 'space',
        claims: { tier: 1 },
        allowLoopbackHttp: false,
        singleUse: true,
        retryUnauthorized: false,
        audiences: [chained('137', 'c'), chained('1', 'd')],
      }),
    ).toEqual({
      name: 'air',
      did: chained('137', 'b'),
      origins: ['https://api.air.example', 'https://gateway.example:8443'],
      pathPrefix: '/v2',
      issuerDid: chained('137', 'a'),
      issuerFragment: 'key2',
      lifetime: 600,
      scope: ['read', 'book'],
      scopeFormat: 'space',
      claims: { tier: 1 },
      singleUse: true,
      retryUnauthorized: false,
      audiences: new Set([chained('137', 'b'), chained('137', 'c'), chained('1', 'd')]),
    })
  })

  it('keeps a did in the hex case in which it came, since verifiers compare strings', () => {
    const mixed = `did:orgid:0x${'bB'.repeat(32)}`
    expect(read({ did: mixed }).did).toBe(mixed)
  })

  it('treats undefined as absent', () => {
    const names = ['name', 'pathPrefix', 'issuer', 'lifetime', 'scope', 'scopeFormat', 'claims']
    const absent = ['allowLoopbackHttp', 'singleUse', 'retryUnauthorized', 'audiences', ...names]
    expect(read(Object.fromEntries(absent.map((name) => [name, undefined])))).toEqual(read({}))
  })

  it('does not change with what it was given', () => {
    const options = { ...minimal, origin: ['https://a.example'], scope: ['read'], claims: { a: 1 } }
    const partner = readPartner(options, 'partners[0]', defaults)
    options.origin.push('https://evil.example')
    options.scope.push('admin')
    options.claims.a = 2
    expect(partner).toMatchObject({
      origins: ['https://a.example'],
      scope: ['read'],
      claims: { a: 1 },
    })
  })

  it.each([
    ['host', {}, 'api.hotels.example'],
    ['host and port', { origin: 'https://api.hotels.example:8443' }, 'api.hotels.example:8443'],
    ['host and path prefix', { pathPrefix: '/v2/' }, 'api.hotels.example/v2'],
    ['first host', { origin: ['https://b.example', 'https://a.example'] }, 'b.example'],
  ])('is named after its %s by default', (_, options, name) => {
    expect(read(options).name).toBe(name)
  })

  it.each(['hotels', '__proto__', 'constructor', 'toString', 'Hôtel 東京', 'x'.repeat(100)])(
    'may be named %s',
    (name) => expect(read({ name }).name).toBe(name),
  )

  it.each<[string, unknown]>([
    ['empty', ''],
    ['of 101 characters', 'x'.repeat(101)],
    ['with a line break', 'ho\ntels'],
    ['with DEL', 'hotels\u007f'],
    ['that is no text', 5],
    ['that is null', null],
  ])('refuses a name %s', (_, name) => {
    expectRefused({ name }, 'ERR_INVALID_OPTION', /^partners\[2\]\.name: expected 1 to 100 print/)
  })

  it.each<[string, object, string, RegExp]>([
    ['no did', { did: undefined }, 'ERR_INVALID_DID', /^partners\[2\]\.did: .*got undefined/],
    ['an address for a did', { did: `0x${'b'.repeat(40)}` }, 'ERR_INVALID_DID', /32 bytes/],
    [
      'a did with a fragment',
      { did: `${did('b')}#webserver` },
      'ERR_INVALID_DID',
      /^partners\[2\]\.did: .*without fragment.*got one with #webserver; remove it/,
    ],
    ['a lifetime of nothing', { lifetime: 0 }, 'ERR_INVALID_DURATION', /^partners\[2\]\.lifetime/],
    ['a lifetime that is none', { lifetime: 'long' }, 'ERR_INVALID_DURATION', /'12hr'/],
    ['a scope with a quote', { scope: ['"a"'] }, 'ERR_INVALID_SCOPE', /^partners\[2\]\.scope/],
    ['a scope of null', { scope: null }, 'ERR_INVALID_SCOPE', /^partners\[2\]\.scope/],
    [
      'another scope format',
      { scopeFormat: 'json' },
      'ERR_INVALID_OPTION',
      /^partners\[2\]\.scopeFormat: expected 'json-string', 'space' or 'array'/,
    ],
    [
      'a reserved claim',
      { claims: { aud: 'x' } },
      'ERR_RESERVED_CLAIM',
      /partners\[2\]\.claims\.aud/,
    ],
    [
      'a claim that is no JSON',
      { claims: { a: 1n } },
      'ERR_INVALID_CLAIM',
      /partners\[2\]\.claims\.a/,
    ],
    [
      'singleUse of 1',
      { singleUse: 1 },
      'ERR_INVALID_OPTION',
      /\.singleUse: expected true or false/,
    ],
    ['singleUse of "false"', { singleUse: 'false' }, 'ERR_INVALID_OPTION', /\.singleUse/],
    [
      'allowLoopbackHttp of "true"',
      { allowLoopbackHttp: 'true', origin: 'http://localhost' },
      'ERR_INVALID_OPTION',
      /\.allowLoopbackHttp: expected true or false/,
    ],
    ['audiences of text', { audiences: did('c') }, 'ERR_INVALID_OPTION', /\.audiences: .*array of/],
    [
      'an audience that is no DID',
      { audiences: [did('c'), 'gateway'] },
      'ERR_INVALID_DID',
      /^partners\[2\]\.audiences\[1\]/,
    ],
    [
      'an audience with a fragment',
      { audiences: [`${did('c')}#key`] },
      'ERR_INVALID_DID',
      /^partners\[2\]\.audiences\[0\]: .*remove it/,
    ],
    [
      'an audience of the other form',
      { audiences: [chained('1', 'c')] },
      'ERR_DID_FORM_MISMATCH',
      /^partners\[2\]\.audiences\[0\]/,
    ],
    ['a misspelt option', { orgin: 'https://a.example' }, 'ERR_INVALID_OPTION', /unknown.*"orgin"/],
    ['an option of the auth', { key: 'secret' }, 'ERR_INVALID_OPTION', /an unknown option, "key"/],
    [
      'an own __proto__',
      JSON.parse('{"__proto__":{"singleUse":true}}'),
      'ERR_INVALID_OPTION',
      /unknown/,
    ],
    ['an own constructor', { constructor: Object }, 'ERR_INVALID_OPTION', /"constructor"/],
  ])('refuses %s', (_, options, code, message) => expectRefused(options, code, message))

  it.each([[undefined], [null], ['https://api.hotels.example'], [[minimal]]])(
    'refuses options that are %j',
    (input) => {
      const error = refusal(() => readPartner(input as never, 'partners[2]', defaults))
      expect(error.code).toBe('ERR_INVALID_OPTION')
      expect(error.message).toMatch(/^partners\[2\]: expected an object with did, origin/)
    },
  )

  it('does not repeat an unknown option whose name may be a secret', () => {
    const secret = 'MHQCAQEEIFTtY0/PMvOIScNiSGo3CEpJ+wV8kzHbWMoM6OoKkXxn'
    const error = refusal(() => read({ [secret]: true }))
    expect(error.code).toBe('ERR_INVALID_OPTION')
    expect(error.message).not.toContain(secret.slice(0, 8))
  })
})

describe('an origin', () => {
  it.each([
    ['https://api.hotels.example', 'https://api.hotels.example'],
    ['https://api.hotels.example/', 'https://api.hotels.example'],
    ['HTTPS://API.Hotels.Example', 'https://api.hotels.example'],
    ['https://api.hotels.example:443', 'https://api.hotels.example'],
    ['https://api.hotels.example:8443', 'https://api.hotels.example:8443'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['https://ａｐｉ。hotels.example', 'https://api.hotels.example'],
    ['https://192.0.2.1', 'https://192.0.2.1'],
    ['https://0xC0000201', 'https://192.0.2.1'],
    ['https://[2001:DB8::1]', 'https://[2001:db8::1]'],
    ['https://127.0.0.1', 'https://127.0.0.1'],
  ])('%s is kept as %s', (origin, canonical) => {
    expect(read({ origin }).origins).toEqual([canonical])
  })

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /Write it as https:\/\/api\.partner\.example/],
    ['null', null, /Write it as https:/],
    ['an empty text', '', /Write it as https:/],
    ['a host alone', 'api.hotels.example', /Write it as https:/],
    ['a host and port alone', '127.0.0.1:8443', /Write it as https:/],
    ['no host', 'https://', /Write it as https:/],
    ['a URL object', new URL('https://api.hotels.example'), /Write it as https:/],
    ['a pattern', 'https://*.hotels.example', /List each origin/],
    ['a path', 'https://api.hotels.example/v2', /A path goes into pathPrefix/],
    ['a query', 'https://api.hotels.example?x', /A path goes into pathPrefix/],
    ['a fragment', 'https://api.hotels.example#x', /A path goes into pathPrefix/],
    ['a user name', 'https://me@api.hotels.example', /user name or password/],
    ['a password', 'https://:secret@api.hotels.example', /user name or password/],
    ['a trailing dot', 'https://api.hotels.example.', /Remove the dot/],
    ['a trailing encoded dot', 'https://api.hotels.example%2e', /Remove the dot/],
    ['two trailing dots', 'https://api.hotels.example..', /Remove the dot/],
    ['an encoded slash', 'https://api.hotels.example%2fevil', /Write it as https:/],
    ['http', 'http://api.hotels.example', /use https/],
    ['http on port 443', 'http://api.hotels.example:443', /use https/],
    ['ws', 'wss://api.hotels.example', /the scheme wss:/],
    ['ftp', 'ftp://api.hotels.example', /the scheme ftp:/],
    ['a file', 'file:///', /the scheme file:/],
    ['a blob', 'blob:https://api.hotels.example', /an https origin/],
    ['an opaque origin', 'data:,', /an https origin/],
    ['null as text', 'null', /Write it as https:/],
  ])('with %s is refused', (_, origin, remedy) => {
    expectRefused({ origin }, 'ERR_INVALID_ORIGIN', /^partners\[2\]\.origin: expected an https ori/)
    expectRefused({ origin }, 'ERR_INVALID_ORIGIN', remedy)
  })

  it('shows no password', () => {
    const error = refusal(() => read({ origin: 'https://me:secret@api.hotels.example' }))
    expect(error.message).not.toContain('secret')
  })

  it('of several is named by its index', () => {
    const origin = ['https://a.example', 'http://b.example']
    expectRefused({ origin }, 'ERR_INVALID_ORIGIN', /^partners\[2\]\.origin\[1\]/)
    expectRefused({ origin: [] }, 'ERR_INVALID_OPTION', /\.origin: expected at least one origin/)
  })

  it.each([
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://LOCALHOST', 'http://localhost'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['http://127.255.255.254', 'http://127.255.255.254'],
    ['http://2130706433', 'http://127.0.0.1'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
  ])('%s is taken with allowLoopbackHttp alone', (origin, canonical) => {
    expect(read({ origin, allowLoopbackHttp: true }).origins).toEqual([canonical])
    for (const allowLoopbackHttp of [false, undefined])
      expectRefused(
        { origin, allowLoopbackHttp },
        'ERR_INVALID_ORIGIN',
        /set allowLoopbackHttp: true on this partner/,
      )
  })

  it.each([
    'http://api.hotels.example',
    'http://localhost.evil.example',
    'http://xlocalhost',
    'http://x.localhost',
    'http://127.0.0.1.evil.example',
    'http://128.0.0.1',
    'http://0.0.0.0',
    'http://10.0.0.1',
    'http://192.168.0.1',
    'http://169.254.169.254',
    'http://[::]',
    'http://[::ffff:127.0.0.1]',
    'http://[::1:1]',
    'http://host.docker.internal',
  ])('%s is refused even with allowLoopbackHttp', (origin) => {
    expectRefused({ origin, allowLoopbackHttp: true }, 'ERR_INVALID_ORIGIN', /use https/)
  })

  it('is canonical https, or a typed error, whatever comes', () => {
    const origins = fc.oneof(
      fc.webUrl(),
      fc.string(),
      fc.anything(),
      fc.string().map((text) => `https://${text}`),
      fc.string().map((text) => `https://a.example${text}`),
    )
    fc.assert(
      fc.property(origins, (origin) => {
        let found: readonly string[]
        try {
          found = read({ origin }).origins
        } catch (error) {
          expect(isOrgidAuthError(error) && error.code).toMatch(
            /^ERR_INVALID_(?:ORIGIN|OPTION|DID)$/,
          )
          return
        }
        for (const canonical of found) {
          expect(new URL(canonical).origin).toBe(canonical)
          expect(canonical).toMatch(/^https:\/\/[^*/?#@\\]*[^.*/?#@\\]$/)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('a path prefix', () => {
  it.each([
    ['/v2', '/v2'],
    ['/v2/', '/v2'],
    ['/v2//', '/v2'],
    ['/a/b', '/a/b'],
    ['/', ''],
    ['/v2%2fx', '/v2%2fx'],
    ['/%C3%A9', '/%C3%A9'],
    ['/...', '/...'],
  ])('%s is kept as "%s"', (pathPrefix, kept) => {
    expect(read({ pathPrefix }).pathPrefix).toBe(kept)
  })

  it.each<unknown>([
    '',
    'v2',
    '/v2?x',
    '/v2#x',
    '/v2/../x',
    '/v2/..',
    '/./v2',
    '/v2/%2e%2e/x',
    '/v2\\x',
    '/v 2',
    '/v\t2',
    '/v2\n',
    '/é',
    'https://api.hotels.example/v2',
    null,
    5,
    true,
  ])('%j is refused', (pathPrefix) => {
    expectRefused(
      { pathPrefix },
      'ERR_INVALID_ORIGIN',
      /^partners\[2\]\.pathPrefix: expected a path such as \/v2/,
    )
  })
})

describe('an issuer', () => {
  it('is the auth’s, unless the partner has its own', () => {
    expect(read({})).toMatchObject({ issuerDid: did('a'), issuerFragment: undefined })
    expect(read({ issuer: `${did('d')}#other` })).toMatchObject({
      issuerDid: did('d'),
      issuerFragment: 'other',
    })
    expect(read({ issuer: did('d') }, withKeys)).toMatchObject({
      issuerDid: did('d'),
      issuerFragment: undefined,
    })
  })

  it.each<[string, string, string | undefined, RegExp]>([
    [
      'the partner has a chain and the auth has none',
      chained('137', 'b'),
      undefined,
      /did:orgid:137:0x…\), got did:orgid:0x….*with chain, such as did:orgid:137:0xa{64}#/,
    ],
    [
      'the partner has a chain and its own issuer has none',
      chained('137', 'b'),
      `${did('d')}#key`,
      /such as did:orgid:137:0xd{64}#/,
    ],
    [
      'the partner has no chain and its own issuer has one',
      did('b'),
      `${chained('137', 'd')}#key`,
      /without chain: did:orgid:0xd{64}#/,
    ],
  ])('of another form is refused where %s', (_, partnerDid, own, remedy) => {
    const options = { did: partnerDid, issuer: own }
    expectRefused(options, 'ERR_DID_FORM_MISMATCH', /^partners\[2\]\.issuer: /)
    expectRefused(options, 'ERR_DID_FORM_MISMATCH', remedy)
  })

  it('of another chain is no mismatch: organisations may be on different ones', () => {
    const options = { did: chained('137', 'b'), issuer: `${chained('1', 'a')}#key` }
    expect(read(options).issuerDid).toBe(chained('1', 'a'))
  })

  it('has its fragment from itself with `key`, and from the keys with `keys`', () => {
    expectRefused(
      { issuer: did('d') },
      'ERR_INVALID_OPTION',
      /^partners\[2\]\.issuer: .*If the key is registered as "webserver", write did:orgid:0xd+#webs/,
    )
    expectRefused(
      { issuer: `${did('d')}#key` },
      'ERR_INVALID_OPTION',
      /^partners\[2\]\.issuer: expected no #fragment, since keys\[\]\.id gives it/,
      withKeys,
    )
    expectRefused({ issuer: 'me' }, 'ERR_INVALID_DID', /^partners\[2\]\.issuer: /)
  })

  it('with a fragment that some verifiers cannot use is taken with a warning', async () => {
    const warnings: Error[] = []
    const listen = (warning: Error) => warnings.push(warning)
    process.on('warning', listen)
    try {
      expect(readIssuer(`${did('a')}#own-key`, 'issuer', false).fragment).toBe('own-key')
      await immediate()
    } finally {
      process.off('warning', listen)
    }
    expect(warnings).toMatchObject([{ code: 'ORGID_UNPORTABLE_FRAGMENT' }])
  })
})

describe('with a polluted Object.prototype', () => {
  const polluted = Object.prototype as Record<string, unknown>
  const pollution: Readonly<Record<keyof PartnerOptions, unknown>> = {
    did: did('e'),
    origin: 'https://evil.example',
    name: 'evil',
    pathPrefix: '/evil',
    issuer: `${did('e')}#evil`,
    lifetime: '1 year',
    scope: ['admin'],
    scopeFormat: 'array',
    claims: { role: 'admin' },
    allowLoopbackHttp: true,
    singleUse: true,
    retryUnauthorized: false,
    audiences: [did('e')],
  }
  const names = Object.keys(pollution) as (keyof PartnerOptions)[]
  const clean = read({})
  afterEach(() => {
    for (const name of names) delete polluted[name]
  })

  it.each(names)('%s of there changes nothing', (name) => {
    polluted[name] = pollution[name]
    const partner = read({})
    expect(partner).toEqual(clean)
    delete polluted[name]
    expect(partner).toEqual(clean)
  })

  it('all of them together change nothing, and stand in for nothing', () => {
    Object.assign(polluted, pollution)
    expect(read({})).toEqual(clean)
    expect(refusal(() => readPartner({} as PartnerOptions, 'p', defaults)).code).toBe(
      'ERR_INVALID_DID',
    )
    const local = { did: did('b'), origin: 'http://localhost' }
    expect(refusal(() => readPartner(local, 'p', defaults)).code).toBe('ERR_INVALID_ORIGIN')
  })
})
