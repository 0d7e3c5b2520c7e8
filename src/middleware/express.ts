import type { RequestHandler } from 'express'
import type { OrgidAuth } from '../interface.js'
import { bindRequests, type Outbound, type OutboundAuthOptions } from './outbound.js'

export type { Outbound, OutboundAuthOptions } from './outbound.js'

declare global {
  namespace Express {
    interface Locals {
      /** Outgoing calls bound to this request; set by `outboundAuth` of `orgid-bearer/express`. */
      orgid: Outbound
    }
  }
}

/**
 * Express middleware for *outgoing* calls: `res.locals.orgid` is an {@link Outbound}, and calls
 * made while handling the request are aborted when the client goes away. It checks nobody and
 * protects nothing, and neither reads nor forwards the inbound Authorization header.
 *
 * @param options `axios`: default none. `abort`: default `'safe'`.
 * @throws OrgidAuthError `ERR_INVALID_OPTION`, when called and not per request.
 *
 * @example
 * app.use(outboundAuth(auth, { axios: http }))
 * app.get('/offers', async (req, res) => {
 *   res.json((await res.locals.orgid.axios.get('https://api.hotels.example/offers')).data)
 * })
 */
export function outboundAuth(auth: OrgidAuth, options?: OutboundAuthOptions): RequestHandler {
  const bind = bindRequests(auth, options)
  return function orgidOutboundAuth(_req, res, next) {
    const { outbound, run } = bind(res)
    res.locals.orgid = outbound
    run(next)
  }
}
