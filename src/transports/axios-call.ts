import type { AxiosAdapter } from 'axios'
import type { OrgidAuthError } from '../errors.js'
import type { Attachment, Config, Restore } from './axios-config.js'
import type { Confinement } from './fetch-confined.js'

/**
 * `own`: one of axios' own, which reads the headers at once. `fetch`: its own for fetch, which
 * hides its hops. `nested`: the wrapper of another auth around that one. `other`: a function.
 *
 * @internal
 */
export type AdapterKind = 'own' | 'fetch' | 'nested' | 'other'

/** One request on its way, whatever redirects and repetitions it takes. @internal */
export interface Call {
  readonly adapter: AxiosAdapter
  /** What the adapter is, as far as that is known. */
  readonly kind: AdapterKind
  readonly config: Config
  readonly attachment: Attachment
  readonly restore: Restore
  /** Milliseconds, of `performance.now()`. */
  readonly startedAt: number
  /** Milliseconds for all of it; 0 for as long as it takes. */
  readonly timeout: number
  /** What the request said when our token was put on it. */
  asked: Asked | undefined
  /** Our token as it was sent last, on the last hop. */
  sent: Sent | undefined
  /** Where fetch follows redirects, how far the token went. */
  confinement: Confinement | undefined
  /** Redirects followed in the present attempt. */
  hops: number
  /** Why a hop was refused: axios wraps what a hook throws, and the caller is owed the original. */
  hopError: OrgidAuthError | undefined
}

interface Asked {
  readonly url: string
  readonly method: string | undefined
  readonly data: unknown
}

interface Sent {
  readonly url: string
  readonly authorization: string
  /** Epoch seconds. */
  readonly at: number
}

/** Notes that our token goes out to a URL. @internal */
export function noteSent(call: Call, url: string, authorization: string): void {
  call.sent = { url, authorization, at: call.attachment.internals.now() }
}
