import { createOrgidAuth } from '../../src/index.js'
import { startPartner } from '../../src/testing/index.js'
import { install } from '../../src/transports/install.js'
import { did, newKey } from '../support.js'

// Run by install.test.ts in a Node of its own: prints what install covers there.

const version = process.argv[2]
const names: Record<string, string> = { 6: 'undici-6', 7: 'undici', 8: 'undici-8' }
const undici: typeof import('undici') | undefined =
  version === undefined ? undefined : await import(names[version] as string)

const { pem, publicKey } = newKey()
const partner = await startPartner({ did: did('b'), publicKey, profile: 'older' })
const auth = createOrgidAuth({
  issuer: `${did('a')}#webserver`,
  key: pem,
  partners: [{ did: did('b'), origin: partner.origin, allowLoopbackHttp: true }],
})
const uninstall = install(auth)
await undici?.request(partner.url('/'))
const request = partner.requests.at(-1)
await fetch(partner.url('/'))
const scheme = (authorization: string | undefined) => authorization?.slice(0, 6)
console.log(
  JSON.stringify({
    request: scheme(request?.authorization),
    fetch: scheme(partner.requests.at(-1)?.authorization),
  }),
)
uninstall()
await partner.close()
