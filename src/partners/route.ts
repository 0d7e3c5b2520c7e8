import type { Stretch } from '../tokens/clock.js'
import type { Partner } from './partner.js'

/**
 * A place where a partner is, and the header of calls without options to it, with all that it
 * depends on: in one object, since among a thousand partners little is in the processor's cache, and
 * most of the time goes into fetching it. Times are whole seconds, which V8 keeps in the object
 * itself.
 *
 * @internal
 */
export interface Route extends Stretch {
  readonly origin: string
  readonly pathPrefix: string
  readonly partner: Partner
  /** The next shorter path prefix at the same origin. */
  next: Route | undefined
  /** What calls get, as long as nothing changes that; undefined while that is not known. */
  authorization: string | undefined
  /** The one in which that was so. */
  revision: number
  from: number
  until: number
  deadline: number
}

/** @internal */
export function createRoute(origin: string, partner: Partner): Route {
  return {
    origin,
    pathPrefix: partner.pathPrefix,
    partner,
    next: undefined,
    authorization: undefined,
    revision: 0,
    from: 0,
    until: 0,
    deadline: 0,
  }
}
