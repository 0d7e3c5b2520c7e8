import { type Fault, faults, type Kind } from './faults.js'
import { type TransportName, transportNames } from './transports.js'

/** What must never happen. */
export const offenceNames = [
  'unauthenticated',
  'leaked to a stranger',
  'misdirected',
  'refused',
  'overaged',
  'reused',
  'not repeated',
  'repeated',
  'unexpected end',
  'unexpected token',
  'unhandled rejection',
  'process warning',
  'growth of memory',
  'too slow',
  'too rare',
] as const
export type OffenceName = (typeof offenceNames)[number]

/** One thing that must never happen, and did. Its words hold no token. */
interface Offence {
  readonly name: OffenceName
  readonly kind?: Kind
  readonly transport?: TransportName
  readonly words: string
}

/** Offences of one sort: how many, and the first as an example. */
export interface Offenders {
  readonly example: Offence
  count: number
}

/** All that is counted in a run. */
export interface Tally {
  /** Requests that servers have recorded, by the transport that sent them. */
  readonly byTransport: Map<string, number>
  /** And by the server that recorded them. */
  readonly byServer: Map<string, number>
  readonly byFault: Map<Fault, Map<TransportName, number>>
  readonly offenders: Map<string, Offenders>
  calls: number
  /** Calls whose token ended on its way, on a machine with too much to do, or by a clock that was moved. */
  expired: number
  /** Calls that were repeated after a 401, by the servers' records. */
  repeated: number
  report(offence: Offence): void
  happened(fault: Fault, transport: TransportName): void
}

export function createTally(serverNames: readonly string[]): Tally {
  const zeros = <T extends string>(names: readonly T[]) =>
    new Map<T, number>(names.map((name) => [name, 0]))
  const byFault = new Map(faults.map((fault) => [fault, zeros(transportNames)]))
  const offenders = new Map<string, Offenders>()
  return {
    byTransport: zeros<string>(transportNames),
    byServer: zeros(serverNames),
    byFault,
    offenders,
    calls: 0,
    expired: 0,
    repeated: 0,
    report(offence) {
      const key = [offence.name, offence.kind, offence.transport].join()
      const known = offenders.get(key)
      if (known) known.count += 1
      else offenders.set(key, { example: offence, count: 1 })
    },
    happened: (fault, transport) => increment(byFault.get(fault), transport),
  }
}

export function increment<K>(counts: Map<K, number> | undefined, key: K): void {
  counts?.set(key, (counts.get(key) ?? 0) + 1)
}

export function total(counts: ReadonlyMap<unknown, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

/** Occurrences that each transport, partner and fault must have, or a run has shown too little. */
export const least = 100

/** What has occurred less often than that, and how often. */
export function tooRare(
  { byTransport, byServer, byFault }: Tally,
  partners: readonly string[],
): (readonly [name: string, count: number])[] {
  return [
    ...byTransport,
    ...partners.map((name) => [name, byServer.get(name) ?? 0] as const),
    ...[...byFault].map(([fault, counts]) => [fault, total(counts)] as const),
  ].filter(([, count]) => count < least)
}
