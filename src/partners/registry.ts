import { OrgidAuthError } from '../errors.js'
import { isBelow, parseUrl } from './origin.js'
import type { Partner } from './partner.js'
import { findPlaces } from './places.js'
import type { Route } from './route.js'

/** The partners of an auth, found by URL or by name. @internal */
export interface PartnerRegistry {
  /** The way to the partner that {@link match} finds. */
  route(url: string): Route | undefined
  /** The partner that an absolute URL belongs to. Never throws: what is no URL is nobody's. */
  match(url: string): Partner | undefined
  /** The partner of this name, or else of this DID. */
  find(nameOrDid: string): Partner | undefined
  list(): readonly Partner[]
  /** Whether every URL of the partner's origins is that partner's. */
  ownsOrigin(partner: Partner): boolean
}

/**
 * @throws OrgidAuthError `ERR_DUPLICATE_PARTNER` when two partners share a name, or an origin and
 *   a path prefix.
 * @internal
 */
export function createRegistry(partners: readonly Partner[]): PartnerRegistry {
  // Maps, not objects: a host or a name may be called __proto__
  const byOrigin = new Map<string, Route[]>()
  const byName = new Map<string, Partner>()
  const byDid = new Map<string, Partner>()

  partners.forEach((partner, index) => {
    const namesake = byName.get(partner.name)
    if (namesake)
      throw duplicate(
        index,
        partners.indexOf(namesake),
        `the name "${partner.name}"`,
        'Give each its own name',
      )
    byName.set(partner.name, partner)
    if (!byDid.has(partner.did)) byDid.set(partner.did, partner)
    const route: Route = { partner, pathPrefix: partner.pathPrefix, standing: undefined }
    for (const origin of new Set(partner.origins)) {
      const there = byOrigin.get(origin) ?? []
      const twin = there.find((other) => other.pathPrefix === partner.pathPrefix)
      if (twin) {
        throw duplicate(
          index,
          partners.indexOf(twin.partner),
          `${origin}${partner.pathPrefix}`,
          'Tell them apart by pathPrefix, or list further DIDs in audiences',
        )
      }
      there.push(route)
      there.sort((a, b) => b.pathPrefix.length - a.pathPrefix.length)
      byOrigin.set(origin, there)
    }
  })

  for (const [index, { name }] of partners.entries()) {
    const owner = byDid.get(name)
    if (owner && owner.name !== name) {
      throw duplicate(
        index,
        partners.indexOf(owner),
        `the name ${name}`,
        'Give it a name that is no DID',
      )
    }
  }

  const placeOf = findPlaces(byOrigin)

  const route = (url: string): Route | undefined => {
    // A registered origin at the front, up to the first slash, is what `new URL` would find as
    // well: anything that it would read another way (case, port, userinfo, tab) is no such string
    const place = placeOf(url)
    if (place === undefined) return canonicalOrigin.test(url) ? undefined : parsedRoute(url)
    const { origin, first, routes } = place
    if (first.pathPrefix === '') return first
    return isCanonicalPath(url, origin.length)
      ? longest(routes, url, origin.length)
      : parsedRoute(url)
  }

  const parsedRoute = (text: string): Route | undefined => {
    const url = parseUrl(text)
    // The origin of a blob: URL is that of the page that made it (WHATWG URL 4.7)
    if (url === undefined || url.protocol === 'blob:' || url.username !== '' || url.password !== '')
      return undefined
    const routes = byOrigin.get(url.origin)
    return routes && longest(routes, url.pathname, 0)
  }

  return {
    route,
    match: (url) => route(url)?.partner,
    find: (nameOrDid) => byName.get(nameOrDid) ?? byDid.get(nameOrDid),
    list: () => partners,
    ownsOrigin: ({ origins, pathPrefix }) =>
      pathPrefix === '' && origins.every((origin) => byOrigin.get(origin)?.length === 1),
  }
}

/** Routes are sorted longest prefix first. @param start where in `text` the path begins. */
function longest(routes: readonly Route[], text: string, start: number): Route | undefined {
  for (const route of routes) {
    if (isBelow(text, route.pathPrefix, start)) return route
  }
  return undefined
}

// Nobody's, if it is not found as it stands: no IPv4 address in its many spellings (their last
// label is a number), no `xn--`, and no port that a URL would leave out
const canonicalOrigin =
  /^https?:\/\/(?:[a-z\d]+(?:-[a-z\d]+)*\.)*[a-z][a-z\d]*(?:-[a-z\d]+)*(?::(?!443\b|80\b)[1-9]\d*)?(?:\/|$)/

// What the URL parser leaves as it is, in segments that are no dot segments
const canonicalPath = /(?:\/(?!\.)[A-Za-z0-9\-._~!$&'()*+,;=:@]*)*(?=[?#]|$)/y

/** Whether the path of a URL is canonical already; where not, only the parser can tell. */
function isCanonicalPath(url: string, start: number): boolean {
  canonicalPath.lastIndex = start
  return canonicalPath.test(url)
}

function duplicate(index: number, other: number, what: string, remedy: string): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_DUPLICATE_PARTNER',
    `partners[${index}]: expected its own name, origin and path prefix, got ${what}, which is partners[${other}]'s. ${remedy}`,
  )
}
