import axios from 'axios'
import Koa from 'koa'
import type { OrgidAuth } from 'orgid-bearer'
import { outboundAuth } from 'orgid-bearer/koa'
import type { Shop } from './shop.js'

/** `GET /offers?city=…&nights=…` and `POST /bookings?supplier=…&offer=…`, with Koa. */
export function koaService(auth: OrgidAuth, shop: Shop): Koa {
  const app = new Koa()
  // Once, for all handlers: what they send to a partner has its token
  app.use(outboundAuth(auth, { axios: axios.create() }))

  app.use(async (ctx) => {
    const { axios } = ctx.state.orgid
    const { city = '', nights = '1', supplier = '', offer = '' } = ctx.query
    switch (`${ctx.method} ${ctx.path}`) {
      case 'GET /offers':
        ctx.body = await shop.search(axios, { city: String(city), nights: Number(nights) })
        return
      case 'POST /bookings': {
        const booking = await shop.book(axios, String(supplier), String(offer))
        ctx.status = booking ? 201 : 404
        ctx.body = booking ?? { error: 'no such supplier' }
      }
    }
  })
  return app
}
