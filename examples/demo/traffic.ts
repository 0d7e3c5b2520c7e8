import { setTimeout as sleep } from 'node:timers/promises'
import { createOrgidAuth, orgJsonEntries } from 'orgid-bearer'
import { startPartner, startStranger, type TestPartner } from 'orgid-bearer/testing'
import { startService } from './service.js'
import { type RecordingSigner, recordingSigner } from './signer.js'

/** One upstream of the service, with its own record and the service's count of the same calls. */
export interface Upstream {
  readonly name: string
  readonly server: TestPartner
  /** What our tokens for it are to say, in seconds and in its form of our DID; none for a stranger. */
  readonly expected: { readonly lifetime: number; readonly issuer: string } | undefined
  /** How many calls ended with which status, by the service's own count. */
  readonly calls: ReadonlyMap<number, number>
}

/** All that is left of a run, to be accounted for. Times are epoch seconds. */
export interface Run {
  readonly startedAt: number
  readonly endedAt: number
  /** The statuses that the service answered to its own users. */
  readonly answers: readonly number[]
  readonly hotels: Upstream
  readonly air: Upstream
  readonly weather: Upstream
  readonly signer: RecordingSigner
}

export const seconds = 10
const everyMs = 25

const organisation = `0x${'1d'.repeat(32)}`
const plainIssuer = `did:orgid:${organisation}#webserver`
const chainIssuer = `did:orgid:137:${organisation}#webserver`
const hotelsDid = `did:orgid:0x${'aa'.repeat(32)}`
const airDid = `did:orgid:137:0x${'bb'.repeat(32)}`
/** Seconds. */
export const lifetimes = { hotels: 3, air: 4 }

/** What the end users bring along. It is meant for the service, and must go no further. */
export const endUserAuthorization = 'Bearer of-the-end-user'

/** Starts partners, a stranger and a service, sends it traffic, and returns the records of all. */
export async function runTraffic(pem: string, onSecond: (run: Progress) => void): Promise<Run> {
  const signer = recordingSigner(pem)
  // What the company has published of its key, under both forms of its DID
  const orgJson = [plainIssuer, chainIssuer].map((issuer) =>
    orgJsonEntries(issuer, signer.publicKey),
  )
  await using hotels = await startPartner({ did: hotelsDid, profile: 'older', orgJson })
  await using air = await startPartner({ did: airDid, profile: 'current', orgJson })
  await using weather = await startStranger()

  const auth = createOrgidAuth({
    issuer: plainIssuer,
    key: signer,
    partners: [
      {
        name: 'hotels',
        did: hotelsDid,
        origin: hotels.origin,
        lifetime: lifetimes.hotels,
        allowLoopbackHttp: true,
      },
      {
        name: 'air',
        did: airDid,
        origin: air.origin,
        issuer: chainIssuer,
        lifetime: lifetimes.air,
        allowLoopbackHttp: true,
      },
    ],
  })
  await auth.prepare()

  const urls = {
    hotels: hotels.url('/offers'),
    air: air.url('/flights'),
    weather: weather.url('/today'),
  }
  await using service = await startService(auth, Object.values(urls))

  const startedAt = Date.now() / 1_000
  const answers = await sendRequests(service.url, (second) =>
    onSecond({
      second,
      seen: Object.entries({ hotels, air, weather }).map(([name, { requests }]) => [
        name,
        requests.length,
      ]),
    }),
  )
  // A refresh may still be under way behind the last calls
  while (signer.signatures.some(({ finishedAt }) => finishedAt === undefined)) await sleep(10)
  const endedAt = Date.now() / 1_000

  const callsOf = (url: string) => service.calls.get(url) ?? new Map<number, number>()
  return {
    startedAt,
    endedAt,
    answers,
    signer,
    hotels: {
      name: 'hotels',
      server: hotels,
      expected: { lifetime: lifetimes.hotels, issuer: plainIssuer },
      calls: callsOf(urls.hotels),
    },
    air: {
      name: 'air',
      server: air,
      expected: { lifetime: lifetimes.air, issuer: chainIssuer },
      calls: callsOf(urls.air),
    },
    weather: {
      name: 'weather',
      server: weather,
      expected: undefined,
      calls: callsOf(urls.weather),
    },
  }
}

/** What the partners have seen so far. */
export interface Progress {
  readonly second: number
  readonly seen: readonly (readonly [name: string, requests: number])[]
}

/** Users come at a steady pace, whether or not those before them have been answered. */
async function sendRequests(url: string, onSecond: (second: number) => void): Promise<number[]> {
  const pending: Promise<number>[] = []
  const startedAt = performance.now()
  let second = 1
  for (;;) {
    const elapsed = (performance.now() - startedAt) / 1_000
    if (elapsed >= second) onSecond(second++)
    if (elapsed >= seconds) break
    pending.push(sendRequest(url))
    await sleep(everyMs)
  }
  return Promise.all(pending)
}

async function sendRequest(url: string): Promise<number> {
  const response = await fetch(url, { headers: { authorization: endUserAuthorization } })
  await response.arrayBuffer()
  return response.status
}
