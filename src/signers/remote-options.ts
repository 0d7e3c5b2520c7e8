import { describe } from '../errors.js'
import { invalidOption, type Own, readNumber } from '../options.js'

/** What all remote signers take. */
export interface RemoteSignerOptions {
  /** Seconds for one attempt. Default: 2. */
  readonly attemptTimeout?: number
  /** The most attempts for one signature. Default: 3. */
  readonly attempts?: number
  /** The most signatures asked for at once; further ones wait in line. Default: 16. */
  readonly concurrency?: number
}

/** @internal */
export const remoteOptionNames = ['attemptTimeout', 'attempts', 'concurrency'] as const

/** The limits, with their defaults. @internal */
export function readRemoteOptions(own: Own<RemoteSignerOptions>): Required<RemoteSignerOptions> {
  const { attemptTimeout, attempts, concurrency } = own
  return {
    attemptTimeout: readNumber(attemptTimeout, 'attemptTimeout', {
      min: 0.01,
      max: 60,
      fallback: 2,
      unit: 'seconds',
    }),
    attempts: readCount(attempts, 'attempts', 10, 3),
    concurrency: readCount(concurrency, 'concurrency', 1_000, 16),
  }
}

function readCount(value: unknown, where: string, max: number, fallback: number): number {
  if (value === undefined) return fallback
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max)
    return value as number
  throw invalidOption(where, `a whole number from 1 to ${max}`, describe(value))
}
