import type { SigningKey } from '../tokens/keyring.js'
import type { Partner } from './partner.js'

/** The way to a partner. @internal */
export interface Route {
  readonly partner: Partner
  /** The partner's, to be at hand. */
  readonly pathPrefix: string
  /** What calls to the partner get, as long as nothing changes that. */
  standing: Standing | undefined
}

/**
 * The header of calls without options, and all that it depends on, in one place: among a thousand
 * partners little of it is in the processor's cache, and most of the time goes into fetching that.
 * Times are whole seconds, which V8 keeps in the object itself.
 *
 * @internal
 */
interface Standing {
  readonly authorization: string
  readonly generation: number
  readonly key: SigningKey
  /** Epoch seconds. */
  readonly from: number
  readonly until: number
  /** Seconds, monotonic. */
  readonly deadline: number
}
