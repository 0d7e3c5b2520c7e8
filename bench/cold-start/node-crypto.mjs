// The first signature of a process with nothing but node:crypto.
import { createPrivateKey, sign } from 'node:crypto'
import { key } from './partner.mjs'

const privateKey = createPrivateKey(key)
const input = Buffer.alloc(326, 97)
const start = performance.now()
sign('sha256', input, { key: privateKey, dsaEncoding: 'ieee-p1363' })
console.log(JSON.stringify({ first: performance.now() - start }))
