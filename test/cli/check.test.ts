import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startPartner } from '../../src/testing/index.js'
import { did, newKey } from '../support.js'
import { configured, issuer, orgJson, own, partnerDid } from './command.js'

interface Row {
  readonly name: string
  readonly status: 'pass' | 'warn' | 'fail' | 'skip'
  readonly detail: string
  readonly remedy?: string
}

/** A double of a partner that knows our ORG.JSON, a configuration for it, and the doctor. */
async function patient(config: object = {}, partner: object = {}) {
  const files = configured()
  const document = orgJson(files.publicKey)
  const double = await startPartner({ did: partnerDid, profile: 'older', orgJson: document })
  onTestFinished(() => double.close())
  const base = { name: 'hotels', did: partnerDid, origin: double.origin, allowLoopbackHttp: true }
  files.write('orgid.json', {
    issuer,
    key: { file: 'secp256k1.pem' },
    partners: [{ ...base, ...partner }],
    ...config,
  })
  const check = async (...flags: string[]) => {
    const { code, json } = await files.orgid('check', '--json', '--org-json', 'org.json', ...flags)
    const { ok, rows } = json<{ ok: boolean; rows: Row[] }>()
    expect(ok).toBe(code === 0)
    const bad = rows.filter(({ status }) => status === 'warn' || status === 'fail')
    return { code, rows, bad, row: (name: string) => rows.find((row) => row.name === name) }
  }
  return { ...files, document, double, check }
}

/** What a person reads in a row. */
const said = ({ status, detail, remedy }: Row) => `${status}: ${detail} → ${remedy}`

describe('check', () => {
  it('finds nothing where all is well, having made a real request', async () => {
    const { check, double } = await patient()
    const { code, rows, bad } = await check()
    expect([code, bad]).toEqual([0, []])
    expect(rows.map(({ name, status }) => `${status} ${name}`)).toEqual([
      'pass configuration',
      'pass key',
      'pass key name #webserver',
      'pass ORG.JSON form',
      'pass ORG.JSON #webserver',
      'pass hotels: DID form',
      'pass hotels: rules',
      'pass hotels: lifetime',
      'pass hotels: reachable',
      'pass hotels: clock',
      'pass hotels: request',
    ])
    expect(double.acceptedCount).toBe(1)
  })

  it('prints a table, with the sum of it', async () => {
    const { orgid } = await patient()
    const { stdout } = await orgid('check')
    expect(stdout).toMatch(/^ {2}pass {3}configuration .*orgid\.json: partners hotels\n/)
    expect(stdout).toMatch(/skip {3}ORG\.JSON .*not looked at\n +→ Give it with --org-json/)
    expect(stdout).toMatch(/\n9 pass, 0 warn, 0 fail, 1 skipped\n$/)
  })

  it('asks nobody with --offline, and counts that as no pass', async () => {
    const { check, double } = await patient()
    const { code, rows } = await check('--offline')
    expect(code).toBe(0)
    expect(rows.filter(({ status }) => status === 'skip').map(({ name }) => name)).toEqual([
      'hotels: reachable',
      'hotels: clock',
      'hotels: request',
    ])
    expect(double.requests).toEqual([])
  })

  it('shows no key and no token', async () => {
    const { orgid, double, pem } = await patient()
    const { stdout, stderr } = await orgid('check', '--json')
    const secrets = [double.tokens[0]?.split('.')[2] as string, pem.split('\n')[1] as string]
    for (const secret of secrets) expect(stdout + stderr).not.toContain(secret)
  })
})

describe('a mistake in ORG.JSON', () => {
  type Patient = Awaited<ReturnType<typeof patient>>
  type Change = (document: Patient['document']) => object
  const write = (files: Patient, change: Change) => files.write('org.json', change(files.document))
  const pemOf = ({ publicKey: [{ publicKeyPem }] }: Patient['document']) => publicKeyPem
  const renamed = ({ publicKey, verificationMethod }: Patient['document'], id: string) => ({
    publicKey: publicKey.map((entry) => ({ ...entry, id })),
    verificationMethod: verificationMethod.map((entry) => ({ ...entry, id })),
  })

  it.each<[string, Change, RegExp]>([
    [
      'a key that is not there',
      (document) => ({ ...document, publicKey: [], verificationMethod: [] }),
      /^fail: no entry has the fragment #webserver → Register the key/,
    ],
    [
      'another fragment',
      (document) => ({ ...document, ...renamed(document, `${own}#web`) }),
      /^fail: no entry has the fragment #webserver → This key is registered as #web: set issuer to did:orgid:0x1+#web$/,
    ],
    [
      'another key under the name',
      () => orgJson(newKey().publicKey),
      /^fail: publicKey and verificationMethod: another key is registered as #webserver → .*under a new fragment/,
    ],
    [
      'a revoked key',
      (document) => ({
        ...document,
        verificationMethod: document.verificationMethod.map((entry) => ({
          ...entry,
          verificationMethodRevocation: {
            reason: 'keyCompromise',
            invalidityDate: '2020-01-01T00:00:00Z',
          },
        })),
      }),
      /^fail: verificationMethod: the key is revoked \(keyCompromise, since 2020-01-01 .*→ Make a new key/,
    ],
    [
      'a key that will be revoked',
      (document) => ({
        ...document,
        verificationMethod: document.verificationMethod.map((entry) => ({
          ...entry,
          verificationMethodRevocation: { invalidityDate: '2999-01-01T00:00:00Z' },
        })),
      }),
      /^warn: verificationMethod: the key is revoked .*from 2999/,
    ],
    [
      'the name of a revoked key',
      (document) => ({
        ...document,
        publicKey: [],
        verificationMethod: document.verificationMethod.map((entry) => ({
          ...entry,
          id: `${own}#web`,
          verificationMethodRevocation: {},
        })),
      }),
      /^fail: no entry has the fragment #webserver → This key is registered as #web, and revoked there. Make a new key/,
    ],
    [
      'a current entry with nothing but a PEM',
      (document) => ({
        ...document,
        verificationMethod: document.verificationMethod.map(({ publicKeyJwk: _, ...entry }) => ({
          ...entry,
          publicKeyPem: pemOf(document),
        })),
      }),
      /^fail: verificationMethod: this key is registered as #webserver, but not all partners can read it: it has no publicKeyJwk.* → Take the entry out; orgid-bearer register/,
    ],
    [
      'an older entry whose header lines stand on its one line',
      (document) => ({
        ...document,
        publicKey: document.publicKey.map((entry) => ({
          ...entry,
          publicKeyPem: `-----BEGIN PUBLIC KEY-----${pemOf(document)}-----END PUBLIC KEY-----`,
        })),
      }),
      /^fail: publicKey: this key is registered as #webserver, but .*publicKeyPem is not bare base64.* → Take the entry out/,
    ],
    [
      'an entry without any key',
      (document) => ({
        ...document,
        publicKey: document.publicKey.map(({ publicKeyPem: _, ...entry }) => entry),
      }),
      /^fail: publicKey: the entry #webserver holds no key that can be read: it has no publicKeyPem → Take the entry out/,
    ],
    [
      'a private key',
      (document) => ({
        ...document,
        verificationMethod: document.verificationMethod.map(({ publicKeyJwk, ...entry }) => ({
          ...entry,
          publicKeyJwk: { ...publicKeyJwk, d: 'AA' },
        })),
      }),
      /^fail: verificationMethod: the private key stands there.* → Make a new key/,
    ],
    [
      'entries of another organisation',
      (document) => ({
        ...document,
        ...renamed(document, `${did('2')}#webserver`),
      }),
      /^fail: publicKey and verificationMethod: the id of the entry is that of another organisation, .* → Write it as did:orgid:0x1+#webserver, and the controller/,
    ],
    [
      'an entry of another form of the DID',
      (document) => ({
        ...document,
        verificationMethod: renamed(document, `did:orgid:5:${own.slice(10)}#webserver`)
          .verificationMethod,
      }),
      /^warn: verificationMethod: the id of the entry is did:orgid:5:0x1+#webserver; some partners compare it as a string → Write it as did:orgid:0x1/,
    ],
    [
      'one form that is missing',
      ({ verificationMethod: _, ...document }) => document,
      /^warn: verificationMethod does not have it: current partners will refuse .*register --into/,
    ],
  ])('is told once, and with its remedy: %s', async (_name, change, message) => {
    const files = await patient()
    write(files, change)
    const { row, code, bad } = await files.check('--offline')
    expect(bad.map(({ name }) => name)).toEqual(['ORG.JSON #webserver'])
    expect(bad.map(said)).toEqual([expect.stringMatching(message)])
    expect(code).toBe(bad[0]?.status === 'fail' ? 1 : 0)
    // Of what the known verifiers do not look at there is no more to say
    const isUnseen = /revoked \(|is did:orgid:5:/.test(String(bad[0]?.detail))
    expect(row('hotels: rules')).toMatchObject(
      isUnseen
        ? { status: 'pass' }
        : { status: 'skip', detail: 'a token would be refused: see ORG.JSON #webserver' },
    )
  })

  it('is told with the name under which the key stands, in a form that partners cannot read', async () => {
    const files = await patient()
    write(files, (document) => ({
      ...document,
      publicKey: [],
      verificationMethod: document.verificationMethod.map(({ publicKeyJwk: _, ...entry }) => ({
        ...entry,
        id: `${own}#web`,
        publicKeyPem: pemOf(document),
      })),
    }))
    const { row } = await files.check('--offline')
    expect(said(row('ORG.JSON #webserver') as Row)).toMatch(
      /^fail: no entry .* → This key is registered as #web, but not all .*no publicKeyJwk.*Take the entry out/,
    )
  })

  it('is told where the document is that of another organisation, once for all keys', async () => {
    const { check, ...files } = await patient()
    files.write('next.pem', newKey().pem)
    files.write('orgid.json', {
      ...JSON.parse(files.read('orgid.json')),
      issuer: own,
      key: undefined,
      keys: [
        { id: 'webserver', key: { file: 'secp256k1.pem' } },
        { id: 'webserver2', key: { file: 'next.pem' } },
      ],
    })
    files.write('org.json', { ...files.document, id: did('2') })
    const { code, bad, row } = await check('--offline')
    expect(code).toBe(1)
    expect(bad.map(said)).toEqual([
      expect.stringMatching(
        /^fail: the document is that of did:orgid:0x2+, and tokens are issued by did:orgid:0x1+ →/,
      ),
    ])
    expect(row('hotels: rules')).toMatchObject({
      status: 'skip',
      detail: expect.stringMatching(/no ORG\.JSON to judge by: see ORG\.JSON$/),
    })
  })

  describe('whose id has another hex case', () => {
    const upper = `did:orgid:0x${'AB'.repeat(32)}`
    const lower = upper.replaceAll('AB', 'ab')

    it('is told of that, and the key is found', async () => {
      const files = await patient({ issuer: `${upper}#webserver` })
      files.write('org.json', orgJson(files.publicKey, `${lower}#webserver`))
      const { code, bad, row } = await files.check('--offline')
      expect(code).toBe(0)
      expect(bad.map(said)).toEqual([
        expect.stringMatching(
          /^warn: .*hex case.*Write issuer as the document has it: did:orgid:0x(ab)+$/,
        ),
      ])
      expect(row('hotels: rules')).toMatchObject({
        status: 'skip',
        detail: expect.stringMatching(/refused: see ORG\.JSON$/),
      })
    })

    it('is told of that, and of another key under the name', async () => {
      const files = await patient({ issuer: `${upper}#webserver` })
      files.write('org.json', orgJson(newKey().publicKey, `${lower}#webserver`))
      const { code, bad } = await files.check('--offline')
      expect(code).toBe(1)
      expect(bad.map(said)).toEqual([
        expect.stringMatching(/^warn: .*hex case/),
        expect.stringMatching(/^fail: publicKey and verificationMethod: another key is registered/),
      ])
    })
  })

  it('is told where the schema is not kept, or the file is none', async () => {
    const files = await patient()
    write(files, ({ created: _, ...document }) => document)
    expect((await files.check('--offline')).row('ORG.JSON form')).toMatchObject({ status: 'warn' })
    files.write('org.json', 'issuer=')
    const { row } = await files.check('--offline')
    expect(row('ORG.JSON')?.detail).toMatch(/^ERR_ORG_JSON/)
    expect(row('hotels: rules')).toMatchObject({
      status: 'skip',
      detail: 'no ORG.JSON to judge by: see ORG.JSON',
    })
  })

  it('is no revocation that is null, but one of the form', async () => {
    const files = await patient()
    write(files, ({ verificationMethod: [method], ...document }) => ({
      ...document,
      verificationMethod: [{ ...method, verificationMethodRevocation: null }],
    }))
    const { bad, row } = await files.check('--offline')
    expect(bad.map(said)).toEqual([
      expect.stringMatching(/^warn: verificationMethod\[0\]\.verificationMethodRevocation is no/),
    ])
    expect(row('ORG.JSON #webserver')?.status).toBe('pass')
  })

  it('keeps nothing back of what others have in the document', async () => {
    const files = await patient()
    const other = orgJson(newKey().publicKey, `${own}#other`)
    write(files, ({ verificationMethod, ...document }) => ({
      ...document,
      publicKey: [],
      verificationMethod: [
        ...verificationMethod,
        { ...other.verificationMethod[0], controller: undefined },
      ],
    }))
    const { bad } = await files.check('--offline')
    expect(bad.map(said)).toEqual([
      expect.stringMatching(/^warn: verificationMethod\[1\]\.controller is missing →/),
      expect.stringMatching(/^warn: publicKey does not have it/),
    ])
  })

  it('is found in a document that is fetched, as in a file', async () => {
    const files = await patient()
    const answer = { body: files.document, status: 200, location: '' }
    const server = createServer(({ url }, response) => {
      const { status, location } = url === '/moved' ? { status: 302, location: '/org' } : answer
      response.writeHead(status, { location }).end(JSON.stringify(answer.body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const url = `${origin}/org.json`
    const check = async (source: string) =>
      (await files.orgid('check', '--json', '--org-json', source)).json<{ rows: Row[] }>().rows
    const named = (rows: Row[], name: string) => rows.find((row) => row.name === name)
    expect(named(await check(url), 'ORG.JSON #webserver')?.status).toBe('pass')
    expect(named(await check(`${origin}/moved`), 'ORG.JSON #webserver')?.status).toBe('pass')
    answer.location = 'http://hotel.example/org.json'
    answer.status = 302
    expect(named(await check(url), 'ORG.JSON')?.detail).toMatch(/no redirect out of it/)
    answer.status = 404
    expect(named(await check(url), 'ORG.JSON')?.detail).toMatch(/ERR_REQUEST: .*status 404/)
    const plain = await check('http://hotel.example/org.json')
    expect(named(plain, 'ORG.JSON')?.detail).toMatch(/https/)
    const offline = await files.orgid('check', '--offline', '--json', '--org-json', url)
    expect(named(offline.json<{ rows: Row[] }>().rows, 'ORG.JSON')?.status).toBe('skip')
  })

  it('is no longer fetched than any ORG.JSON is long', async () => {
    const files = await patient()
    const chunk = `"${'x'.repeat(65_536)}",`
    const server = createServer((_, response) => {
      response.write('[')
      const more = () => {
        while (!response.destroyed && response.write(chunk));
      }
      response.on('drain', more)
      more()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close().closeAllConnections())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/org.json`
    const { rows } = (await files.orgid('check', '--json', '--org-json', url)).json<{
      rows: Row[]
    }>()
    expect(rows.find(({ name }) => name === 'ORG.JSON')?.detail).toMatch(
      /^ERR_ORG_JSON: .*expected at most 1000000 characters/,
    )
  })

  it('takes one document for each form of the DID', async () => {
    const air = did('b').replace('did:orgid:', 'did:orgid:137:')
    const other = issuer.replace('did:orgid:', 'did:orgid:137:')
    const { check, ...files } = await patient({}, { did: air, issuer: other })
    const { row: first } = await check('--offline')
    expect(said(first('ORG.JSON 137') as Row)).toMatch(/^skip: .*another form.*one more --org-json/)
    expect(first('hotels: rules')).toMatchObject({
      status: 'skip',
      detail: 'no ORG.JSON to judge by: see ORG.JSON 137',
    })
    const { publicKey: _, ...document } = orgJson(files.publicKey, other)
    files.write('air.json', document)
    const { bad, row } = await check('--offline', '--org-json', 'air.json')
    expect(bad).toEqual([])
    expect(row('ORG.JSON 137 #webserver')?.status).toBe('pass')
    expect(row('hotels: DID form')?.detail).toMatch(/with chain 137/)
  })
})

describe('a mistake in the configuration', () => {
  it.each([
    [
      'another form of DID',
      { did: did('b').replace('did:orgid:', 'did:orgid:5:') },
      /DID_FORM_MISMATCH.*partners\[0\]\.issuer.*with chain/,
    ],
    ['a 20-byte address', { did: `did:orgid:0x${'a'.repeat(40)}` }, /INVALID_DID.*32 bytes/],
    ['plain http', { origin: 'http://api.hotels.example' }, /INVALID_ORIGIN.*https/],
  ])('is told with its remedy: %s', async (_name, partner, message) => {
    const { check } = await patient({}, partner)
    const { code, row } = await check('--offline')
    expect(code).toBe(1)
    expect(said(row('configuration') as Row)).toMatch(message)
    expect(row('key')?.status).toBe('pass')
  })

  it('is told where there is none, or no JSON', async () => {
    const { check, ...files } = await patient()
    files.write('orgid.json', '{,}')
    expect((await check()).row('configuration')?.detail).toMatch(/^ERR_CONFIG: .*line 1/)
    expect((await check('--config', 'none')).row('configuration')?.detail).toMatch(/not exist/)
  })

  it('is told of the name of a key that some partners cannot find', async () => {
    const { check, ...files } = await patient({ issuer: `${own}#key-1` })
    files.write('org.json', orgJson(files.publicKey, `${own}#key-1`))
    const { bad, row } = await check('--offline')
    expect(bad.map(said)).toEqual([
      expect.stringMatching(/^warn: older partners take letters.*Register a new key.*#webserver/),
    ])
    expect(row('hotels: rules')).toMatchObject({
      status: 'skip',
      detail: 'a token would be refused: see key name #key-1',
    })
  })

  it('is told of the want of a partner', async () => {
    const { check } = await patient({ partners: [] })
    const { code, bad } = await check()
    expect(code).toBe(0)
    expect(bad.map(said)).toEqual([
      expect.stringMatching(
        /^warn: .*orgid\.json: no partner yet.* → Add one to partners: its did/,
      ),
    ])
  })

  it('is told of a token that cannot be minted, once for all partners', async () => {
    const { check, double, ...files } = await patient()
    const config = JSON.parse(files.read('orgid.json'))
    const air = { name: 'air', did: did('b'), origin: 'https://air.example' }
    files.write('orgid.json', {
      ...config,
      issuer: own,
      key: undefined,
      keys: [{ id: 'webserver', key: { file: 'secp256k1.pem' }, activeFrom: '2999-01-01' }],
      partners: [...config.partners, air],
    })
    const { code, bad, row, rows } = await check()
    expect(code).toBe(1)
    expect(bad.map(said)).toEqual([expect.stringMatching(/^fail: ERR_NO_ACTIVE_KEY: .*activeFrom/)])
    expect(row('air: token')).toMatchObject({
      status: 'skip',
      detail: 'there is none: see hotels: token',
    })
    expect(rows.filter(({ name }) => name === 'hotels: request')).toMatchObject([
      { status: 'skip', detail: 'no token' },
    ])
    expect(row('ORG.JSON #webserver')?.status).toBe('pass')
    expect(double.requests).toEqual([])
  })

  it.each([
    [366 * 86_400, /^warn: tokens live 1 year/],
    [30, /^warn: tokens live 30 seconds/],
    [3_600, /^pass/],
  ])('is told of a lifetime of %i s', async (lifetime, message) => {
    const { check } = await patient({ lifetime })
    expect(said((await check('--offline')).row('hotels: lifetime') as Row)).toMatch(message)
  })

  it('is told of a key file that others can read', async () => {
    const { check, ...files } = await patient()
    files.write('open.pem', files.pem, 0o644)
    const { bad } = await check('--offline', '--key', 'open.pem')
    expect(bad.map(said)).toEqual([expect.stringMatching(/mode 644.*chmod 600 .*open\.pem/)])
  })
})

describe('a mistake between us and a partner', () => {
  it.each([
    // A Date has whole seconds, so that a difference is told to a second or so
    [5, /^pass/],
    [150, /^warn: the partner's clock is 2\.5 minutes ahead/],
    [7_200, /^fail: .*2 hours ahead.*expired when they arrive.*NTP/],
    [-45, /^warn: .*4[456] seconds behind.*from the future.*NTP/],
    [-7_200, /^fail: .*2 hours behind/],
  ])('is told of a clock that is off by %i s', async (seconds, message) => {
    const { check, double } = await patient()
    double.clockSkew = seconds
    expect(said((await check()).row('hotels: clock') as Row)).toMatch(message)
  })

  it('is no verdict where the answer tells no time, or comes out of a cache', async () => {
    const { check, double } = await patient()
    double.answer({ headers: { age: '7' } })
    expect((await check()).row('hotels: clock')).toMatchObject({ status: 'skip' })
  })

  it('is no verdict where the answer has no Date', async () => {
    const server = createServer((_, response) => {
      response.sendDate = false
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { check } = await patient({}, { origin })
    expect(said((await check()).row('hotels: clock') as Row)).toMatch(/^skip: .*no Date/)
  })

  it('is told of a token that is refused, once and with the reason', async () => {
    const { check, double, ...files } = await patient()
    files.write('other.pem', newKey().pem)
    const { code, row } = await check('--key', 'other.pem')
    expect(code).toBe(1)
    expect(said(row('hotels: request') as Row)).toMatch(
      /^fail: 401, the token is refused: Bearer error="invalid_token".*signature/,
    )
    expect(double.requests).toHaveLength(1)
  })

  const said401 = (description: string) => ({
    status: 401,
    headers: {
      'www-authenticate': `Bearer realm="audience key", error="invalid_token", error_description="${description}"`,
    },
  })

  it.each([
    ['\\"exp\\" claim timestamp check failed', /The clocks agree. If lifetime/],
    ['The access token expired', /The clocks agree/],
    ['Signature has expired', /The clocks agree/],
    ['iat is in the future', /The clocks agree.*issuedAtBackdate/],
    ['The token is not yet valid (iat)', /The clocks agree/],
    ['unexpected \\"aud\\" claim value', /Set did of hotels to the one that the partner gave you/],
    ["Audience doesn't match", /Set did of hotels/],
    ['JWT is not meant for Simard', /Set did of hotels/],
    ['Unable to parse scope in the payload', /scopeFormat/],
    ['Issuing ORG.ID format is not supported', /Set did of hotels, and issuer .*with a chain/],
    ['signature verification failed', /Your ORG\.JSON has this key. Is it published/],
    ['Public key definition not found in the DID document', /Your ORG\.JSON has this key/],
    ['the organisation of iss is not known', /Your ORG\.JSON has this key/],
    ['no', /The partner does not say why. Is the did in your configuration/],
  ])('is given the remedy for what a partner says: %s', async (description, remedy) => {
    const { check, double } = await patient()
    double.answer(said401(description))
    const { bad } = await check()
    expect(bad.map(({ name }) => name)).toEqual(['hotels: request'])
    expect(bad[0]?.remedy).toMatch(remedy)
  })

  it('is told to go without a chain by a partner that knows none', async () => {
    const chained = (text: string) => text.replace('did:orgid:', 'did:orgid:5:')
    const { check, double, ...files } = await patient(
      {},
      {
        did: chained(partnerDid),
        issuer: chained(issuer),
      },
    )
    const { publicKey: _, ...document } = orgJson(files.publicKey, chained(issuer))
    files.write('org.json', document)
    const { row } = await check()
    expect(row('hotels: request')?.detail).toMatch(/knows no chain in a DID/)
    expect(row('hotels: request')?.remedy).toMatch(/Set did of hotels, .*without chain/)
  })

  it('is referred to the row that tells the cause, where a partner says the effect', async () => {
    const { check, double, ...files } = await patient()
    double.clockSkew = 7_200
    expect((await check()).row('hotels: request')?.remedy).toMatch(/^See hotels: clock; .*NTP/)
    double.clockSkew = 0
    files.write('other.json', { ...files.document, publicKey: [], verificationMethod: [] })
    for (const words of ['no publicKey in ORG.JSON has the fragment of iss', 'no']) {
      double.answer(said401(words))
      const { stdout } = await files.orgid('check', '--json', '--org-json', 'other.json')
      const { rows } = JSON.parse(stdout) as { rows: Row[] }
      expect(rows.filter(({ status }) => status === 'fail').map(said)).toEqual([
        expect.stringMatching(/^fail: no entry has the fragment/),
        expect.stringMatching(/^fail: 401.* → See ORG\.JSON #webserver$/),
      ])
    }
  })

  it('is asked for the document, where a partner has not found the key and there is none', async () => {
    const { double, ...files } = await patient()
    double.answer(said401('signature verification failed'))
    const { rows } = (await files.orgid('check', '--json')).json<{ rows: Row[] }>()
    expect(rows.find(({ name }) => name === 'hotels: request')?.remedy).toMatch(/^Give --org-json/)
  })

  it.each([
    ['says nothing', {}],
    ['says it in other words', { 'www-authenticate': 'Bearer error="invalid_token"' }],
  ])('is given what is known of clock and key, where a partner %s', async (_name, headers) => {
    const { check, double } = await patient()
    double.clockSkew = 150
    double.answer({ status: 401, headers: { 'www-authenticate': 'Basic', ...headers } })
    expect((await check()).row('hotels: request')?.remedy).toMatch(/^See hotels: clock/)
  })

  it.each([
    [200, /^pass: 200: not refused/],
    [302, /^pass: 302: a redirect/],
    [403, /^warn: 403: .*not let in/],
    [404, /^pass: 404: not 401.*or not looked at/],
    [503, /^warn: 503: .*in trouble/],
  ])('says of status %i no more than it shows', async (status, message) => {
    const { check, double } = await patient()
    double.answer({ status, ...(status === 302 && { headers: { location: '/x' } }) })
    expect(said((await check()).row('hotels: request') as Row)).toMatch(message)
    expect(double.requests).toHaveLength(1)
  })

  it('is told of a partner that is not there', async () => {
    const { check, double } = await patient()
    await double.close()
    const { code, row } = await check()
    expect(code).toBe(1)
    expect(said(row('hotels: reachable') as Row)).toMatch(/^fail: .*ECONNREFUSED: nothing listens/)
    expect(row('hotels: request')?.status).toBe('skip')
  })

  it('tries every origin of a partner', async () => {
    const { double: other } = await patient()
    const { double } = await patient()
    const { check } = await patient({}, { origin: [double.origin, other.origin] })
    const { rows } = await check()
    const reached = rows.filter(({ name }) => name.endsWith('reachable'))
    expect(reached.map(({ name }) => name)).toEqual([
      `hotels (${double.origin}): reachable`,
      `hotels (${other.origin}): reachable`,
    ])
    expect([double.requests.length, other.requests.length]).toEqual([1, 1])
  })
})
