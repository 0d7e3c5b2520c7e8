import axios from 'axios'
import Koa from 'koa'
import type { OrgidAuth } from 'orgid-bearer'
import { outboundAuth } from 'orgid-bearer/koa'
import { noStay, readStay, type Shop } from './shop.js'

/** `GET /offers?city=…&nights=…` and `POST /bookings?supplier=…&offer=…`, with Koa. */
export function koaService(auth: OrgidAuth, shop: Shop): Koa {
  const app = new Koa()
  // Once, for all handlers: what they send to a partner has its token
  app.use(outboundAuth(auth, { axios: axios.create() }))

  app.use(async (ctx) => {
    const { axios } = ctx.state.orgid
    switch (`${ctx.method} ${ctx.path}`) {
      case 'GET /offers': {
        const stay = readStay(ctx.query)
        ctx.status = stay ? 200 : 400
        ctx.body = stay ? await shop.search(axios, stay) : noStay
        return
      }
      case 'POST /bookings': {
        const { supplier = '', offer = '' } = ctx.query
        const { status, body } = await shop.book(axios, String(supplier), String(offer))
        ctx.status = status
        ctx.body = body
      }
    }
  })
  return app
}
