import { describe, OrgidAuthError } from './errors.js'

// A year is 365.25 days here as in jose 2, whose '1 year' the protocol's own document uses
const units: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
  w: 604_800,
  y: 31_557_600,
}
const pattern =
  /^(\d+(?:\.\d+)?)\s*(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?|y|yrs?|years?)?$/i

/** A hundred years, in seconds: beyond that a duration is surely in another unit. */
const longest = 100 * 31_557_600

/**
 * Reads a duration: a number of seconds, or a string such as `'1 year'` (31557600 s), `'12hr'`,
 * `'24 weeks'`, `'90'` (seconds).
 *
 * @returns whole seconds, at least 1.
 * @throws OrgidAuthError `ERR_INVALID_DURATION`
 */
export function parseDuration(input: unknown, where = 'lifetime'): number {
  const seconds = typeof input === 'string' ? fromText(input) : input
  if (
    typeof seconds === 'number' &&
    Number.isInteger(seconds) &&
    seconds >= 1 &&
    seconds <= longest
  ) {
    return seconds
  }
  const got = typeof seconds === 'number' ? `${seconds} seconds` : describe(input)
  throw new OrgidAuthError(
    'ERR_INVALID_DURATION',
    `${where}: expected whole seconds between 1 and ${longest}, or a duration such as '10 minutes', '12hr' or '1 year', got ${got}`,
  )
}

function fromText(text: string): number | undefined {
  const [, amount, unit = 's'] = pattern.exec(text.trim()) ?? []
  if (amount === undefined) return undefined
  // '0.1 hours' is 360.00000000000006 in floating point
  return (
    Math.round(Number(amount) * (units[unit.charAt(0).toLowerCase()] as number) * 1_000) / 1_000
  )
}
