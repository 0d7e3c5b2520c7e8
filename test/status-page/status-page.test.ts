import type { AddressInfo } from 'node:net'
import axios from 'axios'
import express from 'express'
import Koa from 'koa'
import { createOrgidAuth, type OrgidAuth, type PublicKeyInput } from 'orgid-bearer'
import { attachAuth } from 'orgid-bearer/axios'
import { type PartnerReport, type StatusReport, statusPage } from 'orgid-bearer/status'
import { startPartner } from 'orgid-bearer/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { secretParts } from '../secrets.js'
import { codeOf, did, newKey } from '../support.js'

const { pem, publicKey } = newKey()
const issuer = `${did('a')}#webserver`
const hotels = { name: 'hotels <&"\'>', did: did('b'), origin: 'https://api.hotels.example' }
const offers = 'https://api.hotels.example/offers'

const servers = {
  Koa: (auth: OrgidAuth) => {
    const app = new Koa()
    app.use(statusPage(auth, { path: '/orgid' }))
    app.use((ctx) => {
      ctx.body = 'next'
    })
    return app.listen(0, '127.0.0.1')
  },
  Express: (auth: OrgidAuth) => {
    const app = express()
    app.use(statusPage(auth, { path: '/orgid' }))
    app.use((_request, response) => void response.send('next'))
    return app.listen(0, '127.0.0.1')
  },
}

type Start = (auth: OrgidAuth) => ReturnType<Koa['listen']>

async function serve(start: Start, auth: OrgidAuth) {
  const server = start(auth)
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return (path: string, accept = 'text/html', method = 'GET') =>
    fetch(origin + path, { method, headers: { accept } })
}

describe.each(Object.entries(servers))('the status page in %s', (_, start) => {
  it('is a page without scripts, or JSON, by what is accepted', async () => {
    const auth = createOrgidAuth({ issuer, key: pem, partners: [hotels] })
    const header = auth.authorization(offers) as string
    const get = await serve(start, auth)
    const page = await get('/orgid')
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-/,
    )
    expect(page.headers.get('cache-control')).toBe('no-store')
    const html = await page.text()
    expect(html).not.toContain('<script')
    expect(html).toContain('hotels &lt;&amp;&quot;&#39;&gt;')

    const answer = await get('/orgid', 'application/json')
    const json = await answer.text()
    const report = JSON.parse(json) as StatusReport
    expect(report).toMatchObject({
      keys: [{ id: 'webserver', active: true }],
      partners: [
        { name: hotels.name, tokens: 1, lives: [{ audience: did('b'), keyId: 'webserver' }] },
      ],
      rates: { mints: 1, refreshes: 0, unauthorized: 0 },
    })
    const [life] = report.partners[0]?.lives ?? []
    expect(life?.expiresAt).toBeGreaterThan(life?.freshUntil as number)
    expect(secretParts(header).filter((part) => (html + json).includes(part))).toEqual([])
  })

  it('leaves other paths alone, and refuses other methods', async () => {
    const get = await serve(start, createOrgidAuth({ issuer, key: pem, partners: [hotels] }))
    expect(await (await get('/')).text()).toBe('next')
    const refused = await get('/orgid', 'text/html', 'POST')
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    expect((await get('/orgid', 'text/html', 'HEAD')).status).toBe(200)
  })

  it('tells of a 401 what to do about it', async () => {
    const { call, get, report } = await serveWithPartner(start, newKey().publicKey)
    await call()
    expect((await report()).partners[0]?.lastRefusal).toMatchObject({
      keyId: 'webserver',
      acceptedSince: false,
      remedy: expect.stringContaining('orgid-bearer check'),
    })
    expect((await report()).rates.unauthorized).toBe(2)
    expect(await (await get('/orgid')).text()).toMatch(/look at it[\s\S]*It answered 401/)
  })

  it('tells of a 401 that is past, and alarms nobody', async () => {
    const { call, get, report, partner } = await serveWithPartner(start, publicKey)
    partner.answer({ status: 401 })
    await call()
    const { lastRefusal } = (await report()).partners[0] as PartnerReport
    expect((await report()).rates).toMatchObject({ mints: 2, refreshes: 1, unauthorized: 1 })
    expect(lastRefusal?.acceptedSince).toBe(true)
    expect(lastRefusal?.remedy).toBeUndefined()
    const html = await (await get('/orgid')).text()
    expect(html).toMatch(/>well<[\s\S]*It answered 401[\s\S]*It has accepted one since/)
    expect(html).not.toContain('look at it')
  })
})

/** A status page, and a partner that knows a key. */
async function serveWithPartner(start: Start, known: PublicKeyInput) {
  const partner = await startPartner({ did: did('b'), profile: 'older', publicKey: known })
  onTestFinished(() => partner.close())
  const auth = createOrgidAuth({
    issuer,
    key: pem,
    partners: [{ ...hotels, origin: partner.origin, allowLoopbackHttp: true }],
  })
  const http = axios.create({ validateStatus: null })
  attachAuth(http, auth)
  const get = await serve(start, auth)
  return {
    partner,
    get,
    call: () => http.get(partner.url('/offers')),
    report: async () => (await (await get('/orgid', 'application/json')).json()) as StatusReport,
  }
}

describe('the status page', () => {
  it('refuses a path that is none, and an auth that is none', () => {
    const auth = createOrgidAuth({ issuer, key: pem, partners: [] })
    expect(codeOf(() => statusPage(auth, { path: 'orgid' }))).toBe('ERR_INVALID_OPTION')
    expect(codeOf(() => statusPage({} as OrgidAuth))).toBe('ERR_INVALID_OPTION')
  })

  it('shows a key that is still to sign, and a signer that fails', async () => {
    const now = Date.now() / 1_000
    const auth = createOrgidAuth({
      issuer: did('a'),
      keys: [
        {
          id: 'webserver',
          key: { alg: 'ES256K', publicKey, sign: () => Promise.reject(new Error()) },
        },
        { id: 'webserver2', key: pem, activeFrom: now + 10_000 },
      ],
      partners: [hotels],
    })
    await expect(auth.token(hotels.name)).rejects.toMatchObject({ code: 'ERR_SIGNER_FAILED' })
    const get = await serve(servers.Koa, auth)
    const html = await (await get('/orgid')).text()
    expect(html).toMatch(/#webserver2<\/code><\/td><td>signs in 2\.8 hours/)
    expect(html).toContain('<code>ERR_SIGNER_FAILED</code>')
  })
})
