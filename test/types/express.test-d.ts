import type { AxiosInstance } from 'axios'
import express from 'express'
import { expectTypeOf } from 'vitest'
import type { OrgidAuth, Token } from '../../src/index.js'
import { type Outbound, outboundAuth } from '../../src/middleware/express.js'

declare const auth: OrgidAuth
declare const http: AxiosInstance

const app = express()
app.use(outboundAuth(auth))
app.use('/api', outboundAuth(auth, { axios: http, abort: 'none' }))
app.get('/offers', outboundAuth(auth, { axios: [http] }))

// an unannotated handler is typed
app.get('/offers', async (_req, res) => {
  expectTypeOf(res.locals.orgid).toEqualTypeOf<Outbound>()
  expectTypeOf(res.locals.orgid.token('hotels')).toEqualTypeOf<Promise<Token>>()
  expectTypeOf(res.locals.orgid.axios).toEqualTypeOf<AxiosInstance>()
  expectTypeOf(res.locals.orgid.signal).toEqualTypeOf<AbortSignal>()
  // @ts-expect-error a partner is named by a string
  res.locals.orgid.token(1)
  // @ts-expect-error no such member
  res.locals.orgid.tokens
  // @ts-expect-error only an Outbound goes there
  res.locals.orgid = 'Bearer'
})

// @ts-expect-error no such way to abort
outboundAuth(auth, { abort: 'sometimes' })
// @ts-expect-error no such option
outboundAuth(auth, { timeout: 1 })
// @ts-expect-error an auth comes first
outboundAuth({ axios: http })
