import type { AxiosResponse } from 'axios'
import { OrgidAuthError } from '../errors.js'
import type { Partner } from '../partners/partner.js'
import type { Call } from './axios-call.js'
import { waitWithin } from './axios-cancel.js'
import {
  type Attachment,
  type Config,
  finalUrl,
  hasOwnAuthorization,
  isSkipped,
  own,
  Restore,
} from './axios-config.js'
import { hideRequest } from './axios-hide.js'
import { followHops } from './axios-redirect.js'
import { request, sendWith } from './axios-send.js'
import { repeatIfRefused } from './axios-unauthorized.js'
import { inboundSignal } from './inbound.js'

/** Calls the adapter with the token that the final URL asks for. @internal */
export async function authorize(
  { adapter, kind }: Pick<Call, 'adapter' | 'kind'>,
  callers: Config,
  attachment: Attachment,
): Promise<AxiosResponse> {
  // A config that is under way already is someone else's: this request works on its own copy
  const config = attachment.underWay.get(callers)?.copy() ?? callers
  const restore = new Restore(config, attachment)
  const call: Call = {
    adapter,
    kind,
    config,
    attachment,
    restore,
    startedAt: performance.now(),
    timeout: Number(config.timeout ?? 0),
    asked: undefined,
    sent: undefined,
    confinement: undefined,
    hops: 0,
    hopError: undefined,
  }
  // Takes back what was set for the wire, whichever way the request ends
  try {
    joinInbound(config, attachment, restore)
    if (typeof config.url !== 'string' && config.url) restore.set('url', String(config.url))
    if (!isSkipped(config)) followHops(call)
    const response = await repeatIfRefused(call, () => bind(call))
    restore.all()
    restore.scrub(response)
    return hideRequest(response)
  } catch (error) {
    restore.all()
    throw call.hopError ?? refusedHop(error) ?? hideRequest(error)
  }
}

/** Decides the header at the last moment, and decides again if it had to be waited for. */
function bind(call: Call): Promise<AxiosResponse> {
  const { config, attachment } = call
  if (hasOwnAuthorization(config)) return request(call)
  const url = finalUrl(config)
  const authorization = attachment.auth.authorization(url, own(config, 'orgid'))
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
  const { config, attachment, restore } = call
  if (authorization === undefined) return request(call)
  const partner = attachment.internals.partnerOf(url)
  if (partner !== undefined) refuseDetours(config, url, partner, restore)
  call.asked = { url, method: config.method, data: config.data }
  return sendWith(call, url, authorization)
}

/** Refuses a partner's request that would go elsewhere than its URL says. */
function refuseDetours(config: Config, url: string, partner: Partner, restore: Restore): void {
  if (own(config, 'socketPath')) {
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
