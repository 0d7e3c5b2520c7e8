import { once } from 'node:events'
import { connect, constants, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Outbound, outboundAuth } from '../../src/middleware/koa.js'
import { endsWithItsClient } from './client-gone.js'
import { authFor, deferred, listen, type Serve } from './loopback.js'
import { bindsOutgoingCalls } from './outbound.js'

const serve: Serve = (auth, options, handle, around = (next) => next()) => {
  const app = new Koa()
  app.silent = true
  app.use((_ctx, next) => around(next))
  app.use(outboundAuth(auth, options))
  app.use(async (ctx) => {
    ctx.body = await handle(ctx.state.orgid, ctx.path, ctx.method)
  })
  return listen(app.callback())
}

/** A request over HTTP/2, handled by `handle` below `outboundAuth`, after `before`. */
async function overHttp2(
  handle: (outbound: Outbound, closed: Promise<unknown>) => Promise<void>,
  before: (closed: Promise<unknown>) => Promise<unknown> = async () => {},
) {
  const app = new Koa()
  app.use(async (ctx, next) => {
    ctx.state.closed = once(ctx.res, 'close')
    await before(ctx.state.closed)
    await next()
  })
  app.use(outboundAuth(authFor('http://127.0.0.1:1')))
  app.use(async (ctx) => {
    ctx.body = 'done'
    await handle(ctx.state.orgid, ctx.state.closed)
  })
  const server = createServer(app.callback())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => {
    client.destroy()
    server.close()
  })
  return client.request().resume()
}

test('a client that resets its HTTP/2 stream has gone', async () => {
  const [started, reason] = [deferred<void>(), deferred<unknown>()]
  const stream = await overHttp2(async ({ signal }, closed) => {
    started.resolve()
    await closed
    reason.resolve(signal.reason)
  })
  await started.promise
  stream.close(constants.NGHTTP2_CANCEL)
  expect(await reason.promise).toMatchObject({ code: 'ERR_CLIENT_GONE' })
})

test('a client that reset its HTTP/2 stream before the middleware ran is noticed', async () => {
  const [started, reason] = [deferred<void>(), deferred<unknown>()]
  const stream = await overHttp2(
    async ({ signal }) => reason.resolve(signal.reason),
    (closed) => {
      started.resolve()
      return closed
    },
  )
  await started.promise
  stream.close(constants.NGHTTP2_CANCEL)
  expect(await reason.promise).toMatchObject({ code: 'ERR_CLIENT_GONE' })
})

test('a client that got its answer over HTTP/2 has not gone', async () => {
  const aborted = deferred<boolean>()
  await overHttp2(async ({ signal }, closed) => {
    closed.then(() => aborted.resolve(signal.aborted))
  })
  expect(await aborted.promise).toBe(false)
})

describe('in Koa', () => {
  bindsOutgoingCalls(serve, outboundAuth)
  endsWithItsClient(serve)
})
