import type { Route } from './route.js'

const slash = 0x2f
/** Of `https://`. After `http://` that is one late, which tells hosts apart as well. */
const hostStart = 8

/**
 * Finds the routes whose origin is what a URL begins with, up to the first slash: the first of them,
 * which has the longest path prefix.
 *
 * It is a hash table of its own, since this is done for every call: a `Map` takes more than twice
 * as long, because V8 leaves compiled code to hash a string that it has not seen before. The hash
 * only says where to look; what is found there is compared as a whole.
 *
 * @internal
 */
export function findRoutes(
  byOrigin: ReadonlyMap<string, Route>,
): (url: string) => Route | undefined {
  // A power of two, and at least half of it empty
  const size = 2 ** Math.ceil(Math.log2(2 * byOrigin.size + 1))
  const table = new Array<Route | undefined>(size).fill(undefined)
  const mask = size - 1
  let longest = 0

  for (const [origin, route] of byOrigin) {
    let hash = 0
    for (let at = hostStart; at < origin.length; at += 1) hash = mix(hash, origin.charCodeAt(at))
    let index = hash & mask
    while (table[index] !== undefined) index = (index + 1) & mask
    table[index] = route
    longest = Math.max(longest, origin.length)
  }

  return (url) => {
    const limit = Math.min(url.length, longest + 1)
    let hash = 0
    let end = hostStart
    for (; end < limit; end += 1) {
      const code = url.charCodeAt(end)
      if (code === slash) break
      hash = mix(hash, code)
    }
    const start = url.slice(0, end)
    let index = hash & mask
    let route = table[index]
    while (route !== undefined && route.origin !== start) {
      index = (index + 1) & mask
      route = table[index]
    }
    return route
  }
}

function mix(hash: number, code: number): number {
  return (Math.imul(hash, 31) + code) | 0
}
