import { tracingChannel } from 'node:diagnostics_channel'
import { localSigner, type OrgidAuth, type OrgidEvents, onEvent } from 'orgid-bearer'
import { publish } from '../src/events.js'
import type { Benchmark } from './benchmark.js'
import { report } from './report.js'
import { interleave, type Row } from './rounds.js'
import { pairwise } from './statistics.js'
import { show, verdict } from './verdict.js'
import { authFor, flatUrl, type Place, places, privateKey } from './workload.js'

const partners = places(200)
const event = { partner: 'hotels', keyId: 'webserver', audience: 'did:orgid:0x1' }
const unheard = 'an event that nobody listens to'
const token = 'new token'
const header = 'cached header'

/** What events cost: nothing where none is published, and next to nothing where nobody listens. */
export const events: Benchmark = async (options) => {
  const auth = authFor(partners, { key: localSigner(privateKey, { backend: 'native' }) })
  const rows = [
    inSilence(row(unheard, () => publish('orgid-bearer:miss', () => event), 20_000)),
    ...[token, `${token}, again`].map((name) => inSilence(minting(name, auth))),
    heard(minting(`${token}, all listened to`, auth)),
    ...[header, `${header}, again`].map((name) => inSilence(cached(name, auth))),
    heard(cached(`${header}, all listened to`, auth)),
  ]
  const timings = await interleave(rows, { rounds: options.quick ? 40 : 150, warmUp: 20 })
  await report('events', timings, { unit: 'ns', relativeTo: token }, options)
  const ratio = (one: string, other: string) =>
    pairwise(timings.get(one) ?? [], timings.get(other) ?? [], (a, b) => a / b)
  const onHeader = ratio(`${header}, all listened to`, header)
  console.log(`noise: a header again takes ${show(ratio(`${header}, again`, header), 3)} as long`)
  const onToken = ratio(unheard, token)
  return [
    verdict('an unheard event / new token', onToken.median <= 0.01, show(onToken, 4), '<= 0.01'),
    verdict('cached header, heard / unheard', onHeader.low <= 1.02, show(onHeader, 3), '<= 1.02'),
  ].every(Boolean)
}

function row(name: string, once: () => unknown, operations: number): Row {
  return {
    name,
    operations,
    run: () => {
      for (let count = 0; count < operations; count += 1) once()
    },
  }
}

/** Tokens that have just been dropped. */
function minting(name: string, auth: OrgidAuth): Row {
  return { ...calls(name, auth, partners, 1), prepare: () => auth.invalidate() }
}

function cached(name: string, auth: OrgidAuth): Row {
  const row = calls(name, auth, partners, 20)
  return { ...row, prepare: () => void row.run() }
}

function calls(name: string, auth: OrgidAuth, places: readonly Place[], times: number): Row {
  const urls = places.map(flatUrl)
  return {
    name,
    operations: times * urls.length,
    run: () => {
      for (let time = 0; time < times; time += 1) for (const url of urls) auth.authorization(url)
    },
  }
}

/** The same while every channel is listened to. */
function heard(row: Row): Row {
  return withListeners(row, true)
}

function inSilence(row: Row): Row {
  return withListeners(row, false)
}

let stop: (() => void) | undefined

/** They come and go before a run, which does not pay for that. */
function withListeners(row: Row, areThere: boolean): Row {
  return {
    ...row,
    prepare: () => {
      stop?.()
      stop = areThere ? listen() : undefined
      row.prepare?.()
    },
  }
}

const names: readonly (keyof OrgidEvents)[] = [
  'orgid-bearer:miss',
  'orgid-bearer:refresh',
  'orgid-bearer:refused',
  'orgid-bearer:unauthorized',
  'orgid-bearer:retried',
  'orgid-bearer:skew',
  'orgid-bearer:signer-failed',
  'orgid-bearer:store-failed',
  'orgid-bearer:key-activated',
  'orgid-bearer:fallback',
]

function listen(): () => void {
  const nothing = () => {}
  const mints = tracingChannel('orgid-bearer:mint')
  const hooks = {
    start: nothing,
    end: nothing,
    asyncStart: nothing,
    asyncEnd: nothing,
    error: nothing,
  }
  mints.subscribe(hooks)
  const ends = names.map((name) => onEvent(name, nothing))
  return () => {
    mints.unsubscribe(hooks)
    for (const end of ends) end()
  }
}
