import { publish } from '../events.js'
import type { Clock } from './clock.js'
import type { Keyring, SigningKey } from './keyring.js'

/** A partner that is served with an older key. Times are epoch seconds. @internal */
interface Fallback {
  /** The newest key, which the partner refused. */
  readonly from: string
  /** The key that signs for it meanwhile. */
  readonly to: string
  readonly since: number
  /** From then on the next call that can be repeated tries the newest key. */
  readonly retryAt: number
}

/** What a 401 says about the key of a token. @internal */
interface KeyRefusal {
  /** The key that signed it; undefined if that is in the ring no more. */
  readonly keyId: string | undefined
  /** It was in its time by the partner's clock, so that this explains nothing. */
  readonly isTimely: boolean
  /** The call had been repeated already. */
  readonly isRepeated: boolean
}

/** Which key signs for which partner, as far as partners do not know the newest. @internal */
export interface Fallbacks {
  /**
   * The id of the key to sign with.
   *
   * @param now epoch seconds.
   * @param mayProbe the call can be repeated, and so may try a key that was refused.
   * @throws OrgidAuthError `ERR_NO_ACTIVE_KEY`
   */
  keyFor(partner: string, now: number, mayProbe?: boolean): string
  /** The id of the key whose token will do as long as there is none of `keyId`. */
  before(partner: string, keyId: string): string | undefined
  /** @returns the id of the key to sign with instead of what was refused. */
  refused(partner: string, refusal: KeyRefusal): string
  /** Whether there may be one for any partner. */
  isAny(): boolean
  /** Whether something follows from which key a token has that is accepted. */
  isWaiting(partner: string): boolean
  accepted(partner: string, keyId: string): void
  /** The fallback in force. */
  of(partner: string): Fallback | undefined
  forget(partner: string): void
}

interface Entry extends Fallback {
  /**
   * In force are `open`, where the older key has not been accepted yet, and `proven`, where it has.
   * `over`: the newest has been; a relapse begins with longer waits. `vain`: the older key was
   * refused as well, so that it is not the key.
   */
  readonly state: 'open' | 'proven' | 'over' | 'vain'
  /** Seconds from a refusal of the newest key to the next try. */
  readonly wait: number
  /** A token of the newest key may be on its way. */
  readonly isProbing: boolean
}

/** What a refusal meets with. */
interface Scene {
  readonly partner: string
  readonly active: SigningKey
  /** In force. */
  readonly entry: Entry | undefined
  /** The id of the key to go back to, or that is gone back to already. */
  readonly older: string
  readonly now: number
}

/**
 * Seconds from its activation for which a key may be unknown to a partner: current ones keep what
 * they have resolved for up to 30 days, and a day's margin.
 */
const unknownFor = 31 * 86_400
/** Seconds between tries of a key that is refused; twice as long each time. */
const shortestWait = 3_600
const longestWait = 86_400
/** Seconds to the next try while nothing is known of the last one. */
const undecided = 60
/** Seconds in which the older key is not tried again after it was refused as well. */
const vainFor = 600

/**
 * Goes back to the key before for a partner that refuses the newest, and to the newest once the
 * partner takes it. A partner's view of ORG.JSON may be up to 30 days old.
 *
 * @internal
 */
export function createFallbacks(keyring: Keyring, clock: Clock): Fallbacks {
  const entries = new Map<string, Entry>()

  const put = (partner: string, entry: Entry, change: Partial<Entry>): Entry => {
    const changed = { ...entry, ...change }
    entries.set(partner, changed)
    return changed
  }

  /** What is in force beside the active key. */
  const current = (partner: string, active: SigningKey, now: number): Entry | undefined => {
    const entry = entries.size === 0 ? undefined : entries.get(partner)
    if (entry?.state !== 'open' && entry?.state !== 'proven') return undefined
    // One of the two was retired
    if (entry.to === active.id || keyring.get(entry.to) === undefined) {
      entries.delete(partner)
      return undefined
    }
    if (entry.from === active.id) return entry
    // A third key has begun to sign, and nothing is known against that one
    const anew = { from: active.id, wait: shortestWait, retryAt: now, isProbing: false }
    return put(partner, entry, anew)
  }

  const keyFor: Fallbacks['keyFor'] = (partner, now, mayProbe = false) => {
    const active = keyring.active(now)
    const entry = current(partner, active, now)
    if (entry === undefined) return active.id
    // Further away than it can have been set: the clock was set back
    const isDue = now >= entry.retryAt || entry.retryAt > now + longestWait
    if (!mayProbe || !isDue) return entry.to
    put(partner, entry, { isProbing: true, retryAt: now + undecided })
    return active.id
  }

  const before: Fallbacks['before'] = (partner, keyId) => {
    const now = clock.now()
    const active = keyring.active(now)
    if (keyId !== active.id) return undefined
    return current(partner, active, now)?.to ?? keyring.before(keyId)?.id
  }

  const entryOf = (from: SigningKey, to: string, wait: number, now: number): Entry => {
    const state = { state: 'open', wait, isProbing: false } as const
    return { from: from.id, to, since: now, retryAt: now + wait, ...state }
  }

  /** What is known of a key at a partner where nothing is in force. */
  const known = (partner: string, { id }: SigningKey): Entry | undefined => {
    const entry = entries.get(partner)
    return entry?.from === id ? entry : undefined
  }

  const mayFallBack = (partner: string, active: SigningKey, now: number): boolean =>
    now - active.activeFrom <= unknownFor && !isVain(known(partner, active), now)

  const begin = (partner: string, from: SigningKey, to: string, now: number): void => {
    const last = known(partner, from)
    const wait = last?.state === 'over' ? longer(last) : shortestWait
    entries.set(partner, entryOf(from, to, wait, now))
    tell(partner, from.id, to)
  }

  const newestRefused = ({ partner, active, entry, older, now }: Scene, isTimely: boolean) => {
    if (entry !== undefined) {
      // It says nothing when the clock explains it, and is no answer to a probe when it comes late
      const wait = entry.isProbing && isTimely ? longer(entry) : undefined
      const next = wait !== undefined && { wait, retryAt: now + wait }
      put(partner, entry, { isProbing: false, ...next })
      return entry.to
    }
    if (!mayFallBack(partner, active, now)) return active.id
    // By the right clock and with the older key, nothing is left that may be wrong with a token. If
    // it may have been the clock alone, no key is to blame, and the next call takes the newest again
    if (isTimely) begin(partner, active, older, now)
    return older
  }

  const olderRefused = ({ partner, active, entry, older, now }: Scene, isRepeated: boolean) => {
    if (entry?.state === 'proven') {
      // Either the partner has got to know the newest key, or it takes none for the time being
      if (isRepeated) put(partner, entry, { retryAt: Math.min(entry.retryAt, now + undecided) })
      return entry.to
    }
    if (entry === undefined && !isRepeated) return active.id
    const vain = { state: 'vain', retryAt: now + vainFor } as const
    put(partner, entry ?? entryOf(active, older, shortestWait, now), vain)
    if (entry !== undefined) tell(partner, older, active.id)
    return active.id
  }

  const refused: Fallbacks['refused'] = (partner, { keyId, isTimely, isRepeated }) => {
    const now = clock.now()
    const active = keyring.active(now)
    const entry = current(partner, active, now)
    const older = entry?.to ?? keyring.before(active.id)?.id
    if (older === undefined) return active.id
    const scene: Scene = { partner, active, entry, older, now }
    if (keyId === active.id) return newestRefused(scene, isTimely)
    if (keyId === older && isTimely) return olderRefused(scene, isRepeated)
    return entry?.to ?? active.id
  }

  const inForce = (partner: string): Entry | undefined => {
    if (entries.size === 0) return undefined
    const now = clock.now()
    return current(partner, keyring.active(now), now)
  }

  return {
    keyFor,
    before,
    refused,
    isAny: () => entries.size > 0,
    isWaiting: (partner) => {
      const entry = inForce(partner)
      return entry !== undefined && (entry.isProbing || entry.state === 'open')
    },
    accepted: (partner, keyId) => {
      const entry = inForce(partner)
      if (entry === undefined) return
      if (keyId === entry.to) put(partner, entry, { state: 'proven' })
      else if (keyId === entry.from && entry.isProbing) {
        put(partner, entry, { state: 'over' })
        tell(partner, entry.to, keyId)
      }
    },
    of: (partner) => {
      const entry = inForce(partner)
      if (entry === undefined) return undefined
      const { from, to, since, retryAt } = entry
      return { from, to, since, retryAt }
    },
    forget: (partner) => void entries.delete(partner),
  }
}

function tell(partner: string, from: string, to: string): void {
  publish('orgid-bearer:fallback', () => ({ partner, from, to }))
}

const longer = ({ wait }: Entry): number => Math.min(wait * 2, longestWait)

function isVain(entry: Entry | undefined, now: number): boolean {
  return entry?.state === 'vain' && entry.retryAt > now && entry.retryAt <= now + vainFor
}
