import { createHash, createHmac, createPrivateKey, sign as cryptoSign } from 'node:crypto'
import { createRequire } from 'node:module'
import * as noble from '@noble/secp256k1'
import { localSigner, type Signer } from 'orgid-bearer'
import type { Benchmark } from './benchmark.js'
import { loadPeers } from './peers.js'
import { report } from './report.js'
import { interleave, type Row } from './rounds.js'
import { pairwise } from './statistics.js'
import { show, verdict } from './verdict.js'
import { authFor, didOf, flatUrl, issuer, places, privateKey } from './workload.js'

const operations = 25
const partners = places(operations)
const pem = privateKey.export({ format: 'pem', type: 'sec1' }) as string

type Backend = 'noble' | 'openssl' | 'native'
const backends: readonly Backend[] = ['noble', 'openssl', 'native']

/** What a token costs that is not there: its signature, and all the rest. */
export const minting: Benchmark = async (options) => {
  const bare = bareSigners()
  const peers = await loadTokens()
  const rows = [
    ...backends.flatMap((backend) => [
      bareRow(backend, bare[backend]),
      ours(ourName(backend), localSigner(privateKey, { backend })),
    ]),
    ours('orgid-bearer, again', localSigner(privateKey, { backend: 'noble' })),
    ...peers,
  ]
  const timings = await interleave(rows, { rounds: options.quick ? 40 : 150, warmUp: 10 })
  const toMicroseconds = new Map(
    [...timings].map(([name, values]) => [name, values.map((value) => value / 1_000)]),
  )
  await report(
    'minting',
    toMicroseconds,
    { unit: 'µs', relativeTo: ourName('noble'), digits: 1 },
    options,
  )
  const ratio = (one: string, other: string) =>
    pairwise(timings.get(one) ?? [], timings.get(other) ?? [], (a, b) => a / b)
  const noise = ratio('orgid-bearer, again', ourName('noble'))
  console.log(`noise: the same again takes ${show(noise, 3)} times as long`)
  const best = (backend: Backend) =>
    peers
      .map(({ name }) => ratio(name, ourName(backend)))
      .reduce((least, other) => (other.median < least.median ? other : least))
  const [byDefault, byNative] = [best('noble'), best('native')]
  return [
    ...backends.map((backend) => {
      const share = ratio(bareName(backend), ourName(backend))
      return verdict(`tokens / bare ${backend} signatures`, share.median >= 0.9, share, '>= 0.9')
    }),
    verdict('default signer / fastest peer', byDefault.median >= 1.5, byDefault, '>= 1.5'),
    verdict('native signer / fastest peer', byNative.median >= 10, byNative, '>= 10'),
  ].every(Boolean)
}

const ourName = (backend: Backend) => `orgid-bearer, ${backend}`
const bareName = (backend: Backend) => `bare ${backend}`

/** A token for each partner, all of whose tokens were just dropped. */
function ours(name: string, key: Signer): Row {
  const auth = authFor(partners, { key })
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
function bareRow(backend: Backend, sign: (input: Uint8Array) => unknown): Row {
  const inputs = partners.map((_, index) => Buffer.from(`${'x'.repeat(320)}${index}`))
  return {
    name: bareName(backend),
    operations,
    run: () => {
      for (const input of inputs) sign(input)
    },
  }
}

function bareSigners(): Readonly<Record<Backend, (input: Uint8Array) => unknown>> {
  const scalar = Buffer.from(privateKey.export({ format: 'jwk' }).d as string, 'base64url')
  noble.hashes.sha256 = (message) => createHash('sha256').update(message).digest()
  noble.hashes.hmacSha256 = (key, message) => createHmac('sha256', key).update(message).digest()
  const native = createRequire(import.meta.url)('secp256k1/bindings') as {
    ecdsaSign(digest: Uint8Array, scalar: Uint8Array): unknown
  }
  const key = createPrivateKey(pem)
  return {
    noble: (input) => noble.sign(input, scalar),
    openssl: (input) => cryptoSign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }),
    native: (input) => native.ecdsaSign(createHash('sha256').update(input).digest(), scalar),
  }
}

type Mint = (claims: { issuer: string; audience: string }) => unknown

const peerNames = {
  jose2: 'jose 2',
  jose5: 'jose 5',
  didJwt: 'did-jwt',
  orgIdAuth: '@windingtree/org.id-auth',
} as const

async function loadTokens(): Promise<readonly Row[]> {
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
