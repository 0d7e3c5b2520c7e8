import { createHash } from 'node:crypto'
import { channel, subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { describe, OrgidAuthError } from './errors.js'

/** What an event says of a token; never the token. Times are epoch seconds. */
export interface TokenFacts {
  /** The first eight hex digits of the SHA-256 of its value: enough to tell two apart in a log. */
  readonly hash: string
  readonly issuedAt: number
  readonly freshUntil: number
  readonly expiresAt: number
}

/** What every event about a partner's token says. */
export interface TokenEvent {
  /** The partner's name. */
  readonly partner: string
  /** The fragment of the key that signs. */
  readonly keyId: string
  /** `aud`. */
  readonly audience: string
}

/** A signature is asked for, and what came of it. */
export interface MintEvent extends TokenEvent {
  /** Set once it is there. */
  token?: TokenFacts
  /** Set if it failed. */
  error?: unknown
}

/** A token is replaced. */
export interface RefreshEvent extends TokenEvent {
  /**
   * `stale`: its fresh part is over. `forced`: a call asked for another. `unauthorized`: a partner
   * refused it.
   */
  readonly reason: 'stale' | 'forced' | 'unauthorized'
  /** Seconds that the one to be replaced would still have lived. */
  readonly remaining: number
}

/** A call that this library refused. */
export interface RefusedEvent {
  readonly error: OrgidAuthError
}

/** A partner answered 401 to a token of ours. */
export interface UnauthorizedEvent extends TokenEvent {
  /** {@link TokenFacts.hash} of the token that was refused. */
  readonly hash: string
}

/** A call is made once more, with another token. */
export interface RetriedEvent extends TokenEvent {
  /** {@link TokenFacts.hash} of the token that goes with it. */
  readonly hash: string
}

/** A partner's clock is learnt, from the answer to a 401. Seconds. */
export interface SkewEvent {
  readonly partner: string
  /** By how much the partner's clock is ahead of ours. */
  readonly offset: number
  readonly previous: number
}

/** A signature could not be had. */
export interface SignerFailedEvent extends TokenEvent {
  readonly error: OrgidAuthError
}

/** The shared store did not answer, or not with what it should. The call went on without. */
export interface StoreFailedEvent {
  readonly operation: 'get' | 'set' | 'add' | 'delete'
  /** `poisoned`: what it holds is no token of ours for this request. */
  readonly reason: 'timeout' | 'error' | 'poisoned'
}

/** Another key signs from now on. */
export interface KeyActivatedEvent {
  readonly keyId: string
  readonly previous: string | undefined
}

/** A partner that refuses the active key is called with the one before, or with the active one again. */
export interface FallbackEvent {
  readonly partner: string
  readonly from: string
  readonly to: string
}

/** What is published on `node:diagnostics_channel`, by the name of its channel. */
export interface OrgidEvents {
  /** There was no usable token: a call waits for one. */
  readonly 'orgid-bearer:miss': TokenEvent
  readonly 'orgid-bearer:refresh': RefreshEvent
  readonly 'orgid-bearer:refused': RefusedEvent
  readonly 'orgid-bearer:unauthorized': UnauthorizedEvent
  readonly 'orgid-bearer:retried': RetriedEvent
  readonly 'orgid-bearer:skew': SkewEvent
  readonly 'orgid-bearer:signer-failed': SignerFailedEvent
  readonly 'orgid-bearer:store-failed': StoreFailedEvent
  readonly 'orgid-bearer:key-activated': KeyActivatedEvent
  readonly 'orgid-bearer:fallback': FallbackEvent
}

const channels: Readonly<Record<keyof OrgidEvents, true>> = {
  'orgid-bearer:miss': true,
  'orgid-bearer:refresh': true,
  'orgid-bearer:refused': true,
  'orgid-bearer:unauthorized': true,
  'orgid-bearer:retried': true,
  'orgid-bearer:skew': true,
  'orgid-bearer:signer-failed': true,
  'orgid-bearer:store-failed': true,
  'orgid-bearer:key-activated': true,
  'orgid-bearer:fallback': true,
}

/**
 * Listens to one kind of event, of all auths of this process.
 *
 * The same as `subscribe` of `node:diagnostics_channel`, with types. A listener is called in the
 * middle of the call that it is about: what it throws ends as an uncaught exception, not in the
 * call.
 *
 * @returns ends it.
 * @throws OrgidAuthError `ERR_INVALID_OPTION` for a name that is none.
 */
export function onEvent<Name extends keyof OrgidEvents>(
  name: Name,
  listener: (event: OrgidEvents[Name]) => void,
): () => void {
  if (!Object.hasOwn(channels, name)) {
    throw new OrgidAuthError(
      'ERR_INVALID_OPTION',
      `name: expected one of ${Object.keys(channels).join(', ')}, got ${describe(name)} that is none of them. Mints are told on the tracing channel orgid-bearer:mint of node:diagnostics_channel`,
    )
  }
  const received = (message: unknown) => listener(message as OrgidEvents[Name])
  subscribe(name, received)
  return () => void unsubscribe(name, received)
}

/** The tracing channel of mints: `start`, `end`, `asyncStart`, `asyncEnd`, `error`. @internal */
export const mints = tracingChannel<unknown, MintEvent>('orgid-bearer:mint')

/** Publishes an event, which is put together only if anybody listens. @internal */
export function publish<Name extends keyof OrgidEvents>(
  name: Name,
  event: () => OrgidEvents[Name],
): void {
  const listened = channel(name)
  if (listened.hasSubscribers) listened.publish(event())
}

/** {@link TokenFacts.hash} @internal */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 8)
}
