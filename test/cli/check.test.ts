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
  const write = (files: Patient, change: (document: Patient['document']) => object) =>
    files.write('org.json', change(files.document))

  it.each<[string, (document: Patient['document']) => object, RegExp]>([
    [
      'a key that is not there',
      (document) => ({ ...document, publicKey: [], verificationMethod: [] }),
      /^fail: no entry has the fragment #webserver → Register the key/,
    ],
    [
      'another fragment',
      (document) => ({
        ...document,
        publicKey: document.publicKey.map((entry) => ({ ...entry, id: `${own}#web` })),
        verificationMethod: document.verificationMethod.map((entry) => ({
          ...entry,
          id: `${own}#web`,
        })),
      }),
      /^fail: no entry has the fragment #webserver → This key is registered as #web: set issuer to did:orgid:0x1+#web$/,
    ],
    [
      'another key under the name',
      () => orgJson(newKey().publicKey),
      /^fail: publicKey has another key under #webserver → .*under a new fragment/,
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
      /^fail: the key is revoked in verificationMethod \(keyCompromise, since 2020-01-01 .*→ Make a new key/,
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
      /^warn: the key is revoked .*from 2999/,
    ],
    [
      'one form that is missing',
      ({ verificationMethod: _, ...document }) => document,
      /^warn: verificationMethod does not have it: current partners will refuse .*register --into/,
    ],
    [
      'another organisation',
      (document) => ({ ...document, id: did('2') }),
      /^fail: the document is that of did:orgid:0x2+, and tokens are issued by did:orgid:0x1+ →/,
    ],
  ])('is told with its remedy: %s', async (_name, change, message) => {
    const files = await patient()
    write(files, change)
    const { row, code } = await files.check('--offline')
    const found = row('ORG.JSON #webserver') as Row
    expect(said(found)).toMatch(message)
    expect(code).toBe(found.status === 'fail' ? 1 : 0)
  })

  it('is told where only the hex case differs', async () => {
    const files = await patient({ issuer: `did:orgid:0x${'AB'.repeat(32)}#webserver` })
    files.write('org.json', orgJson(files.publicKey, `did:orgid:0x${'ab'.repeat(32)}#webserver`))
    expect(said((await files.check('--offline')).row('ORG.JSON #webserver') as Row)).toMatch(
      /^warn: .*hex case.*Write issuer as the document has it: did:orgid:0x(ab)+#webserver/,
    )
  })

  it('is told where the schema is not kept, or the file is none', async () => {
    const files = await patient()
    write(files, ({ created: _, ...document }) => document)
    expect((await files.check('--offline')).row('ORG.JSON form')).toMatchObject({ status: 'warn' })
    files.write('org.json', 'issuer=')
    expect((await files.check('--offline')).row('ORG.JSON')?.detail).toMatch(/^ERR_ORG_JSON/)
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

  it('takes one document for each form of the DID', async () => {
    const air = did('b').replace('did:orgid:', 'did:orgid:137:')
    const other = issuer.replace('did:orgid:', 'did:orgid:137:')
    const { check, ...files } = await patient({}, { did: air, issuer: other })
    expect(said((await check('--offline')).row('ORG.JSON 137 #webserver') as Row)).toMatch(
      /^skip: .*another form.*one more --org-json/,
    )
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
    const { bad } = await check('--offline')
    expect(bad.map(said)).toEqual([
      expect.stringMatching(/^warn: older partners take letters.*#webserver/),
      expect.stringMatching(/^warn: publicKey\[0\]\.id is not of the form/),
      expect.stringMatching(/^warn: .*no publicKey in ORG\.JSON/),
    ])
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
