import type { AxiosResponse } from 'axios'
import { OrgidAuthError } from '../errors.js'
import type { Call } from './axios-call.js'
import { waitWithin } from './axios-cancel.js'
import {
  type Attachment,
  type Config,
  enter,
  finalUrl,
  hasOwnAuthorization,
  isSkipped,
  leave,
  own,
  Restore,
  type UnderWay,
} from './axios-config.js'
import { hideRequest } from './axios-hide.js'
import { followHops } from './axios-redirect.js'
import { request, sendWith } from './axios-send.js'
import { accepted, isRefusal, repeat } from './axios-unauthorized.js'
import { isReplayable } from './body.js'
import { inboundSignal } from './inbound.js'

/**
 * Calls the adapter with the token that the final URL asks for.
 *
 * Written with `then`, not `async`: nearly all that this costs a request is turns of the promise
 * queue, and so there is one.
 *
 * @param underWay what goes on with the config.
 * @param end called when the request has ended, whichever way.
 * @internal
 */
export function authorize(
  { adapter, kind }: Pick<Call, 'adapter' | 'kind'>,
  callers: Config,
  attachment: Attachment,
  underWay: UnderWay,
  end: () => void,
): Promise<AxiosResponse> {
  // A config that is under way already is someone else's: this request works on its own copy
  const theirs = underWay.restores.find((other) => other.attachment === attachment)
  const config = theirs?.copy() ?? callers
  const ours = theirs === undefined ? underWay : enter(config)
  const restore = new Restore(config, ours, attachment)
  const timeout = Number(config.timeout ?? 0)
  const call: Call = {
    adapter,
    kind,
    config,
    attachment,
    restore,
    startedAt: timeout > 0 ? performance.now() : 0,
    timeout,
    asked: undefined,
    sent: undefined,
    confinement: undefined,
    hops: 0,
    hopError: undefined,
  }
  // Takes back what was set for the wire, whichever way the request ends
  const takeBack = () => {
    restore.all()
    if (ours !== underWay) leave(config, ours)
    end()
  }
  const succeed = (response: AxiosResponse): AxiosResponse => {
    takeBack()
    restore.scrub(response)
    return hideRequest(response)
  }
  const fail = (error: unknown): never => {
    takeBack()
    throw call.hopError ?? refusedHop(error) ?? hideRequest(error)
  }
  return start(call).then(
    (response) => {
      if (!isRefusal(response)) return succeed(accepted(call, response))
      return repeat(call, { response }, () => bind(call)).then(succeed, fail)
    },
    (error: unknown) => {
      const { response } = (error ?? {}) as { response?: AxiosResponse }
      if (response !== undefined && !isRefusal(response)) accepted(call, response)
      if (!isRefusal(response)) return fail(error)
      return repeat(call, { response, error }, () => bind(call)).then(succeed, fail)
    },
  )
}

/** Never throws, since adapters of someone else's may. */
function start(call: Call): Promise<AxiosResponse> {
  const { config, attachment, restore } = call
  try {
    joinInbound(config, attachment, restore)
    if (typeof config.url !== 'string' && config.url) restore.set('url', String(config.url))
    if (!isSkipped(config)) followHops(call)
    return Promise.resolve(bind(call))
  } catch (error) {
    return Promise.reject(error)
  }
}

/** Decides the header at the last moment, and decides again if it had to be waited for. */
function bind(call: Call): Promise<AxiosResponse> {
  const { config, attachment } = call
  if (hasOwnAuthorization(config)) return request(call)
  const url = finalUrl(config)
  const mayRepeat = isReplayable(config.data)
  const authorization = attachment.internals.authorization(url, own(config, 'orgid'), mayRepeat)
  if (authorization instanceof Promise) {
    return waitWithin(authorization, call).then((value) =>
      finalUrl(config) === url && !hasOwnAuthorization(config)
        ? send(call, url, value)
        : bind(call),
    )
  }
  return send(call, url, authorization)
}

function send(call: Call, url: string, authorization: string | undefined): Promise<AxiosResponse> {
  const { config } = call
  if (authorization === undefined) return request(call)
  refuseDetours(call, url)
  call.asked = { url, method: config.method, data: config.data }
  return sendWith(call, url, authorization)
}

/** Refuses a partner's request that would go elsewhere than its URL says. */
function refuseDetours({ config, attachment, restore }: Call, url: string): void {
  const socketPath = own(config, 'socketPath')
  if (!socketPath && url.startsWith('https:')) return
  const partner = attachment.internals.partnerOf(url)
  if (partner === undefined) return
  if (socketPath) {
    throw new OrgidAuthError(
      'ERR_SOCKET_PATH',
      `socketPath: expected none for a request to ${partner.name}, got one, so that the bytes would not go where the URL says. Remove it, or pass orgid: { skip: true }`,
    )
  }
  const mayBeHttp = partner.origins.some((origin) => origin.startsWith('http:'))
  if (!mayBeHttp || new URL(url).protocol !== 'http:') return
  if (own(config, 'proxy')) {
    throw new OrgidAuthError(
      'ERR_PLAINTEXT_PROXY',
      `proxy: expected none for a request to ${partner.name} over http, got one that would read the token. Use https, which axios tunnels`,
    )
  }
  // http is loopback here, which needs no proxy: one from the environment must not see the token
  restore.set('proxy', false)
}

/** What a confined fetch refused, which axios has wrapped. */
function refusedHop(error: unknown): OrgidAuthError | undefined {
  const cause = (error as { readonly cause?: unknown } | null | undefined)?.cause
  return cause instanceof OrgidAuthError && cause.code === 'ERR_REDIRECT_TOKEN' ? cause : undefined
}

/** Lets the inbound request's end abort this call, as far as the middleware's policy goes. */
function joinInbound(config: Config, { internals }: Attachment, restore: Restore): void {
  const signal = inboundSignal(internals.context.current(), config.method)
  if (signal === undefined) return
  if (!config.signal) restore.set('signal', signal)
  // An axios GenericAbortSignal that is no AbortSignal cannot be joined; the caller's stays
  else if (config.signal instanceof AbortSignal) {
    restore.set('signal', AbortSignal.any([config.signal, signal]))
  }
}
