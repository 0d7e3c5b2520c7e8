import { describe, expect, it, onTestFinished } from 'vitest'
import { startPartner, startStranger } from '../../src/testing/index.js'
import { configured, issuer, orgid, partnerDid } from './command.js'

/** A partner's double, and a configuration that has it. */
async function withDouble(partner: Readonly<Record<string, unknown>> = {}) {
  const files = configured()
  const { publicKey } = files
  const double = await startPartner({ did: partnerDid, profile: 'older', publicKey })
  onTestFinished(() => double.close())
  const origin = double.origin
  const hotels = { name: 'hotels', did: partnerDid, origin, allowLoopbackHttp: true, ...partner }
  files.write('orgid.json', { issuer, key: { file: 'secp256k1.pem' }, partners: [hotels] })
  return { ...files, double }
}

describe('call', () => {
  it('makes an authenticated request, and prints the body', async () => {
    const { double, orgid } = await withDouble({ pathPrefix: '/v2' })
    const { code, stdout, stderr } = await orgid('call', 'hotels', '/offers?city=Vienna')
    expect([code, stdout, stderr]).toEqual([0, '{"ok":true}', ''])
    expect(double.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /v2/offers?city=Vienna',
    ])
    expect(double.acceptedCount).toBe(1)
  })

  it('sends nothing to a path that leads out of the partner’s', async () => {
    const { double, orgid } = await withDouble({ pathPrefix: '/v2' })
    const { code, stderr } = await orgid('call', 'hotels', '/../admin')
    expect([code, double.requests.length]).toEqual([2, 0])
    expect(stderr).toMatch(/leads out of its \/v2/)
  })

  it('takes a URL, method, body, headers and what the token is to say', async () => {
    const { double, orgid } = await withDouble()
    const argv = ['-X', 'PUT', '-d', '{"nights":2}', '-H', 'x-a: b: c', '--scope', 'book']
    const { code } = await orgid('call', double.url('/bookings/7'), ...argv)
    expect(code).toBe(0)
    const [request] = double.requests
    expect(request).toMatchObject({
      method: 'PUT',
      url: '/bookings/7',
      text: '{"nights":2}',
      headers: { 'content-type': 'application/json', 'x-a': 'b: c' },
      claims: { scope: '["book"]' },
    })
  })

  it('sends a method of its own', async () => {
    const { double, orgid } = await withDouble()
    expect((await orgid('call', 'hotels', '-X', 'M-SEARCH')).code).toBe(0)
    expect(double.requests.map(({ method }) => method)).toEqual(['M-SEARCH'])
  })

  it.each([
    ['a file', '@body', 'text/plain'],
    ['stdin', '@-', 'text/plain'],
  ])('posts a body out of %s', async (_name, data, type) => {
    const { double, ...files } = await withDouble()
    files.write('body', 'hello')
    await orgid(['call', 'hotels', '-d', data], { ...files, stdin: 'hello' })
    expect(double.requests[0]).toMatchObject({
      method: 'POST',
      text: 'hello',
      headers: { 'content-type': type },
    })
  })

  it('prints a body of bytes as it is', async () => {
    const { double, orgid } = await withDouble()
    double.answer({ body: 'no line break' })
    expect((await orgid('call', 'hotels')).stdout).toBe('no line break')
  })

  it('prints status and headers with -i, beside the body', async () => {
    const { double, orgid } = await withDouble()
    double.answer({ status: 201, headers: { 'x-made': 'yes' }, body: 'done' })
    const { stdout, stderr } = await orgid('call', 'hotels', '-i')
    expect(stdout).toBe('done')
    expect(stderr).toMatch(/^\nHTTP 201 Created\n[\s\S]*x-made: yes\n/)
  })

  it('prints all of it as JSON with --json', async () => {
    const { double, orgid } = await withDouble()
    const { json } = await orgid('call', 'hotels', '/a', '--json')
    expect(json()).toMatchObject({
      url: double.url('/a'),
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: { ok: true },
    })
  })

  it('fails from status 400 on, and says why a token was refused', async () => {
    const { double, orgid } = await withDouble()
    double.answer({ status: 401, times: 2 })
    const { code, stdout, stderr } = await orgid('call', 'hotels')
    expect(code).toBe(1)
    expect(stdout).toMatch(/invalid_token/)
    expect(stderr).toMatch(/^\nHTTP 401 Unauthorized {2}Bearer error="invalid_token"/)
    double.answer({ status: 404 })
    expect((await orgid('call', 'hotels', '--json')).code).toBe(1)
  })

  it('follows redirects with -L alone', async () => {
    const { double, orgid } = await withDouble()
    double.redirect({ to: '/b', times: 2, path: '/a' })
    expect((await orgid('call', 'hotels', '/a', '--json')).json()).toMatchObject({ status: 302 })
    const followed = await orgid('call', 'hotels', '/a', '-L', '--json')
    expect(followed.json()).toMatchObject({ status: 200, url: double.url('/b') })
  })

  it('calls nobody else, with or without a token', async () => {
    const { orgid } = await withDouble()
    const stranger = await startStranger()
    onTestFinished(() => stranger.close())
    const { code, stderr } = await orgid('call', stranger.url('/'))
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^ERR_UNKNOWN_PARTNER .*127\.0\.0\.1/),
    ])
    expect(stranger.requests).toEqual([])
  })

  it('says in words why there was no answer', async () => {
    const { double, orgid } = await withDouble()
    double.delay(Infinity)
    const late = await orgid('call', 'hotels', '--timeout', '0.3')
    expect([late.code, late.stderr]).toEqual([1, expect.stringMatching(/ERR_REQUEST .*in time/)])
    await double.close()
    expect((await orgid('call', 'hotels')).stderr).toMatch(/ECONNREFUSED: nothing listens there/)
  })

  it.each([
    [['-H', 'Authorization: Bearer x'], /no Authorization/],
    [['-H', 'nonsense'], /name: value/],
    [['--timeout', 'x'], /seconds/],
    [['-X', 'GET', '-d', '1'], /--data: expected none with GET, .* Leave -X out to POST it/],
    [['-X', 'head', '-d', '@none'], /--data: expected none with head/],
    [['-X', 'NOT A METHOD'], /--request: expected a method such as PUT/],
    [['-X', 'TRACE'], /--request: expected a method/],
    [['-X', ''], /--request: expected a method/],
  ])('refuses %j as wrong usage', async (argv, remedy) => {
    const { double, orgid } = await withDouble()
    const { code, stderr } = await orgid('call', 'hotels', ...argv)
    expect([code, stderr]).toEqual([2, expect.stringMatching(remedy)])
    expect(double.requests).toEqual([])
  })

  it('shows no token, neither with -i nor with --json', async () => {
    const { double, orgid } = await withDouble()
    const outcomes = [await orgid('call', 'hotels', '-i'), await orgid('call', 'hotels', '--json')]
    const shown = outcomes.map(({ stdout, stderr }) => stdout + stderr).join('')
    for (const token of double.tokens) expect(shown).not.toContain(token.split('.')[2])
    expect(double.tokens.length).toBeGreaterThan(0)
  })
})
