import { LRUCache } from 'lru-cache'
import type { OrgidAuth } from 'orgid-bearer'
import type { Benchmark } from './benchmark.js'
import { loadPeers } from './peers.js'
import { report } from './report.js'
import { interleave, type Row } from './rounds.js'
import { pairwise } from './statistics.js'
import { verdict } from './verdict.js'
import {
  authFor,
  concatenatedUrl,
  didOf,
  flatUrl,
  type Place,
  places,
  randomIndexes,
} from './workload.js'

const operations = 10_000

/** What `auth.authorization(url)` costs when the token is there. */
export const cachedHeader: Benchmark = async (options) => {
  const partners = places(1_000)
  const auth = authFor(partners)
  await auth.prepare()
  const rows = [
    ours('orgid-bearer', auth, partners, flatUrl),
    ours('orgid-bearer, again', auth, partners, flatUrl),
    ours('orgid-bearer, URL concatenated', auth, partners, concatenatedUrl),
    ...limits(partners.length),
    ...(await peers(partners)),
  ]
  const timings = await interleave(rows, { rounds: options.quick ? 60 : 300, warmUp: 20 })
  const of = (name: string) => timings.get(name) ?? []
  const against = (name: string) => pairwise(of('orgid-bearer'), of(name), (a, b) => a / b)
  const toPeer = (name: string) => pairwise(of(name), of('orgid-bearer'), (a, b) => a / b)

  await report('cached-header', timings, { unit: 'ns', relativeTo: lruCacheGet }, options)
  const limit = against(lruCacheGet)
  const best = peerNames.map(toPeer).sort((a, b) => a.median - b.median)[0]
  if (best === undefined) throw new Error('no peers')
  return [
    verdict('cached header / lru-cache get', limit.median <= 3, limit, '<= 3'),
    verdict('best peer / cached header', best.median >= 5, best, '>= 5'),
  ].every(Boolean)
}

function ours(
  name: string,
  auth: OrgidAuth,
  partners: readonly Place[],
  urlOf: (place: Place) => string,
): Row {
  let urls: readonly string[] = []
  return {
    name,
    operations,
    prepare: () => {
      urls = randomIndexes(operations, partners.length).map((index) =>
        urlOf(partners[index] as Place),
      )
    },
    run: () => {
      let length = 0
      for (const url of urls) length += (auth.authorization(url) as string).length
      return length
    },
  }
}

const lruCacheGet = 'lru-cache get and expiry check'

/** What nothing that caches can be faster than. */
function limits(count: number): readonly Row[] {
  const cache = new LRUCache<string, { header: string; until: number }>({ max: 10_000 })
  const keys = Array.from({ length: count }, (_, index) => didOf(index))
  for (const key of keys) cache.set(key, { header: `Bearer ${key}`, until: Date.now() + 3_600_000 })
  let asked: readonly string[] = []
  return [
    {
      name: lruCacheGet,
      operations,
      prepare: () => {
        asked = randomIndexes(operations, count).map((index) => keys[index] as string)
      },
      run: () => {
        let length = 0
        for (const key of asked) {
          const entry = cache.get(key)
          if (entry !== undefined && entry.until > Date.now()) length += entry.header.length
        }
        return length
      },
    },
  ]
}

interface PeerHeaders {
  azurePolicy(token: string): {
    request(url: string): object
    send(request: object): Promise<unknown>
  }
  googleJwtAccess(): (url: string) => Promise<unknown>
}

/** The most audiences that google-auth keeps tokens of. */
const googleKeeps = 500

const peerNames = ['Azure bearer policy', 'google-auth JWTAccess'] as const

/** Each asked in the way that is fastest for it, and told which partner it is. */
async function peers(partners: readonly Place[]): Promise<readonly Row[]> {
  const loaded = await loadPeers<PeerHeaders>('headers.mjs')
  const policies = partners.map(() => loaded.azurePolicy('x'.repeat(400)))
  const google = loaded.googleJwtAccess()
  const origins = partners.slice(0, googleKeeps).map(({ origin }) => origin)
  for (const origin of origins) await google(origin)
  const count = operations / 10
  let requests: readonly { send(): Promise<unknown> }[] = []
  let asked: readonly string[] = []
  return [
    {
      name: peerNames[0],
      operations: count,
      prepare: () => {
        requests = randomIndexes(count, partners.length).map((index) => {
          const policy = policies[index] as (typeof policies)[number]
          const request = policy.request(flatUrl(partners[index] as Place))
          return { send: () => policy.send(request) }
        })
      },
      run: async () => {
        for (const request of requests) await request.send()
      },
    },
    {
      name: peerNames[1],
      operations: count,
      prepare: () => {
        asked = randomIndexes(count, origins.length).map((index) => origins[index] as string)
      },
      run: async () => {
        for (const url of asked) await google(url)
      },
    },
  ]
}
