// Tokens of one backend beside its bare signatures and beside other libraries, in a process of its
// own: what V8 learns of the code of one auth it forgets when there are several.
//
//     tsx bench/minting-process.ts <backend> <rounds>
import { createHmac, createPrivateKey, sign as cryptoSign, hash } from 'node:crypto'
import { createRequire } from 'node:module'
import { setImmediate as immediate } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import * as noble from '@noble/secp256k1'
import { localSigner } from 'orgid-bearer'
import { loadPeers } from './peers.js'
import { interleave, type Row } from './rounds.js'
import { authFor, didOf, flatUrl, issuer, places, privateKey } from './workload.js'

const [, , backend = 'noble', rounds = '150'] = process.argv
const operations = 100
const partners = places(operations)
const pem = privateKey.export({ format: 'pem', type: 'sec1' }) as string
const key =
  backend === 'noble'
    ? localSigner(privateKey)
    : localSigner(privateKey, { backend: backend as 'native' })
const auth = authFor(partners, { key })
const sample = new Uint8Array(1)
const sign = async () => Buffer.from(await key.sign(sample, {}))
// By default noble signs once its table is made, which all who use noble in a process share. It signs
// the same bytes the same way, and openssl, which signs until then, does not
while (backend === 'noble' && !(await sign()).equals(await sign())) await immediate()

/** A token for each partner, all of whose tokens were just dropped. */
function ours(name: string): Row {
  let urls: readonly string[] = []
  return {
    name,
    operations,
    prepare: () => {
      auth.invalidate()
      urls = partners.map(flatUrl)
    },
    run: () => {
      for (const url of urls) auth.authorization(url)
    },
  }
}

/** Over an input as long as that of a token. */
function bare(
  sign: (input: Uint8Array) => unknown = bareSigners[backend as keyof typeof bareSigners](),
): Row {
  const inputs = partners.map((_, index) => Buffer.from(`${'x'.repeat(320)}${index}`))
  return {
    name: 'bare signatures',
    operations,
    run: () => {
      for (const input of inputs) sign(input)
    },
  }
}

const scalar = Buffer.from(privateKey.export({ format: 'jwk' }).d as string, 'base64url')

const bareSigners = {
  noble:
    () =>
    (input: Uint8Array): unknown =>
      noble.sign(input, scalar),
  openssl: () => {
    const key = createPrivateKey(pem)
    return (input: Uint8Array): unknown =>
      cryptoSign('sha256', input, { key, dsaEncoding: 'ieee-p1363' })
  },
  native: () => {
    const { ecdsaSign } = createRequire(import.meta.url)('secp256k1/bindings') as {
      ecdsaSign(digest: Uint8Array, scalar: Uint8Array): unknown
    }
    return (input: Uint8Array) => ecdsaSign(hash('sha256', input, 'buffer'), scalar)
  },
}

/** With the table that noble makes for itself, and node:crypto's HMAC: a copy of noble of its own. */
async function untouched(): Promise<readonly Row[]> {
  if (backend !== 'noble') return []
  const file = createRequire(import.meta.url).resolve('@noble/secp256k1')
  const copy = (await import(`${pathToFileURL(file)}?copy`)) as typeof noble
  copy.hashes.sha256 = (message) => hash('sha256', message, 'buffer')
  copy.hashes.hmacSha256 = (secret, message) =>
    createHmac('sha256', secret).update(message).digest()
  const row = bare((input) => copy.sign(input, scalar))
  return [{ ...row, name: 'bare signatures, its own table' }]
}

type Mint = (claims: { issuer: string; audience: string }) => unknown

const peerNames = {
  jose2: 'jose 2',
  jose5: 'jose 5',
  didJwt: 'did-jwt',
  orgIdAuth: '@windingtree/org.id-auth',
} as const

async function peers(): Promise<readonly Row[]> {
  const loaded =
    await loadPeers<Record<keyof typeof peerNames, (pem: string) => Mint | Promise<Mint>>>(
      'tokens.mjs',
    )
  return Promise.all(
    Object.entries(peerNames).map(async ([key, name]) => {
      const mint = await loaded[key as keyof typeof peerNames](pem)
      return {
        name,
        operations,
        run: async () => {
          for (let index = 0; index < operations; index += 1) {
            await mint({ issuer, audience: didOf(index) })
          }
        },
      }
    }),
  )
}

const rows = [
  bare(),
  ...(await untouched()),
  ours('orgid-bearer'),
  ours('orgid-bearer, again'),
  ...(await peers()),
]
const timings = await interleave(rows, { rounds: Number(rounds), warmUp: 10 })
console.log(JSON.stringify(Object.fromEntries(timings)))
