import type { AxiosAdapter } from 'axios'
import type { OrgidAuthError } from '../errors.js'
import type { Attachment, Config, Restore } from './axios-config.js'

/** One request on its way, whatever redirects and repetitions it takes. @internal */
export interface Call {
  adapter: AxiosAdapter
  /** The adapter is axios' own for fetch, which hides its hops. */
  readonly overFetch: boolean
  readonly config: Config
  readonly attachment: Attachment
  readonly restore: Restore
  /** Milliseconds, of `performance.now()`. */
  readonly startedAt: number
  /** Milliseconds for all of it; 0 for as long as it takes. */
  readonly timeout: number
  /** Our token as it was sent last, on the last hop. */
  sent: Sent | undefined
  /** Redirects followed in the present attempt. */
  hops: number
  /** Why a hop was refused: axios wraps what a hook throws, and the caller is owed the original. */
  hopError: OrgidAuthError | undefined
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
