import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { parseDid } from '../../src/did.js'
import { type Partner, type PartnerOptions, readPartner } from '../../src/partners/partner.js'
import { createRegistry } from '../../src/partners/registry.js'
import { did, refusal } from '../support.js'

const defaults = {
  issuer: parseDid(`${did('a')}#webserver`),
  lifetime: 3_600,
  fragmentFromKeys: false,
}
const partner = (options: Partial<PartnerOptions>): Partner =>
  readPartner(
    { did: did('b'), origin: 'https://api.hotels.example', ...options },
    'partners[0]',
    defaults,
  )

const partners = [
  partner({ name: 'hotels' }),
  partner({ name: 'ports', origin: 'https://api.hotels.example:8443' }),
  partner({ name: 'air', origin: 'https://gateway.example', pathPrefix: '/v2' }),
  partner({ name: 'seats', origin: 'https://gateway.example', pathPrefix: '/v2/seats' }),
  partner({ name: 'shop', origin: ['https://shop.example', 'https://shop2.example'] }),
  partner({ name: 'cars', origin: 'https://shop.example', pathPrefix: '/cars' }),
  partner({ name: 'books', origin: 'https://bücher.example' }),
  partner({ name: 'local', origin: 'http://127.0.0.1:8080', allowLoopbackHttp: true }),
  partner({ name: 'six', origin: 'http://[::1]:8080', allowLoopbackHttp: true, pathPrefix: '/v2' }),
]
const registry = createRegistry(partners)
const nameAt = (url: string) => registry.match(url)?.name

describe('match', () => {
  it.each<[string, string]>([
    ['the bare origin', 'https://api.hotels.example'],
    ['its root', 'https://api.hotels.example/'],
    ['any path', 'https://api.hotels.example/offers?from=2027#top'],
    ['a query right after the host', 'https://api.hotels.example?from=2027'],
    ['a fragment right after the host', 'https://api.hotels.example#top'],
    ['an upper-case scheme', 'HTTPS://api.hotels.example/x'],
    ['an upper-case host', 'https://API.Hotels.EXAMPLE/x'],
    ['the default port', 'https://api.hotels.example:443/x'],
    ['the default port with zeros', 'https://api.hotels.example:00443/x'],
    ['an empty port', 'https://api.hotels.example:/x'],
    ['empty userinfo, which is none', 'https://@api.hotels.example/x'],
    ['backslashes for slashes', 'https:\\\\api.hotels.example\\x'],
    ['a backslash right after the host', 'https://api.hotels.example\\@evil.example/'],
    ['no slashes', 'https:api.hotels.example/x'],
    ['three slashes', 'https:///api.hotels.example/x'],
    ['a tab in the scheme', 'ht\ttps://api.hotels.example/x'],
    ['a line break in the host', 'https://api.ho\ntels.example/x'],
    ['a line break right after the host', 'https://api.hotels.example\r\n/x'],
    ['white space around it', ' \n https://api.hotels.example/x \t'],
    ['percent-encoded dots in the host', 'https://api%2ehotels%2Eexample/x'],
    ['a percent-encoded letter in the host', 'https://%61pi.hotels.example/x'],
    ['full-width letters', 'https://ａｐｉ.hotels.example/x'],
    ['ideographic full stops', 'https://api。hotels．example/x'],
    ['a path that looks like another host', 'https://api.hotels.example//evil.example/'],
    ['a path that looks like userinfo', 'https://api.hotels.example/@evil.example/'],
  ])('finds the partner of an origin written with %s', (_, url) => {
    // what a client makes of it is what counts
    expect(new URL(url).origin).toBe('https://api.hotels.example')
    expect(nameAt(url)).toBe('hotels')
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['a relative URL', '/offers'],
    ['a relative URL with a host', '//api.hotels.example/x'],
    ['a host without scheme', 'api.hotels.example/x'],
    ['a host and port without scheme', 'api.hotels.example:443/x'],
    ['http', 'http://api.hotels.example/x'],
    ['http on the port of https', 'http://api.hotels.example:443/x'],
    ['ws', 'wss://api.hotels.example/x'],
    ['ftp', 'ftp://api.hotels.example/x'],
    ['a blob of that origin', 'blob:https://api.hotels.example/1-2-3'],
    ['a nested scheme', 'view-source:https://api.hotels.example/x'],
    ['a jar of that origin', 'jar:https://api.hotels.example/x!/y'],
    ['another port', 'https://api.hotels.example:8444/x'],
    ['a port out of range', 'https://api.hotels.example:65979/x'],
    ['a port that is none', 'https://api.hotels.example:443x/'],
    ['a trailing dot', 'https://api.hotels.example./x'],
    ['a trailing ideographic dot', 'https://api.hotels.example。/x'],
    ['a trailing encoded dot', 'https://api.hotels.example%2e/x'],
    ['two trailing dots', 'https://api.hotels.example../x'],
    ['a suffix', 'https://api.hotels.example.evil.example/x'],
    ['a prefix', 'https://evil-api.hotels.example/x'],
    ['a subdomain', 'https://x.api.hotels.example/x'],
    ['the parent domain', 'https://hotels.example/x'],
    ['another letter for the dot', 'https://apixhotels.example/x'],
    ['a user name', 'https://user@api.hotels.example/x'],
    ['a password', 'https://:secret@api.hotels.example/x'],
    ['a host as user name', 'https://evil.example@api.hotels.example/x'],
    ['the host as user name', 'https://api.hotels.example@evil.example/x'],
    ['the origin as userinfo', 'https://api.hotels.example:443@evil.example/x'],
    ['the host behind a backslash', 'https://evil.example\\@api.hotels.example/x'],
    ['the host in the path', 'https://evil.example/api.hotels.example/'],
    ['the host in the query', 'https://evil.example?@api.hotels.example/'],
    ['the host in the fragment', 'https://evil.example#@api.hotels.example/'],
    ['an encoded slash after the host', 'https://api.hotels.example%2f.evil.example/'],
    ['an encoded @ after the host', 'https://api.hotels.example%40evil.example/'],
    ['an encoded # after the host', 'https://api.hotels.example%23.evil.example/'],
    ['an encoded NUL after the host', 'https://api.hotels.example%00.evil.example/'],
    ['a doubly encoded dot', 'https://api%252ehotels.example/x'],
    ['a Cyrillic а', 'https://аpi.hotels.example/x'],
    ['an opaque origin', 'data:text/plain,https://api.hotels.example/'],
    ['a file', 'file:///api.hotels.example/x'],
    ['the text "null", which opaque origins are written as', 'null'],
    ['null as a host', 'https://null/'],
    ['a name of Object.prototype', '__proto__'],
    ['a name of Object.prototype as host', 'https://constructor/x'],
    ['half an IPv6 address', 'https://[::1'],
  ])('finds nobody for %s', (_, url) => {
    expect(nameAt(url)).toBeUndefined()
  })

  it.each([
    ['https://api.hotels.example:8443/x', 'ports'],
    ['https://shop.example/', 'shop'],
    ['https://shop2.example/', 'shop'],
    ['https://shop3.example/', undefined],
    // IDN: all spellings of one host, and none of another
    ['https://bücher.example/', 'books'],
    ['https://BÜCHER.example/', 'books'],
    ['https://xn--bcher-kva.example/', 'books'],
    ['https://XN--BCHER-KVA.example/', 'books'],
    ['https://bu\u0308cher.example/', 'books'],
    ['https://b%C3%BCcher.example/', 'books'],
    ['https://bucher.example/', undefined],
    ['https://buecher.example/', undefined],
    // IPv4: decimal, hex, octal, short, and other addresses
    ['http://127.0.0.1:8080/', 'local'],
    ['http://2130706433:8080/', 'local'],
    ['http://0x7f000001:8080/', 'local'],
    ['http://0x7F.0.0.0x1:8080/', 'local'],
    ['http://017700000001:8080/', 'local'],
    ['http://127.1:8080/', 'local'],
    ['http://１２７.0.0.1:8080/', 'local'],
    ['http://127.0.0.1/', undefined],
    ['https://127.0.0.1:8080/', undefined],
    ['http://127.0.0.2:8080/', undefined],
    ['http://2130706434:8080/', undefined],
    ['http://localhost:8080/', undefined],
    ['http://[::ffff:127.0.0.1]:8080/', undefined],
    ['http://127.0.0.1.evil.example:8080/', undefined],
    ['http://[::1]:8080/v2/x', 'six'],
    ['http://[0:0:0:0:0:0:0:1]:8080/v2/x', 'six'],
    ['http://[::1]:8080/', undefined],
  ])('of %s is %s', (url, name) => {
    expect(nameAt(url)).toBe(name)
  })

  it.each([
    ['/v2', 'air'],
    ['/v2/', 'air'],
    ['/v2?x', 'air'],
    ['/v2#x', 'air'],
    ['/v2/offers', 'air'],
    ['/v2//offers', 'air'],
    ['/v2/./offers', 'air'],
    ['/./v2/offers', 'air'],
    ['/v1/../v2/offers', 'air'],
    ['/v1/%2e%2E/v2/offers', 'air'],
    ['\\v2\\offers', 'air'],
    ['/v\t2/offers', 'air'],
    ['/v2/é', 'air'],
    ['/v2/a%2fb', 'air'],
    ['/v2/...', 'air'],
    ['/v2/.hidden', 'air'],
    ['/v2/?/../..', 'air'],
    ['/v2/#/../..', 'air'],
    ['/v2/seats', 'seats'],
    ['/v2/seats/', 'seats'],
    ['/v2/seats/14C', 'seats'],
    ['/v2/x/../seats', 'seats'],
    ['/v2/seatsmap', 'air'],
    ['/v2/seats%20', 'air'],
    ['/v2/seats/../x', 'air'],
    ['/v2/seats/..', 'air'],
    ['', undefined],
    ['/', undefined],
    ['?/v2', undefined],
    ['#/v2', undefined],
    ['/v20', undefined],
    ['/v2x/offers', undefined],
    ['/v', undefined],
    ['/V2/offers', undefined],
    ['/v2;a=1', undefined],
    ['/v2%2f', undefined],
    ['/v2%2Foffers', undefined],
    ['/%762/offers', undefined],
    ['//v2/offers', undefined],
    ['/v2/../x', undefined],
    ['/v2/..', undefined],
    ['/v2\\..\\x', undefined],
    ['/v2/%2e%2e/x', undefined],
    ['/v2/.%2E/x', undefined],
    ['/v2/.\t./x', undefined],
    ['/x/v2', undefined],
    ['/x?/v2/', undefined],
  ])('of the path %j behind a gateway is %s', (path, name) => {
    expect(nameAt(`https://gateway.example${path}`)).toBe(name)
    expect(nameAt(`HTTPS://gateway.example:443${path}`)).toBe(name)
  })

  it.each([
    ['', 'shop'],
    ['/', 'shop'],
    ['/cars', 'cars'],
    ['/cars?x', 'cars'],
    ['/cars/1', 'cars'],
    ['/carsharing', 'shop'],
    ['/cars/../x', 'shop'],
    ['/x/../cars/1', 'cars'],
  ])('of the path %j, where one partner has the rest, is %s', (path, name) => {
    expect(nameAt(`https://shop.example${path}`)).toBe(name)
    expect(nameAt(`https://SHOP.example${path}`)).toBe(name)
  })

  it('takes letters beyond ASCII also when V8 has optimised it, as URL.canParse does not', () => {
    // On Node 20 and 22 URL.canParse turns false for these after some thousand calls
    for (let round = 0; round < 20_000; round += 1) nameAt(`HTTPS://stranger.example/${round}`)
    for (let round = 0; round < 1_000; round += 1) {
      expect(nameAt('https://bücher.example/')).toBe('books')
      expect(nameAt('https://gateway.example/v2/é')).toBe('air')
    }
  })

  it('tells thousands of origins apart, and from those that are nearly the same', () => {
    const many = Array.from({ length: 3_000 }, (_, index) =>
      partner({ name: `${index}`, origin: `https://${index.toString(36)}.partner.example` }),
    )
    const { match } = createRegistry(many)
    for (const { name, origins } of many) {
      expect(match(`${origins[0]}/offers`)?.name).toBe(name)
      expect(match(`${origins[0]}.example/offers`)).toBeUndefined()
      expect(match(`${String(origins[0]).slice(0, -1)}/offers`)).toBeUndefined()
      expect(match(`http${String(origins[0]).slice(5)}/offers`)).toBeUndefined()
    }
  })

  it('goes by the longest prefix, in whatever order partners come', () => {
    const behind = ['/a', '/a/b/c', '/', '/a/b'].map((pathPrefix) =>
      partner({ name: pathPrefix, origin: 'https://gateway.example', pathPrefix }),
    )
    for (const order of [behind, behind.toReversed()]) {
      const found = ['/a/b/c/d', '/a/b/cd', '/a/bc', '/ab', '/a/b/c', '/a/b', '/a'].map(
        (path) => createRegistry(order).match(`https://gateway.example${path}`)?.name,
      )
      expect(found).toEqual(['/a/b/c', '/a/b', '/a', '/', '/a/b/c', '/a/b', '/a'])
    }
  })
})

/** What `match` must answer, by the URL parser alone. */
function reference(text: string): string | undefined {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return undefined
  }
  const { protocol, username, password, origin, pathname } = url
  if (!['https:', 'http:'].includes(protocol) || username !== '' || password !== '')
    return undefined
  return partners
    .filter(({ origins, pathPrefix }) => {
      const below = `${pathname}/`.startsWith(`${pathPrefix}/`)
      return origins.includes(origin) && below
    })
    .sort((one, other) => other.pathPrefix.length - one.pathPrefix.length)[0]?.name
}

describe('match, for any URL, is what the URL parser says', () => {
  const scheme = fc.constantFrom(
    ...['https', 'https', 'https', 'http', 'HTTPS', 'hTTp', 'wss', 'blob:https', 'file', 'ht\ttps'],
  )
  const slashes = fc.constantFrom('://', '://', '://', '://', ':', ':/', ':///', ':\\\\', '//')
  const userinfo = fc.constantFrom('', '', '', '', '@', 'u@', 'u:p@', 'gateway.example@', '%40@')
  const host = fc.constantFrom(
    ...partners.flatMap(({ origins }) => origins.map((origin) => new URL(origin).host)),
    ...['API.hotels.example', 'api.hotels.example.', 'api.hotels.example.evil', 'evil.example'],
    ...['api%2ehotels.example', 'ａpi.hotels.example', 'bücher.example', 'gateway.example.'],
    ...['0x7f.1:8080', '2130706433:8080', '[::1]', 'gateway.example', 'gateway.example', ''],
    ...['a-b.example', 'xn--bcher-kva.example', 'xn--x.example', 'x--y.example', '1.2.3.4'],
    ...['0.1', 'a.0x1', 'a.1', 'localhost', 'bücher.example', 'a_b.example', '-.example'],
  )
  const port = fc.constantFrom('', '', '', '', ':', ':443', ':0443', ':80', ':8080', ':x')
  const segment = fc.constantFrom(
    ...['v2', 'v2', 'v2', 'seats', 'seats', 'cars', 'v20', 'V2', '', '.', '..', '%2e', '.%2E'],
    ...['v2%2f', 'a b', 'é', '\\', 'v2\\..', '...', '.v2', 'v2.', '\t', '@', ':', "'", '{', '^'],
    ...['v2\n', '%', '%zz', 'v2;x', '"', '|', '~', '\u0000', '😀', '\ud800'],
  )
  const path = fc
    .tuple(
      fc.constantFrom('', '', '/v2', '/v2/seats', '/cars'),
      fc.array(segment, { maxLength: 4 }),
    )
    .map(([start, segments]) => start + segments.map((text) => `/${text}`).join(''))
  const tail = fc.constantFrom('', '', '', '?', '#', '?/../x', '#/../x', '?a\nb', ' ', '\n', '\\')
  const url = fc
    .tuple(scheme, slashes, userinfo, host, port, path, tail)
    .map((pieces) => pieces.join(''))
  const tricky = fc.constantFrom(...'\t\n\r \\/@:?#.%[]\u00ad\u3002\uff0f\u0000', '%2e', '//', '..')
  const mutated = fc
    .tuple(url, fc.double({ min: 0, max: 1, noNaN: true }), tricky, fc.nat(2))
    .map(([text, where, inserted, removed]) => {
      const at = Math.floor(where * text.length)
      return text.slice(0, at) + inserted + text.slice(at + removed)
    })

  it('made of pieces, of which half are tricks', () => {
    fc.assert(
      fc.property(url, (text) => {
        expect(nameAt(text)).toBe(reference(text))
      }),
      { numRuns: 5_000 },
    )
  })

  it('with something inserted or removed anywhere', () => {
    fc.assert(
      fc.property(mutated, (text) => {
        expect(nameAt(text)).toBe(reference(text))
      }),
      { numRuns: 5_000 },
    )
  })

  it('that is any text at all', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.string({ unit: 'binary' })), (text) => {
        expect(nameAt(text)).toBe(reference(text))
        expect(nameAt(`https://gateway.example/v2${text}`)).toBe(
          reference(`https://gateway.example/v2${text}`),
        )
        expect(nameAt(`https://api.hotels.example${text}`)).toBe(
          reference(`https://api.hotels.example${text}`),
        )
      }),
      { numRuns: 1_000 },
    )
  })

  it('where generated URLs do find partners, each of them', () => {
    const found = new Set(fc.sample(url, { numRuns: 5_000, seed: 1 }).map(nameAt))
    for (const { name } of partners) expect(found).toContain(name)
  })
})

describe('find', () => {
  it('goes by name, and else by DID', () => {
    const some = createRegistry([
      partner({ name: 'hotels' }),
      partner({ name: 'air', did: did('c'), origin: 'https://air.example' }),
    ])
    expect(some.find('air')?.did).toBe(did('c'))
    expect(some.find(did('c'))?.name).toBe('air')
    for (const text of ['Air', did('C'), did('d'), '', 'null'])
      expect(some.find(text)).toBeUndefined()
  })

  it('gives the first of several partners with one DID', () => {
    const some = createRegistry([
      partner({ name: 'one' }),
      partner({ name: 'two', origin: 'https://two.example' }),
    ])
    expect(some.find(did('b'))?.name).toBe('one')
  })

  it('knows partners named like members of Object.prototype only where there are such', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', 'undefined']
    for (const name of names) expect(registry.find(name)).toBeUndefined()
    const named = createRegistry(
      names.map((name, index) => partner({ name, origin: `https://p${index}.example` })),
    )
    expect(names.map((name) => named.find(name)?.name)).toEqual(names)
    expect(names.map((_, index) => named.match(`https://p${index}.example/`)?.name)).toEqual(names)
  })
})

describe('createRegistry', () => {
  const twice = (one: Partial<PartnerOptions>, other: Partial<PartnerOptions>) =>
    refusal(() =>
      createRegistry([
        partner({ name: 'zero', origin: 'https://zero.example' }),
        partner({ name: 'one', ...one }),
        partner({ name: 'two', ...other }),
      ]),
    )

  it.each<[string, Partial<PartnerOptions>, Partial<PartnerOptions>, RegExp]>([
    ['origin', {}, { did: did('c') }, /pathPrefix, or list further DIDs in audiences/],
    ['origin in another spelling', {}, { origin: 'HTTPS://API.hotels.example:443/' }, /pathPrefix/],
    [
      'IDN origin',
      { origin: 'https://bücher.example' },
      { origin: 'https://xn--bcher-kva.example' },
      /pathPrefix/,
    ],
    [
      'one of several origins',
      {},
      { origin: ['https://b.example', 'https://api.hotels.example'] },
      /pathPrefix/,
    ],
    ['origin and path prefix', { pathPrefix: '/v2' }, { pathPrefix: '/v2/' }, /pathPrefix/],
    [
      'name',
      { name: 'hotels' },
      { name: 'hotels', origin: 'https://b.example' },
      /the name "hotels".*Give each its own name/,
    ],
  ])('refuses two partners with one %s, and names both', (_, one, other, remedy) => {
    const error = twice(one, other)
    expect(error.code).toBe('ERR_DUPLICATE_PARTNER')
    expect(error.message).toMatch(/^partners\[2\]: .*partners\[1\]'s/)
    expect(error.message).toMatch(remedy)
  })

  it('takes one origin twice in one partner, one DID in two, and one origin under two prefixes', () => {
    const some = createRegistry([
      partner({ name: 'one', origin: ['https://a.example', 'https://A.example:443'] }),
      partner({ name: 'two', origin: 'https://b.example', pathPrefix: '/one' }),
      partner({ name: 'three', origin: 'https://b.example', pathPrefix: '/two' }),
    ])
    expect(some.match('https://a.example/')?.name).toBe('one')
    expect(some.match('https://b.example/one')?.name).toBe('two')
    expect(some.match('https://b.example/two')?.name).toBe('three')
  })

  it('lists its partners in their order', () => {
    expect(registry.list()).toEqual(partners)
    expect(createRegistry([]).list()).toEqual([])
    expect(createRegistry([]).match('https://api.hotels.example/')).toBeUndefined()
  })
})

describe('with a polluted Object.prototype', () => {
  const polluted = Object.prototype as Record<string, unknown>
  const names = ['https://evil.example', 'null', 'evil', did('e'), 'pathPrefix', 'origins', '0']
  afterEach(() => {
    for (const name of names) delete polluted[name]
  })

  it('finds the partners there are, and no others', () => {
    for (const name of names) polluted[name] = [partners[0]]
    const some = createRegistry(partners)
    expect(some.match('https://evil.example/')).toBeUndefined()
    expect(some.match('data:,x')).toBeUndefined()
    expect(some.find('evil')).toBeUndefined()
    expect(some.find(did('e'))).toBeUndefined()
    expect(some.match('https://api.hotels.example/x')?.name).toBe('hotels')
    expect(some.match('https://gateway.example/v2/seats/1')?.name).toBe('seats')
  })
})
