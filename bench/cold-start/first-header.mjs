// The first authorized call of a process: how long its caller waits for the header.

import { createOrgidAuth } from 'orgid-bearer'
import { key, partners } from './partner.mjs'

const issuer = `did:orgid:0x${'1'.repeat(64)}#webserver`
const auth = createOrgidAuth({ issuer, key, partners })
const start = performance.now()
const header = await auth.authorization(`${partners[0].origin}/hotels`)
const first = performance.now() - start
if (!header.startsWith('Bearer ')) throw new Error('no header')
console.log(JSON.stringify({ first }))
process.exit()
