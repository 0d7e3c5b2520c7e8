/** What decides how often a fleet signs. */
export interface Fleet {
  /** How many processes call. */
  readonly processes: number
  /** How many partners, that is kinds of token, each of them calls. */
  readonly partners: number
  /** Seconds that a token lives. */
  readonly lifetime: number
  /** Seconds between two calls of one process to one partner. */
  readonly interval: number
  /** Whether the processes share a token store. */
  readonly shared: boolean
}

/** A token is fresh until a point drawn between these parts of its life (decided when asked). */
const earliest = 0.7
const latest = 0.85

/**
 * Signatures per second, by arithmetic.
 *
 * A process replaces a token with the first call after its fresh part: half an interval late, on
 * the average. Without a store each process does so for itself, after 0.775 of the life. With one,
 * the first of the fleet signs for all: the earliest of as many draws, and of as many calls.
 */
export function signaturesPerSecond(fleet: Fleet): number {
  const { processes, partners, lifetime, interval, shared } = fleet
  const signers = shared ? 1 : processes
  const drawn = shared ? earliest + (latest - earliest) / (processes + 1) : (earliest + latest) / 2
  const late = shared ? interval / (processes + 1) : interval / 2
  return (signers * partners) / (drawn * lifetime + late)
}

/** Seconds in an average month: a twelfth of 365.25 days. */
const month = (365.25 * 86_400) / 12

/** What a key service asks for. US dollars. */
export interface Price {
  readonly service: string
  /** A month, for the key. */
  readonly key: number
  /** For 10,000 signatures. */
  readonly signatures: number
}

// For orientation; sources in docs/sizing.md
export const prices: readonly Price[] = [
  { service: 'AWS KMS', key: 1, signatures: 0.15 },
  { service: 'Google Cloud KMS (HSM)', key: 2.5, signatures: 0.15 },
  { service: 'Azure Key Vault Premium', key: 5, signatures: 0.15 },
]

/** US dollars a month. */
export function costPerMonth(fleet: Fleet, price: Price): number {
  return price.key + (signaturesPerSecond(fleet) * month * price.signatures) / 10_000
}
