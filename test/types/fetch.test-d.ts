import ky from 'ky'
import nodeFetch, {
  type RequestInit as NodeFetchInit,
  type Response as NodeFetchResponse,
} from 'node-fetch'
import createClient from 'openapi-fetch'
import * as undici from 'undici'
import { expectTypeOf } from 'vitest'
import type { CallOptions, OrgidAuth } from '../../src/index.js'
import { type AuthFetch, withAuth } from '../../src/transports/fetch.js'

declare const auth: OrgidAuth

const partnerFetch = withAuth(fetch, auth)
expectTypeOf(partnerFetch).toEqualTypeOf<AuthFetch<typeof fetch>>()
expectTypeOf(partnerFetch).toExtend<typeof fetch>()
expectTypeOf(partnerFetch).returns.toEqualTypeOf<Promise<Response>>()
expectTypeOf(partnerFetch).parameter(0).toEqualTypeOf<string | URL | Request>()
expectTypeOf<NonNullable<Parameters<typeof partnerFetch>[1]>['orgid']>().toEqualTypeOf<
  CallOptions | undefined
>()

partnerFetch('https://api.hotels.example/offers')
partnerFetch(new URL('https://api.hotels.example/offers'), { method: 'POST', body: 'x' })
partnerFetch(new Request('https://api.hotels.example/offers'), { orgid: { scope: ['read'] } })
// @ts-expect-error no such option
partnerFetch('https://api.hotels.example/offers', { orgid: { scop: 'read' } })
// @ts-expect-error no such member
partnerFetch('https://api.hotels.example/offers', { methods: 'POST' })
// @ts-expect-error a number is no URL
partnerFetch(42)

// where fetch is expected
const globalLike: typeof fetch = partnerFetch
createClient<object>({ fetch: partnerFetch })
ky.create({ fetch: partnerFetch })
expectTypeOf(withAuth(globalLike, auth)).toExtend<typeof fetch>()
expectTypeOf(withAuth(partnerFetch, auth)).toExtend<typeof fetch>()

// each implementation keeps its own types
const byUndici = withAuth(undici.fetch, auth)
expectTypeOf(byUndici).returns.toEqualTypeOf<Promise<undici.Response>>()
expectTypeOf(byUndici).toExtend<typeof undici.fetch>()
byUndici('https://api.hotels.example/', { dispatcher: new undici.Agent(), orgid: { skip: true } })

const byNodeFetch = withAuth(nodeFetch, auth)
expectTypeOf(byNodeFetch).returns.toEqualTypeOf<Promise<NodeFetchResponse>>()
expectTypeOf(byNodeFetch).toExtend<typeof nodeFetch>()
expectTypeOf(byNodeFetch)
  .parameter(1)
  .toExtend<(NodeFetchInit & { orgid?: CallOptions }) | undefined>()
byNodeFetch('https://api.hotels.example/', { compress: false, orgid: { lifetime: 60 } })

const ofRequests = withAuth((request: Request) => fetch(request), auth)
expectTypeOf(ofRequests).toExtend<(request: Request) => Promise<Response>>()
ofRequests(new Request('https://api.hotels.example/'), { orgid: { lifetime: 60 } })
// @ts-expect-error that fetch takes Requests alone
ofRequests('https://api.hotels.example/')

// @ts-expect-error a fetch is a function
withAuth('fetch', auth)
// @ts-expect-error a fetch gives a promise
withAuth((url: string) => url, auth)
// @ts-expect-error an auth is needed
withAuth(fetch)
