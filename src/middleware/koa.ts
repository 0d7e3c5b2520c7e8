import type { Middleware } from 'koa'
import type { OrgidAuth } from '../interface.js'
import { bindRequests, type Outbound, type OutboundAuthOptions } from './outbound.js'

export type { Outbound, OutboundAuthOptions } from './outbound.js'

declare module 'koa' {
  interface DefaultState {
    /** Outgoing calls bound to this request; set by `outboundAuth` of `orgid-bearer/koa`. */
    orgid: Outbound
  }
}

/**
 * Koa middleware for *outgoing* calls: `ctx.state.orgid` is an {@link Outbound}, and calls made
 * while handling the request are aborted when the client goes away. It checks nobody and protects
 * nothing, and neither reads nor forwards the inbound Authorization header.
 *
 * @param options `axios`: default none. `abort`: default `'safe'`.
 * @throws OrgidAuthError `ERR_INVALID_OPTION`, when called and not per request.
 *
 * @example
 * app.use(outboundAuth(auth, { axios: http }))
 * app.use(async (ctx) => {
 *   ctx.body = (await ctx.state.orgid.axios.get('https://api.hotels.example/offers')).data
 * })
 */
export function outboundAuth(auth: OrgidAuth, options?: OutboundAuthOptions): Middleware {
  const bind = bindRequests(auth, options)
  return function orgidOutboundAuth(ctx, next) {
    const { outbound, run } = bind(ctx.res)
    ctx.state.orgid = outbound
    return run(next)
  }
}
