import { setMaxListeners } from 'node:events'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { describe } from '../errors.js'
import { invalidOption, readNumber } from '../options.js'
import {
  answerTo,
  type PartnerHandler,
  Script,
  type ScriptedAnswer,
  type ScriptedRedirect,
  toWire,
  type WireAnswer,
} from './answers.js'
import { type PartnerSettings, readOrgJson } from './options.js'
import type { KnownKeys, OrgJson } from './orgjson.js'
import { judgeAuthorization } from './profiles.js'
import { RecordedExchange, type RecordedRequest } from './recorded.js'
import type { PartnerProfile, PartnerVerdict } from './verdict.js'

/**
 * A partner's API on loopback. It judges each request by its profile's rules, records it, and
 * answers 200 or 401; or as it has been told to.
 */
export class TestPartner implements AsyncDisposable {
  /** Such as `http://127.0.0.1:43121`. */
  readonly origin: string
  /** The partner's ORGiD; undefined for a stranger. */
  readonly did: string | undefined
  readonly profile: PartnerProfile | undefined
  readonly #settings: PartnerSettings
  readonly #server: ReturnType<typeof createHttpServer>
  readonly #script = new Script()
  readonly #stop = new AbortController()
  #requests: RecordedExchange[] = []
  #clockSkew = 0
  #delay = 0
  #handler: PartnerHandler | undefined
  #keys: KnownKeys | undefined
  #closed: Promise<void> | undefined

  private constructor(settings: PartnerSettings, server: ReturnType<typeof createHttpServer>) {
    const { tls, hostname, did, profile } = settings
    const { port } = server.address() as AddressInfo
    this.origin = `${tls ? 'https' : 'http'}://${hostname}:${port}`
    this.did = did
    this.profile = profile
    this.#settings = settings
    this.#keys = settings.keys
    this.#server = server
    // each delayed answer listens, and Node warns of a leak at the eleventh
    setMaxListeners(0, this.#stop.signal)
    server.on('request', (request, response) => {
      // an exchange that fails here has lost its client: there is nobody to tell
      this.#exchange(request, response).catch(() => response.destroy())
    })
  }

  /** @internal */
  static async listen(settings: PartnerSettings): Promise<TestPartner> {
    const server = settings.tls ? createHttpsServer(settings.tls) : createHttpServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(settings.port, '127.0.0.1', () => {
        server.removeListener('error', reject)
        resolve()
      })
    })
    return new TestPartner(settings, server)
  }

  /** The URL of a path on this partner. */
  url(path = '/'): string {
    return new URL(path, this.origin).href
  }

  /** Every request seen, in the order in which they had arrived in full. */
  get requests(): readonly RecordedRequest[] {
    return this.#requests
  }

  /** The distinct tokens seen, in order of appearance. */
  get tokens(): readonly string[] {
    const tokens = this.#requests.map(({ token }) => token)
    return [...new Set(tokens.filter((token) => token !== undefined))]
  }

  /** How many requests the profile's rules accepted, whatever was answered. */
  get acceptedCount(): number {
    return this.#requests.filter(({ verdict }) => verdict.accepted).length
  }

  /** How many requests the profile's rules refused, whatever was answered. */
  get refusedCount(): number {
    return this.#requests.length - this.acceptedCount
  }

  /** Seconds by which this partner's clock is ahead: for its verdicts and its `Date`. Default: 0. */
  get clockSkew(): number {
    return this.#clockSkew
  }

  set clockSkew(seconds: number) {
    const bounds = { min: -1e9, max: 1e9, fallback: 0, unit: 'seconds' }
    this.#clockSkew = readNumber(seconds, 'clockSkew', bounds)
  }

  /**
   * The callers' ORG.JSON as this partner sees it from now on: partners keep what they have resolved
   * for hours or weeks. Undefined if one `publicKey` was given instead.
   */
  get orgJson(): readonly OrgJson[] | undefined {
    const keys = this.#keys
    return keys && 'orgJson' in keys ? ([keys.orgJson].flat() as OrgJson[]) : undefined
  }

  set orgJson(documents: OrgJson | readonly OrgJson[]) {
    if (this.profile === undefined) {
      throw invalidOption('orgJson', 'a partner that looks keys up', 'a stranger')
    }
    this.#keys = readOrgJson(documents)
  }

  /** Answers the requests that the rules accept. Default: 200 and `{ ok: true }`. */
  get handler(): PartnerHandler | undefined {
    return this.#handler
  }

  set handler(handler: PartnerHandler | undefined) {
    if (handler !== undefined && typeof handler !== 'function') {
      throw invalidOption('handler', 'a function', describe(handler))
    }
    this.#handler = handler
  }

  /**
   * Answers the next requests like this, whatever the verdict: `answer({ status: 401, times: 2 })`.
   * Answers queue up; a 401 comes with a realistic `WWW-Authenticate` unless `headers` has one.
   *
   * @throws OrgidAuthError `ERR_INVALID_OPTION`
   */
  answer(answer: ScriptedAnswer): void {
    this.#script.add(answer)
  }

  /**
   * Redirects the next requests.
   *
   * @throws OrgidAuthError `ERR_INVALID_OPTION`
   */
  redirect(redirect: ScriptedRedirect): void {
    this.#script.addRedirect(redirect)
  }

  /**
   * Answers every request from now on this many seconds late; 0 ends that, and `Infinity` answers
   * none. A request is recorded at once.
   *
   * @throws OrgidAuthError `ERR_INVALID_OPTION`
   */
  delay(seconds: number): void {
    if (seconds !== Infinity) {
      // the longest that a timer of Node's can wait
      const bounds = { min: 0, max: 2_147_483, fallback: 0, unit: 'seconds' }
      readNumber(seconds, 'delay', bounds)
    }
    this.#delay = seconds
  }

  /** Forgets what it has seen and what it was told, and is as it was when it started. */
  reset(): void {
    this.#requests = []
    this.#script.clear()
    this.#clockSkew = 0
    this.#delay = 0
    this.#handler = undefined
    this.#keys = this.#settings.keys
  }

  /** Stops listening and drops every connection, idle or not. May be called again. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#stop.abort()
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Lest inspect calls the getters when told to. @internal */
  [inspect.custom](): object {
    return { ...this, requests: this.#requests, clockSkew: this.#clockSkew }
  }

  #clock(): number {
    return this.#settings.now() + this.#clockSkew
  }

  #judge(authorization: string | undefined, now: number): PartnerVerdict {
    const { profile, did, requiredScope } = this.#settings
    const keys = this.#keys
    if (!profile || !did || !keys) return { accepted: true, claims: {} }
    const rules = { did, keys, now, ...(requiredScope && { requiredScope }) }
    return judgeAuthorization(profile, authorization, rules)
  }

  async #exchange(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = new Uint8Array(Buffer.concat(await message.toArray()))
    const receivedAt = this.#clock()
    const verdict = this.#judge(message.headers.authorization, receivedAt)
    const exchange = new RecordedExchange(message, { body, receivedAt, verdict })
    this.#requests.push(exchange)
    const delay = this.#delay
    const answer = await this.#answerTo(exchange)
    await this.#wait(delay)
    exchange.status = answer.status
    response.setHeader('Date', new Date(this.#clock() * 1000).toUTCString())
    for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value)
    response.writeHead(answer.status).end(answer.body)
  }

  async #answerTo(exchange: RecordedExchange): Promise<WireAnswer> {
    const scripted = this.#script.take(exchange.url)
    if (scripted) return toWire(scripted)
    if (!exchange.verdict.accepted || !this.#handler) return answerTo(exchange)
    try {
      return toWire(await this.#handler(exchange))
    } catch (error) {
      // so that a test sees why, where it looks first
      return toWire({ status: 500, body: { ok: false, reason: `handler: ${String(error)}` } })
    }
  }

  async #wait(seconds: number): Promise<void> {
    const { signal } = this.#stop
    if (seconds === 0) return
    if (seconds !== Infinity) return sleep(seconds * 1000, undefined, { signal })
    await new Promise((_, reject) => signal.addEventListener('abort', reject, { once: true }))
  }
}
