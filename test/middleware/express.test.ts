import express from 'express'
import { describe } from 'vitest'
import { outboundAuth } from '../../src/middleware/express.js'
import { endsWithItsClient } from './client-gone.js'
import { listen, type Serve } from './loopback.js'
import { bindsOutgoingCalls } from './outbound.js'

const serve: Serve = (auth, options, handle, around = (next) => next()) => {
  const app = express()
  app.set('env', 'test') // the final handler does not print errors
  app.use((_req, _res, next) => around(next))
  app.use(outboundAuth(auth, options))
  app.use(async (req, res) => {
    res.send(await handle(res.locals.orgid, req.path, req.method))
  })
  return listen(app)
}

describe('in Express', () => {
  bindsOutgoingCalls(serve, outboundAuth)
  endsWithItsClient(serve)
})
