import axios from 'axios'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type CallOptions, createOrgidAuth, wrapClient } from '../../src/index.js'
import { startPartner, type TestPartner } from '../../src/testing/index.js'
import { attachAuth } from '../../src/transports/axios.js'
import { did, newKey } from '../support.js'
import { HotelsApi, HotelsApiFactory, HotelsApiFp } from './generated-axios/api.js'
import { RequiredError } from './generated-axios/base.js'
import { Configuration, type ConfigurationParameters } from './generated-axios/configuration.js'
import { citiesAndClaims } from './seen.js'

const { pem, publicKey } = newKey()
const read: CallOptions = { partner: 'hotels', scope: ['read'] }

let hotels: TestPartner
beforeEach(async () => {
  hotels = await startPartner({ did: did('b'), publicKey, profile: 'current' })
})
afterEach(() => hotels.close())

function setUp(parameters: ConfigurationParameters = {}) {
  const { origin } = hotels
  const auth = createOrgidAuth({
    issuer: `${did('a')}#webserver`,
    key: pem,
    partners: [{ name: 'hotels', did: did('b'), origin, allowLoopbackHttp: true }],
  })
  const http = axios.create()
  attachAuth(http, auth)
  const configuration = new Configuration({ basePath: origin, ...parameters })
  return { auth, http, configuration }
}

const citiesAndScopes = () => citiesAndClaims(hotels, ['scope'])

it('a request function of a generated client makes its call with the options, later and often', async () => {
  const { auth, http, configuration } = setUp()
  const functions = HotelsApiFp(configuration)
  const request = await wrapClient(functions, auth, read).listOffers('read')
  const plain = await functions.listOffers('plain')
  await Promise.all([request(http), plain(http), request(http)])
  expect(citiesAndScopes().sort()).toEqual([
    ['plain', undefined],
    ['read', '["read"]'],
    ['read', '["read"]'],
  ])
})

it('a generated class is wrapped, and so is every instance made of it', async () => {
  const { auth, http, configuration } = setUp()
  const ReadingApi = wrapClient(HotelsApi, auth, read)
  const api = new ReadingApi(configuration, undefined, http)
  await api.listOffers('read')
  await new HotelsApi(configuration, undefined, http).listOffers('plain')
  expect(api).toBeInstanceOf(HotelsApi)
  expect(citiesAndScopes()).toEqual([
    ['read', '["read"]'],
    ['plain', undefined],
  ])
})

it('a generated client with an access token of its own sends that', async () => {
  const { auth, http, configuration } = setUp({ accessToken: 'own' })
  const api = wrapClient(HotelsApiFactory(configuration, hotels.origin, http), auth, read)
  await expect(api.listOffers('read')).rejects.toMatchObject({ status: 401 })
  expect(hotels.requests.map(({ authorization }) => authorization)).toEqual(['Bearer own'])
})

it('what a generated client says of a single call goes before what its wrap says', async () => {
  const { auth, http, configuration } = setUp({ baseOptions: { headers: { 'x-sdk': '1' } } })
  const api = wrapClient(new HotelsApi(configuration, undefined, http), auth, read)
  await api.listOffers('audit', 2, { orgid: { scope: ['audit'] } })
  await api.listOffers('read', 2)
  expect(citiesAndScopes()).toEqual([
    ['audit', '["audit"]'],
    ['read', '["read"]'],
  ])
  expect(hotels.requests.map(({ headers }) => headers['x-sdk'])).toEqual(['1', '1'])
})

it('a generated client that uses the axios of its own import is carried once that is attached', async () => {
  const { auth, configuration } = setUp()
  const detach = attachAuth(axios, auth)
  try {
    await wrapClient(new HotelsApi(configuration), auth, read).listOffers('read')
  } finally {
    detach()
  }
  expect(citiesAndScopes()).toEqual([['read', '["read"]']])
})

it('errors of a generated client are passed on as they are', async () => {
  const { auth, http, configuration } = setUp()
  const api = wrapClient(new HotelsApi(configuration, undefined, http), auth, read)
  await expect(api.listOffers(undefined as never)).rejects.toBeInstanceOf(RequiredError)
  expect(hotels.requests).toEqual([])
})
