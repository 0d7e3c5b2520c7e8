import type { AxiosHeaders, AxiosResponse, AxiosStatic, InternalAxiosRequestConfig } from 'axios'
import type { CallOptions } from '../context.js'
import type { AuthInternals, OrgidAuth } from '../interface.js'

/** An auth attached to instances of one copy of axios. @internal */
export interface Attachment {
  readonly auth: OrgidAuth
  readonly internals: AuthInternals
  readonly library: AxiosStatic
  /** The configs of requests that have not ended. */
  readonly underWay: WeakMap<Config, Restore>
}

/** @internal */
export type Config = InternalAxiosRequestConfig

/**
 * What has to be undone on a config. A class, since it has an identity during the request, and one
 * object is all it costs.
 *
 * @internal
 */
export class Restore {
  authorization: string | undefined
  #headers: AxiosHeaders | undefined
  #callers: Config['headers'] | undefined
  readonly #config: Config
  readonly #underWay: WeakMap<Config, Restore>
  readonly #properties: [name: string, descriptor: PropertyDescriptor | undefined][] = []

  constructor(config: Config, { underWay }: Attachment) {
    this.#config = config
    this.#underWay = underWay
    underWay.set(config, this)
  }

  /** Sets a property of the config for the time of the request. */
  set<K extends keyof Config>(name: K, value: Config[K]): void {
    this.#properties.push([name, Object.getOwnPropertyDescriptor(this.#config, name)])
    this.#config[name] = value
  }

  /** Puts the token on headers of this request's own: the caller's may be shared with others. */
  authorize(authorization: string): void {
    this.#callers = this.#config.headers
    const headers = this.#config.headers.concat()
    headers.set('Authorization', authorization)
    this.authorization = authorization
    this.#headers = headers
    this.set('headers', headers as Config['headers'])
  }

  /** Puts the caller's headers back, while an adapter goes on with those that have the token. */
  takeBack(): void {
    if (this.#callers) this.set('headers', this.#callers)
  }

  /** Takes the token back off. */
  withdraw(): void {
    this.#headers?.delete('Authorization')
    this.takeBack()
  }

  /** A config as it was before. */
  copy(): Config {
    const copy = Object.assign(Object.create(null) as Config, this.#config)
    undo(copy, this.#properties)
    return copy
  }

  all(): void {
    if (this.#underWay.get(this.#config) === this) this.#underWay.delete(this.#config)
    this.#headers?.delete('Authorization')
    undo(this.#config, this.#properties)
    this.#properties.length = 0
  }

  /** An adapter of someone else's may have handed back a config of its own. */
  scrub({ config }: AxiosResponse): void {
    const headers: unknown = config === this.#config ? undefined : config?.headers
    if (this.authorization === undefined || typeof headers !== 'object' || headers === null) return
    for (const [name, value] of Object.entries(headers)) {
      if (value === this.authorization) delete (headers as Record<string, unknown>)[name]
    }
  }
}

function undo(
  config: Config,
  properties: readonly [name: string, descriptor: PropertyDescriptor | undefined][],
): void {
  for (const [name, descriptor] of properties.toReversed()) {
    if (descriptor) Object.defineProperty(config, name, descriptor)
    else Reflect.deleteProperty(config, name)
  }
}

/**
 * The caller's own Authorization. `false` counts: in axios it means that none is wanted. `auth`
 * and user info in the URL become one inside the adapter.
 *
 * @internal
 */
export function hasOwnAuthorization(config: Config): boolean {
  const value = config.headers.get('Authorization')
  return (value !== undefined && value !== null) || Boolean(own(config, 'auth'))
}

/** Whether the call itself says that no token of ours is wanted, on no hop. @internal */
export function isSkipped(config: Config): boolean {
  const options: CallOptions | null | undefined = own(config, 'orgid')
  return options != null && Object.hasOwn(options, 'skip') && options.skip === true
}

/** The URL that the adapter will request; `params` change neither its origin nor its path. @internal */
export function finalUrl(config: Config): string {
  const url = own(config, 'url') ?? ''
  const baseURL = own(config, 'baseURL')
  const absolute = typeof url === 'string' && /^([a-z][a-z\d+\-.]*:)?\/\//i.test(url)
  if (!baseURL || (absolute && own(config, 'allowAbsoluteUrls') !== false)) return String(url)
  return url === '' ? baseURL : `${baseURL.replace(/\/+$/, '')}/${String(url).replace(/^\/+/, '')}`
}

/** An own property: a polluted prototype redirects nothing. @internal */
export function own<K extends keyof Config>(config: Config, name: K): Config[K] | undefined {
  return Object.hasOwn(config, name) ? config[name] : undefined
}
