import type { RecordedRequest } from 'orgid-bearer/testing'
import { cyan } from './terminal.js'

/** A token's header and claims in words, in rows of two; the token itself is not among them. */
export function describeToken({ header, claims, receivedAt }: RecordedRequest): string[][] {
  const { iss, aud, iat, exp, scope, jti, ...further } = claims ?? {}
  const fragment = String(iss).split('#')[1]
  const rows = [
    ['header', `signed with ${header?.alg}, of type ${header?.typ}`],
    ['issuer', `${iss}`],
    ['', `you, with the key that ORG.JSON lists as "${fragment}"`],
    ['audience', `${aud}`],
    ['', 'the partner, and nobody else'],
    ['issued', `${moment(iat)}, ${Math.floor(receivedAt) - Number(iat)} s before the call`],
    ['expires', `${moment(exp)}, ${span(Number(exp) - Math.floor(receivedAt))} after the call`],
    ['scope', scopeInWords(scope)],
    ...(jti === undefined ? [] : [['jti', 'a number of its own for every call']]),
    ...Object.entries(further).map(([name, value]) => [name, JSON.stringify(value)]),
  ]
  return rows.map(([name, words]) => [cyan(name ?? ''), words ?? ''])
}

function moment(seconds: unknown): string {
  return new Date(Number(seconds) * 1_000).toISOString().replace('T', ' ').replace('.000Z', ' UTC')
}

function scopeInWords(scope: unknown): string {
  if (scope === undefined) return 'none'
  if (Array.isArray(scope)) return `${scope.join(', ')}, as a JSON array`
  const text = String(scope)
  if (!text.startsWith('[')) return `${text.replaceAll(' ', ', ')}, separated by spaces`
  return `${JSON.parse(text).join(', ')}, as a JSON array inside a string`
}

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const

/** To a tenth of the largest unit: a second may pass between the mint and the call. */
function span(seconds: number): string {
  const [unit, size] = units.find((candidate) => seconds >= 0.99 * candidate[1]) ?? units[3]
  const amount = +(seconds / size).toFixed(1)
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`
}
