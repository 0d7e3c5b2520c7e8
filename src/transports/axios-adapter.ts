import type { AxiosAdapter, AxiosResponse, AxiosStatic, InternalAxiosRequestConfig } from 'axios'
import { OrgidAuthError } from '../errors.js'
import type { AuthInternals, OrgidAuth } from '../interface.js'
import { waitWithin } from './axios-cancel.js'
import { followHops, type Hops } from './axios-redirect.js'

/** An auth attached to instances of one copy of axios. @internal */
export interface Attachment {
  readonly auth: OrgidAuth
  readonly internals: AuthInternals
  readonly library: AxiosStatic
}

/** @internal */
export type Config = InternalAxiosRequestConfig

/** Calls the adapter with the token that the final URL asks for. @internal */
export function authorize(
  adapter: AxiosAdapter,
  config: Config,
  attachment: Attachment,
): Promise<AxiosResponse> {
  const restore = new Restore(config)
  try {
    joinInbound(config, attachment, restore)
    if (hasOwnAuthorization(config)) return finish(adapter(config), restore)
    const url = finalUrl(config)
    const partner = attachment.internals.partnerOf(url)
    if (partner !== undefined && !config.orgid?.skip)
      refuseDetours(config, url, partner.name, restore)
    const hops = config.orgid?.skip ? undefined : followHops(config, url, attachment, restore)
    const authorization = attachment.auth.authorization(url, config.orgid)
    if (authorization instanceof Promise) {
      return finish(
        waitWithin(authorization, config, attachment.library, restore).then((value) =>
          send(adapter, config, value, restore),
        ),
        restore,
        hops,
      )
    }
    return finish(send(adapter, config, authorization, restore), restore, hops)
  } catch (error) {
    restore.all()
    throw error
  }
}

function send(
  adapter: AxiosAdapter,
  config: Config,
  authorization: string | undefined,
  restore: Restore,
): Promise<AxiosResponse> {
  if (authorization !== undefined) {
    config.headers.set('Authorization', authorization)
    restore.authorization = authorization
  }
  return adapter(config)
}

/** Takes back what was set for the wire, whichever way the request ends. */
async function finish(
  request: Promise<AxiosResponse>,
  restore: Restore,
  hops?: Hops,
): Promise<AxiosResponse> {
  try {
    const response = await request
    restore.all()
    return hideRequest(response)
  } catch (error) {
    restore.all()
    throw hops?.error ?? hideRequest(error)
  }
}

/**
 * What has to be undone on a config. A class, since it has an identity during the request, and one
 * object is all it costs.
 *
 * @internal
 */
export class Restore {
  authorization: string | undefined
  readonly #config: Config
  #properties: [name: string, descriptor: PropertyDescriptor | undefined][] | undefined

  constructor(config: Config) {
    this.#config = config
  }

  /** Sets a property of the config for the time of the request. */
  set<K extends keyof Config>(name: K, value: Config[K]): void {
    this.#properties ??= []
    this.#properties.push([name, Object.getOwnPropertyDescriptor(this.#config, name)])
    this.#config[name] = value
  }

  all(): void {
    const { headers } = this.#config
    if (this.authorization !== undefined && headers.get('Authorization') === this.authorization) {
      headers.delete('Authorization')
    }
    while (this.#properties?.length) {
      const [name, descriptor] = this.#properties.pop() as [string, PropertyDescriptor | undefined]
      if (descriptor) Object.defineProperty(this.#config, name, descriptor)
      else delete (this.#config as unknown as Record<string, unknown>)[name]
    }
  }
}

/**
 * The caller's own Authorization. `false` counts: in axios it means that none is wanted. `auth`
 * and user info in the URL become one inside the adapter.
 */
function hasOwnAuthorization(config: Config): boolean {
  const value = config.headers.get('Authorization')
  return (value !== undefined && value !== null) || Boolean(own(config, 'auth'))
}

/** The URL that the adapter will request; `params` change neither its origin nor its path. */
function finalUrl(config: Config): string {
  const url = own(config, 'url') ?? ''
  const baseURL = own(config, 'baseURL')
  const absolute = typeof url === 'string' && /^([a-z][a-z\d+\-.]*:)?\/\//i.test(url)
  if (!baseURL || (absolute && own(config, 'allowAbsoluteUrls') !== false)) return String(url)
  return url === '' ? baseURL : `${baseURL.replace(/\/+$/, '')}/${String(url).replace(/^\/+/, '')}`
}

/** Refuses a partner's request that would go elsewhere than its URL says. */
function refuseDetours(config: Config, url: string, partner: string, restore: Restore): void {
  if (own(config, 'socketPath')) {
    throw new OrgidAuthError(
      'ERR_SOCKET_PATH',
      `socketPath: expected none for a request to ${partner}, got one, so that the bytes would not go where the URL says. Remove it, or pass orgid: { skip: true }`,
    )
  }
  if (!url.startsWith('http://')) return
  if (own(config, 'proxy')) {
    throw new OrgidAuthError(
      'ERR_PLAINTEXT_PROXY',
      `proxy: expected none for a request to ${partner} over http, got one that would read the token. Use https, which axios tunnels`,
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

/**
 * Makes the raw request non-enumerable: it holds the header as it went over the wire. It stays
 * reachable for those who use it, and out of logs.
 */
function hideRequest<T>(outcome: T): T {
  hide(outcome, 'request')
  const response = (outcome as { response?: AxiosResponse } | undefined)?.response ?? outcome
  hide(response, 'request')
  // A streamed body is Node's own message, which knows its request and its connection
  for (const name of ['req', 'socket', 'client'])
    hide((response as AxiosResponse | undefined)?.data, name)
  return outcome
}

function hide(holder: unknown, name: string): void {
  if (typeof holder !== 'object' || holder === null) return
  const descriptor = Object.getOwnPropertyDescriptor(holder, name)
  if (descriptor?.enumerable && descriptor.configurable) {
    Object.defineProperty(holder, name, { ...descriptor, enumerable: false })
  }
}

/** An own property: a polluted prototype redirects nothing. */
function own<K extends keyof Config>(config: Config, name: K): Config[K] | undefined {
  return Object.hasOwn(config, name) ? config[name] : undefined
}
