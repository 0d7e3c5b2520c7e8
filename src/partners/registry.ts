import { OrgidAuthError } from '../errors.js'
import { isBelow, parseUrl } from './origin.js'
import type { Partner } from './partner.js'
import { createRoute, type Route } from './route.js'
import { findRoutes } from './routes.js'

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
  const byOrigin = new Map<string, Route>()
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
    for (const origin of new Set(partner.origins)) {
      const route = createRoute(origin, partner)
      const twin = insert(byOrigin, route)
      if (twin !== undefined) {
        throw duplicate(
          index,
          partners.indexOf(twin.partner),
          `${origin}${partner.pathPrefix}`,
          'Tell them apart by pathPrefix, or list further DIDs in audiences',
        )
      }
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

  const routesOf = findRoutes(byOrigin)

  const route = (url: string): Route | undefined => {
    // A registered origin at the front, up to the first slash, is what `new URL` would find as
    // well: anything that it would read another way (case, port, userinfo, tab) is no such string
    const first = routesOf(url)
    if (first === undefined) return canonicalOrigin.test(url) ? undefined : parsedRoute(url)
    if (first.pathPrefix === '') return first
    const { length } = first.origin
    return isCanonicalPath(url, length) ? longest(first, url, length) : parsedRoute(url)
  }

  const parsedRoute = (text: string): Route | undefined => {
    const url = parseUrl(text)
    // The origin of a blob: URL is that of the page that made it (WHATWG URL 4.7)
    if (url === undefined || url.protocol === 'blob:' || url.username !== '' || url.password !== '')
      return undefined
    return longest(byOrigin.get(url.origin), url.pathname, 0)
  }

  return {
    route,
    match: (url) => route(url)?.partner,
    find: (nameOrDid) => byName.get(nameOrDid) ?? byDid.get(nameOrDid),
    list: () => partners,
    ownsOrigin: ({ origins, pathPrefix }) =>
      pathPrefix === '' && origins.every((origin) => byOrigin.get(origin)?.pathPrefix === ''),
  }
}

/** @returns the route that is there already, if there is one with the same path prefix. */
function insert(byOrigin: Map<string, Route>, route: Route): Route | undefined {
  const { origin, pathPrefix } = route
  let before: Route | undefined
  let after = byOrigin.get(origin)
  while (after !== undefined && after.pathPrefix.length > pathPrefix.length) {
    before = after
    after = after.next
  }
  for (let twin = after; twin !== undefined; twin = twin.next) {
    if (twin.pathPrefix === pathPrefix) return twin
  }
  route.next = after
  if (before === undefined) byOrigin.set(origin, route)
  else before.next = route
  return undefined
}

/** @param start where in `text` the path begins. */
function longest(first: Route | undefined, text: string, start: number): Route | undefined {
  let route = first
  while (route !== undefined && !isBelow(text, route.pathPrefix, start)) route = route.next
  return route
}

// Nobody's, if it is not found as it stands: no IPv4 address in its many spellings (their last
// label is a number), no `xn--`, and no port that a URL would leave out
const canonicalOrigin =
  /^https?:\/\/(?:[a-z\d]+(?:-[a-z\d]+)*\.)*[a-z][a-z\d]*(?:-[a-z\d]+)*(?::(?!443\b|80\b)[1-9]\d*)?(?:\/|$)/

const slash = 0x2f
const dot = 0x2e
const questionMark = 0x3f
const hash = 0x23

// What the URL parser leaves as it is: 1 for each such character of ASCII
const plain = new Uint8Array(128)
plain.forEach((_, code) => {
  if (/[A-Za-z\d\-._~!$&'()*+,;=:@/]/.test(String.fromCharCode(code))) plain[code] = 1
})

/**
 * Whether the path that begins at `start` is canonical already: plain characters, in segments that
 * are no dot segments. Where it is not, only the parser can tell.
 */
function isCanonicalPath(url: string, start: number): boolean {
  let previous = 0
  for (let at = start; at < url.length; at += 1) {
    const code = url.charCodeAt(at)
    if (code === questionMark || code === hash) return true
    if (plain[code] !== 1 || (code === dot && previous === slash)) return false
    previous = code
  }
  return true
}

function duplicate(index: number, other: number, what: string, remedy: string): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_DUPLICATE_PARTNER',
    `partners[${index}]: expected its own name, origin and path prefix, got ${what}, which is partners[${other}]'s. ${remedy}`,
  )
}
