import type { AxiosInstance } from 'axios'
import Koa from 'koa'
import { expectTypeOf } from 'vitest'
import type { OrgidAuth, Token } from '../../src/index.js'
import { type Outbound, outboundAuth } from '../../src/middleware/koa.js'

declare const auth: OrgidAuth
declare const http: AxiosInstance

const app = new Koa()
app.use(outboundAuth(auth))
app.use(outboundAuth(auth, { axios: http, abort: 'all' }))
app.use(outboundAuth(auth, { axios: [http] }))

// an unannotated handler is typed
app.use(async (ctx) => {
  expectTypeOf(ctx.state.orgid).toEqualTypeOf<Outbound>()
  expectTypeOf(ctx.state.orgid.token('hotels')).toEqualTypeOf<Promise<Token>>()
  expectTypeOf(ctx.state.orgid.axios).toEqualTypeOf<AxiosInstance>()
  expectTypeOf(ctx.state.orgid.signal).toEqualTypeOf<AbortSignal>()
  // @ts-expect-error a partner is named by a string
  ctx.state.orgid.token(1)
  // @ts-expect-error no such member
  ctx.state.orgid.tokens
  // @ts-expect-error only an Outbound goes there
  ctx.state.orgid = 'Bearer'
  // @ts-expect-error the axios instance is not replaced
  ctx.state.orgid.axios = http
})

// @ts-expect-error no such way to abort
outboundAuth(auth, { abort: 'sometimes' })
// @ts-expect-error no such option
outboundAuth(auth, { timeout: 1 })
// @ts-expect-error an auth comes first
outboundAuth({ axios: http })
