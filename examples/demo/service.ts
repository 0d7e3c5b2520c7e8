import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import axios from 'axios'
import Koa from 'koa'
import type { OrgidAuth } from 'orgid-bearer'
import { attachAuth } from 'orgid-bearer/axios'
import { outboundAuth } from 'orgid-bearer/koa'

/** What the service itself knows of its calls to one upstream: how many ended with which status. */
type Calls = Map<number, number>

export interface Service extends AsyncDisposable {
  readonly url: string
  /** By the URL called. */
  readonly calls: ReadonlyMap<string, Calls>
}

/**
 * A Koa service, configured once. For each request it calls every URL of `upstreams` with one and
 * the same axios instance, and never mentions a token.
 */
export async function startService(
  auth: OrgidAuth,
  upstreams: readonly string[],
): Promise<Service> {
  const calls = new Map<string, Calls>(upstreams.map((url) => [url, new Map()]))
  const count = (url: string, status: number) => {
    const counts = calls.get(url) as Calls
    counts.set(status, (counts.get(status) ?? 0) + 1)
  }

  // validateStatus: a refusal is counted, and not thrown. proxy: all of this is on loopback.
  const http = axios.create({ validateStatus: null, proxy: false })
  attachAuth(http, auth)

  const app = new Koa()
  app.use(outboundAuth(auth, { axios: http }))
  app.use(async (ctx) => {
    const outbound = ctx.state.orgid
    const statuses = await Promise.all(
      upstreams.map(async (url) => {
        const { status } = await outbound.axios.get(url)
        count(url, status)
        return status
      }),
    )
    ctx.status = statuses.every((status) => status === 200) ? 200 : 502
    ctx.body = { statuses }
  })

  const server: Server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    calls,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
