import type { AxiosAdapter, AxiosResponse } from 'axios'
import { OrgidAuthError } from '../errors.js'
import type { Partner } from '../partners/partner.js'
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
import { followHops, type Hops } from './axios-redirect.js'

/** Calls the adapter with the token that the final URL asks for. @internal */
export function authorize(
  adapter: AxiosAdapter,
  callers: Config,
  attachment: Attachment,
): Promise<AxiosResponse> {
  // A config that is under way already is someone else's: this request works on its own copy
  const config = attachment.underWay.get(callers)?.copy() ?? callers
  const restore = new Restore(config, attachment)
  try {
    joinInbound(config, attachment, restore)
    if (typeof config.url !== 'string' && config.url) restore.set('url', String(config.url))
    const hops = isSkipped(config) ? undefined : followHops(config, attachment, restore)
    return finish(bind(adapter, config, attachment, restore), restore, hops)
  } catch (error) {
    restore.all()
    throw error
  }
}

/** Decides the header at the last moment, and decides again if it had to be waited for. */
function bind(
  adapter: AxiosAdapter,
  config: Config,
  attachment: Attachment,
  restore: Restore,
): Promise<AxiosResponse> {
  if (hasOwnAuthorization(config)) return adapter(config)
  const url = finalUrl(config)
  const authorization = attachment.auth.authorization(url, own(config, 'orgid'))
  if (authorization instanceof Promise) {
    return waitWithin(authorization, config, attachment.library, restore).then((value) =>
      finalUrl(config) === url && !hasOwnAuthorization(config)
        ? send(adapter, config, value, { attachment, restore, url })
        : bind(adapter, config, attachment, restore),
    )
  }
  return send(adapter, config, authorization, { attachment, restore, url })
}

interface Sending {
  readonly attachment: Attachment
  readonly restore: Restore
  readonly url: string
}

function send(
  adapter: AxiosAdapter,
  config: Config,
  authorization: string | undefined,
  { attachment, restore, url }: Sending,
): Promise<AxiosResponse> {
  if (authorization !== undefined) {
    const partner = attachment.internals.partnerOf(url)
    if (partner !== undefined) refuseDetours(config, url, partner, restore)
    restore.authorize(authorization)
  }
  return adapter(config)
}

/** Takes back what was set for the wire, whichever way the request ends. */
async function finish(
  request: Promise<AxiosResponse>,
  restore: Restore,
  hops: Hops | undefined,
): Promise<AxiosResponse> {
  try {
    const response = await request
    restore.all()
    restore.scrub(response)
    return hideRequest(response)
  } catch (error) {
    restore.all()
    throw hops?.error ?? hideRequest(error)
  }
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

/** Lets the inbound request's end abort this call, as far as the middleware's policy goes. */
function joinInbound(config: Config, { internals }: Attachment, restore: Restore): void {
  const inbound = internals.context.current()?.inbound
  if (inbound === undefined || inbound.abort === 'none') return
  if (inbound.abort === 'safe' && !/^(?:get|head|options)$/i.test(config.method ?? 'get')) return
  const signals = [config.signal, inbound.signal].filter((signal) => signal instanceof AbortSignal)
  // An axios GenericAbortSignal that is no AbortSignal cannot be joined; the caller's stays
  if (config.signal && signals.length === 1) return
  restore.set('signal', signals.length === 1 ? inbound.signal : AbortSignal.any(signals))
}
