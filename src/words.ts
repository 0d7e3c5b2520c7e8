/** An epoch second as `2026-01-01 00:00:00 UTC`. */
export function moment(seconds: number): string {
  const date = new Date(seconds * 1_000)
  if (Number.isNaN(date.getTime())) return 'beyond what a date can say'
  return date
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')
}

const units = [
  ['year', 31_557_600],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const

/** A duration to a tenth of its largest unit: `59.5 minutes`. */
export function span(seconds: number): string {
  const length = Math.abs(seconds)
  const [unit, size] = units.find(([, least]) => length >= least) ?? units[4]
  const amount = Number((length / size).toFixed(1))
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`
}

/** `in 59.5 minutes`, `30 seconds ago`, `now`. */
export function relative(seconds: number, now: number): string {
  const distance = seconds - now
  if (Math.abs(distance) < 0.5) return 'now'
  return distance > 0 ? `in ${span(distance)}` : `${span(distance)} ago`
}
