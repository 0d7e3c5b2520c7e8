import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createOrgidAuth, type OrgidAuthOptions } from '../../src/index.js'
import { localSigner } from '../../src/signers/local.js'
import { startPartner, startStranger, type TestPartner } from '../../src/testing/index.js'
import { authInterceptor } from '../../src/transports/undici.js'
import { did, newKey } from '../support.js'
import { versions } from './undici-versions.js'

const { pem, publicKey } = newKey()

let hotels: TestPartner
let stranger: TestPartner
beforeEach(async () => {
  hotels = await startPartner({ did: did('b'), publicKey, profile: 'older' })
  stranger = await startStranger()
})
afterEach(() => Promise.all([hotels.close(), stranger.close()]))

const remote: OrgidAuthOptions['key'] = {
  alg: 'ES256K',
  publicKey,
  sign: async (input) => localSigner(pem).sign(input, {}),
}

describe.each(versions)('options that are used again, with undici %i', (_, undici) => {
  function open(key: OrgidAuthOptions['key']) {
    const auth = createOrgidAuth({
      issuer: `${did('a')}#webserver`,
      key,
      partners: [{ did: did('b'), origin: hotels.origin, allowLoopbackHttp: true }],
    })
    return new undici.Agent().compose(authInterceptor(auth) as never)
  }

  it('while a token is waited for, take it nowhere else', async () => {
    const agent = open(remote)
    const headers = { 'x-tenant': '1' }
    const options = { path: '/', method: 'GET' as const, origin: hotels.origin, headers }
    const first = agent.request(options)
    options.origin = stranger.origin
    headers['x-tenant'] = '2'
    const second = agent.request(options)
    for (const answer of await Promise.all([first, second])) await answer.body.dump()
    await agent.close()
    const seen = [hotels, stranger].map(({ requests }) =>
      requests.map(({ authorization, headers: sent }) => [
        authorization?.slice(0, 9),
        sent['x-tenant'],
      ]),
    )
    expect(seen).toEqual([[['Bearer ey', '1']], [[undefined, '2']]])
  })

  it('by the time of a 401, are not what is sent again', async () => {
    const agent = open(pem)
    const origin = new URL(hotels.origin)
    const options = { path: '/', method: 'POST' as const, origin, body: 'one' }
    hotels.handler = () => {
      origin.href = stranger.origin
      Object.assign(options, { origin: stranger.origin, body: 'two' })
      return { status: hotels.requests.length === 1 ? 401 : 200 }
    }
    const { statusCode, body } = await agent.request(options)
    await body.dump()
    await agent.close()
    expect(statusCode).toBe(200)
    expect(hotels.requests.map(({ text }) => text)).toEqual(['one', 'one'])
    expect(stranger.requests).toHaveLength(0)
  })
})
