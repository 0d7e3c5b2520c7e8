import type { LooseJwt } from '../testing/decode.js'
import { moment, relative, span } from '../words.js'
import { printable } from './terminal.js'

/** A token's header and claims in words, in rows of two. */
export function describeToken({ header, claims }: LooseJwt, now: number): string[][] {
  const { alg, typ, ...parameters } = header
  const { iss, aud, iat, nbf, exp, scope, ...further } = claims
  const fragment = typeof iss === 'string' ? iss.split('#')[1] : undefined
  return [
    ['header', `alg ${text(alg)}, typ ${text(typ)}`],
    ...Object.entries(parameters).map(([name, value]) => [printable(name), text(value)]),
    ['issuer', text(iss)],
    ...(fragment === undefined ? [] : [['', `with the key "${printable(fragment)}"`]]),
    ['audience', text(aud)],
    ['issued', time(iat, now)],
    ...(nbf === undefined ? [] : [['not before', time(nbf, now)]]),
    ['expires', `${time(exp, now)}${lifetime(iat, exp)}`],
    ['scope', scopeInWords(scope)],
    ...Object.entries(further).map(([name, value]) => [printable(name), text(value)]),
  ]
}

function time(value: unknown, now: number): string {
  if (value === undefined) return 'missing'
  if (typeof value !== 'number') return `${text(value)}, which is no number`
  // Beyond the year 3000, in milliseconds
  const isMillis = value > 32_503_680_000
  if (isMillis) return `${value}, which looks like milliseconds: JWT counts seconds`
  return `${moment(value)}, ${relative(value, now)}`
}

function lifetime(iat: unknown, exp: unknown): string {
  const isKnown = typeof iat === 'number' && typeof exp === 'number'
  return isKnown && exp > iat ? `; ${span(exp - iat)} after it was issued` : ''
}

function scopeInWords(scope: unknown): string {
  if (scope === undefined) return 'none'
  if (Array.isArray(scope)) return `${scope.map(text).join(', ')}, as a JSON array`
  if (typeof scope !== 'string') return text(scope)
  const names = arrayIn(scope)
  if (names === undefined) return `${text(scope).replaceAll(' ', ', ')}, separated by spaces`
  return `${names.map(text).join(', ')}, as a JSON array inside a string`
}

function arrayIn(json: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

function text(value: unknown): string {
  if (value === undefined) return 'missing'
  return printable(typeof value === 'string' ? value : JSON.stringify(value))
}
