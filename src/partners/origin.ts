import { describe, OrgidAuthError } from '../errors.js'

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * The canonical origin (WHATWG URL 4.7) of a partner, as its `origin` option gives it.
 *
 * @throws OrgidAuthError `ERR_INVALID_ORIGIN`: not https (or opted-in loopback http), or more than
 *   an origin.
 * @internal
 */
export function readOrigin(input: unknown, where: string, allowLoopbackHttp: boolean): string {
  const url = typeof input === 'string' ? parseUrl(input) : undefined
  if (url === undefined)
    throw invalid(where, describe(input), 'Write it as https://api.partner.example')
  if (url.username !== '' || url.password !== '')
    throw invalid(where, 'one with user name or password')
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw invalid(
      where,
      `${url.origin} and a path, query or fragment`,
      'A path goes into pathPrefix',
    )
  }
  if (url.hostname.endsWith('.'))
    throw invalid(where, 'a host with a trailing dot', 'Remove the dot')
  if (url.hostname.includes('*'))
    throw invalid(where, 'a pattern', 'List each origin; origin takes an array')
  if (url.protocol === 'https:') return url.origin
  if (url.protocol !== 'http:') throw invalid(where, `the scheme ${url.protocol}//`)
  if (!loopback.test(url.hostname)) {
    throw invalid(
      where,
      `http for ${url.host}`,
      'A bearer token over plain http is anyone’s; use https',
    )
  }
  if (!allowLoopbackHttp) {
    throw invalid(
      where,
      `http for ${url.host}`,
      'For a local double, set allowLoopbackHttp: true on this partner',
    )
  }
  return url.origin
}

/**
 * An absolute URL taken apart, or undefined for what is none.
 *
 * Not by `URL.canParse`: on Node 20 and 22, once optimised, it is false for text with a character
 * from U+0080 to U+00FF.
 *
 * @internal
 */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

/**
 * A canonical path prefix, without trailing slash; `''` for every path.
 *
 * @throws OrgidAuthError `ERR_INVALID_ORIGIN`
 * @internal
 */
export function readPathPrefix(input: unknown, where: string): string {
  if (input === undefined) return ''
  const text = typeof input === 'string' ? input : ''
  const path = text.startsWith('/') ? new URL(`https://path.invalid${text}`).pathname : undefined
  if (path !== text) {
    const got =
      typeof input === 'string' && path !== undefined
        ? `${describe(input)} that a URL would write as another`
        : describe(input)
    throw new OrgidAuthError(
      'ERR_INVALID_ORIGIN',
      `${where}: expected a path such as /v2, as it stands in a URL (no dot segments, query or fragment), got ${got}`,
    )
  }
  return path.replace(/\/+$/, '')
}

/**
 * Whether the path that begins at `start` is `prefix` or lies below it: `/v2` has `/v2/offers` and
 * `/v2?from=2027`, and not `/v20`. For `''` it always is.
 *
 * @internal
 */
export function isBelow(text: string, prefix: string, start: number): boolean {
  // Prefixes are short: to compare them here takes half as long as `startsWith` does
  for (let index = 0; index < prefix.length; index += 1) {
    if (text.charCodeAt(start + index) !== prefix.charCodeAt(index)) return false
  }
  if (prefix === '') return true
  const next = text[start + prefix.length]
  return next === undefined || next === '/' || next === '?' || next === '#'
}

function invalid(where: string, got: string, remedy = ''): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_INVALID_ORIGIN',
    `${where}: expected an https origin, scheme and host and nothing else, got ${got}${remedy && `. ${remedy}`}`,
  )
}
