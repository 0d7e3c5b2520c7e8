import type { AxiosHeaders, AxiosResponse, AxiosStatic, InternalAxiosRequestConfig } from 'axios'
import type { CallOptions } from '../context.js'
import type { AuthInternals, OrgidAuth } from '../interface.js'

/** An auth attached to instances of one copy of axios. @internal */
export interface Attachment {
  readonly auth: OrgidAuth
  readonly internals: AuthInternals
  readonly library: AxiosStatic
}

/** @internal */
export type Config = InternalAxiosRequestConfig

/** What goes on with a config: an interceptor may give several requests the same. @internal */
export interface UnderWay {
  /** How many requests with it have not ended. */
  requests: number
  /** Of those that work on the config itself: one of each attachment. */
  readonly restores: Restore[]
}

// One entry for each request: such a map costs it more time than most of what is done here
const configs = new WeakMap<Config, UnderWay>()

/** A request with a config begins. @internal */
export function enter(config: Config): UnderWay {
  const known = configs.get(config)
  if (known !== undefined) {
    known.requests += 1
    return known
  }
  const underWay: UnderWay = { requests: 1, restores: [] }
  configs.set(config, underWay)
  return underWay
}

/** A request with a config has ended. @returns whether it was the last of them. @internal */
export function leave(config: Config, underWay: UnderWay): boolean {
  underWay.requests -= 1
  if (underWay.requests > 0) return false
  configs.delete(config)
  return true
}

/**
 * What has to be undone on a config. A class, since it has an identity during the request, and one
 * object is all it costs.
 *
 * @internal
 */
export class Restore {
  authorization: string | undefined
  #headers: Headers | undefined
  #callers: Config['headers'] | undefined
  readonly attachment: Attachment
  readonly #config: Config
  readonly #underWay: UnderWay
  #name: string | undefined
  readonly #properties: Property[] = []

  constructor(config: Config, underWay: UnderWay, attachment: Attachment) {
    this.#config = config
    this.#underWay = underWay
    this.attachment = attachment
    underWay.restores.push(this)
  }

  /** Sets a property of the config for the time of the request. */
  set<K extends keyof Config>(name: K, value: Config[K]): void {
    const isOwn = Object.hasOwn(this.#config, name)
    this.#properties.push({ name, isOwn, value: isOwn ? this.#config[name] : undefined })
    this.#config[name] = value
  }

  /** Puts the token on headers of this request's own: the caller's may be shared with others. */
  authorize(authorization: string): void {
    const callers = this.#config.headers
    this.#callers = callers
    // As `concat` and `set` do it, without looking at each header anew: a token needs no cleaning
    const headers = Object.assign(Object.create(Object.getPrototypeOf(callers)) as Headers, callers)
    this.#name = authorizationName(callers) ?? 'Authorization'
    headers[this.#name] = authorization
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
    this.#strip()
    this.takeBack()
  }

  /** A config as it was before. */
  copy(): Config {
    const copy = Object.assign(Object.create(null) as Config, this.#config)
    undo(copy, this.#properties)
    return copy
  }

  all(): void {
    const { restores } = this.#underWay
    restores.splice(restores.indexOf(this), 1)
    this.#strip()
    undo(this.#config, this.#properties)
    this.#properties.length = 0
  }

  #strip(): void {
    const headers = this.#headers
    if (headers === undefined) return
    // An adapter may have given it another case
    if (this.#name !== undefined && headers[this.#name] === this.authorization) {
      delete headers[this.#name]
    } else headers.delete('Authorization')
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

type Headers = AxiosHeaders & Record<string, unknown>

/** What a property was before it was set. */
interface Property {
  readonly name: keyof Config
  readonly isOwn: boolean
  readonly value: unknown
}

function undo(config: Config, properties: readonly Property[]): void {
  const own = config as Record<keyof Config, unknown>
  for (let index = properties.length - 1; index >= 0; index -= 1) {
    const { name, isOwn, value } = properties[index] as Property
    if (isOwn) own[name] = value
    else delete own[name]
  }
}

/** The name of the Authorization header among these, in the case that it has there. */
function authorizationName(headers: object): string | undefined {
  for (const name of Object.keys(headers)) {
    if (name.length === 13 && name.toLowerCase() === 'authorization') return name
  }
  return undefined
}

/**
 * The caller's own Authorization. `false` counts: in axios it means that none is wanted. `auth`
 * and user info in the URL become one inside the adapter.
 *
 * @internal
 */
export function hasOwnAuthorization(config: Config): boolean {
  const name = authorizationName(config.headers)
  const value: unknown = name === undefined ? undefined : config.headers[name]
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
  if (!baseURL) return String(url)
  const absolute = typeof url === 'string' && /^([a-z][a-z\d+\-.]*:)?\/\//i.test(url)
  if (absolute && own(config, 'allowAbsoluteUrls') !== false) return String(url)
  return url === '' ? baseURL : `${baseURL.replace(/\/+$/, '')}/${String(url).replace(/^\/+/, '')}`
}

/** An own property: a polluted prototype redirects nothing. @internal */
export function own<K extends keyof Config>(config: Config, name: K): Config[K] | undefined {
  return Object.hasOwn(config, name) ? config[name] : undefined
}
