// The first call with axios, and with `attached` as an argument the first authorized one.
import { createServer } from 'node:http'
import axios from 'axios'
import { key } from './partner.mjs'

const server = createServer((_, response) => response.end('{}')).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const origin = `http://127.0.0.1:${server.address().port}`
const http = axios.create({ proxy: false })
if (process.argv[2] === 'attached') {
  const { createOrgidAuth } = await import('orgid-bearer')
  const { attachAuth } = await import('orgid-bearer/axios')
  const issuer = `did:orgid:0x${'1'.repeat(64)}#webserver`
  const did = `did:orgid:0x${'2'.repeat(64)}`
  attachAuth(
    http,
    createOrgidAuth({ issuer, key, partners: [{ did, origin, allowLoopbackHttp: true }] }),
  )
}
await http.get(`${origin}/hotels`)
console.log(JSON.stringify({}))
process.exit()
