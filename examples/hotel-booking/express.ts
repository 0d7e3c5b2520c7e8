import axios from 'axios'
import express, { type Express } from 'express'
import type { OrgidAuth } from 'orgid-bearer'
import { outboundAuth } from 'orgid-bearer/express'
import { noStay, readStay, type Shop } from './shop.js'

/** `GET /offers?city=…&nights=…` and `POST /bookings?supplier=…&offer=…`, with Express. */
export function expressService(auth: OrgidAuth, shop: Shop): Express {
  const app = express()
  // Once, for all handlers: what they send to a partner has its token
  app.use(outboundAuth(auth, { axios: axios.create() }))

  app.get('/offers', async (req, res) => {
    const stay = readStay(req.query)
    if (stay === undefined) res.status(400).json(noStay)
    else res.json(await shop.search(res.locals.orgid.axios, stay))
  })

  app.post('/bookings', async (req, res) => {
    const { supplier = '', offer = '' } = req.query
    const { axios } = res.locals.orgid
    const { status, body } = await shop.book(axios, String(supplier), String(offer))
    res.status(status).json(body)
  })
  return app
}
