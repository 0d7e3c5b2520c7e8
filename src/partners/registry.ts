import { OrgidAuthError } from '../errors.js'
import { isBelow, parseUrl } from './origin.js'
import type { Partner } from './partner.js'

/** The partners of an auth, found by URL or by name. @internal */
export interface PartnerRegistry {
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
  const byOrigin = new Map<string, Partner[]>()
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
      const there = byOrigin.get(origin) ?? []
      const twin = there.find((other) => other.pathPrefix === partner.pathPrefix)
      if (twin) {
        throw duplicate(
          index,
          partners.indexOf(twin),
          `${origin}${partner.pathPrefix}`,
          'Tell them apart by pathPrefix, or list further DIDs in audiences',
        )
      }
      there.push(partner)
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

  const match = (url: string): Partner | undefined => {
    // A registered origin at the front, up to the first slash, is what `new URL` would find as
    // well: anything that it would read another way (case, port, userinfo, tab) is no such string
    const slash = url.indexOf('/', 8)
    const originEnd = slash < 0 ? url.length : slash
    const candidates = byOrigin.get(url.slice(0, originEnd))
    if (candidates !== undefined) {
      const only = candidates[0] as Partner
      if (only.pathPrefix === '') return only
      const path = canonicalPath(url, originEnd)
      if (path !== undefined) return longest(candidates, path)
    }
    return matchParsed(url)
  }

  const matchParsed = (text: string): Partner | undefined => {
    const url = parseUrl(text)
    // The origin of a blob: URL is that of the page that made it (WHATWG URL 4.7)
    if (url === undefined || url.protocol === 'blob:' || url.username !== '' || url.password !== '')
      return undefined
    const candidates = byOrigin.get(url.origin)
    return candidates && longest(candidates, url.pathname)
  }

  return {
    match,
    find: (nameOrDid) => byName.get(nameOrDid) ?? byDid.get(nameOrDid),
    list: () => partners,
    ownsOrigin: ({ origins, pathPrefix }) =>
      pathPrefix === '' && origins.every((origin) => byOrigin.get(origin)?.length === 1),
  }
}

/** Candidates are sorted longest prefix first. */
function longest(candidates: readonly Partner[], path: string): Partner | undefined {
  return candidates.find(({ pathPrefix }) => pathPrefix === '' || isBelow(path, pathPrefix))
}

// What the URL parser leaves as it is, in segments that are no dot segments
const canonicalPathPattern = /(?:\/(?!\.)[A-Za-z0-9\-._~!$&'()*+,;=:@]*)*(?=[?#]|$)/y

/** The path of a URL that is canonical already, or undefined when only the parser can tell. */
function canonicalPath(url: string, start: number): string | undefined {
  canonicalPathPattern.lastIndex = start
  const path = canonicalPathPattern.exec(url)?.[0]
  return path === '' ? '/' : path
}

function duplicate(index: number, other: number, what: string, remedy: string): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_DUPLICATE_PARTNER',
    `partners[${index}]: expected its own name, origin and path prefix, got ${what}, which is partners[${other}]'s. ${remedy}`,
  )
}
