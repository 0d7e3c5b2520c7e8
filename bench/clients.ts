import axios, {
  type AxiosInstance,
  type AxiosResponse,
  type InternalAxiosRequestConfig,
} from 'axios'
import type { OrgidAuth } from 'orgid-bearer'
import { attachAuth } from 'orgid-bearer/axios'
import { withAuth } from 'orgid-bearer/fetch'
import { authInterceptor } from 'orgid-bearer/undici'
import { Dispatcher, fetch, request } from 'undici'
import type { Benchmark } from './benchmark.js'
import { loadPeers } from './peers.js'
import { report } from './report.js'
import { interleave, type Row } from './rounds.js'
import { pairwise } from './statistics.js'
import { verdict } from './verdict.js'
import { authFor, flatUrl, type Place, places, randomIndexes } from './workload.js'

/** As many as a company has. Of a thousand, each called once in a while, most of what a call takes goes
 * into fetching a partner's data from memory: that is in `cached-header`. */
const partners = places(100)
const token = 'x'.repeat(400)
const header = { Authorization: `Bearer ${token}` }

/** Whole calls, with everything but the network, against the same calls with a header that never changes. */
function comparison(name: string, operations: number, kinds: (auth: OrgidAuth) => Promise<Kinds>) {
  const benchmark: Benchmark = async (options) => {
    const auth = authFor(partners)
    await auth.prepare()
    const { plain, ours, least, others = {} } = await kinds(auth)
    const rows = [
      row('static header', operations, plain),
      row('static header, again', operations, plain),
      row('orgid-bearer', operations, ours),
      row('orgid-bearer, again', operations, ours),
      row(leastName, operations, least),
      ...Object.entries(others).map(([other, call]) => row(other, operations, call)),
    ]
    const rounds = options.quick ? 100 : 300
    const timings = await interleave(rows, { rounds, warmUp: 20 })
    await report(name, timings, { unit: 'ns', relativeTo: 'static header' }, options)
    const speed = (row: string) =>
      pairwise(timings.get('static header') ?? [], timings.get(row) ?? [], (a, b) => a / b)
    const noise = speed('static header, again')
    console.log(
      `noise: the same again is ${noise.low.toFixed(3)} to ${noise.high.toFixed(3)} times as fast`,
    )
    const bound = speed(leastName)
    console.log(
      `limit: “${leastName}” is ${bound.low.toFixed(3)} to ${bound.high.toFixed(3)} times as fast`,
    )
    const measured = speed('orgid-bearer')
    return verdict(
      `${name}: speed of a static header`,
      measured.low > 0.95,
      `${measured.median.toFixed(3)} (${measured.low.toFixed(3)} to ${measured.high.toFixed(3)})`,
      'all of the interval > 0.95',
    )
  }
  return benchmark
}

interface Kinds {
  readonly plain: Call
  readonly ours: Call
  readonly least: Call
  readonly others?: Readonly<Record<string, Call>>
}

type Call = (url: string) => Promise<unknown>

const leastName = 'Map get and expiry check'

/**
 * The least that sends each partner a token of its own, as long as it lives: the header of an origin
 * out of a Map. Of path prefixes, of spellings of an origin, of 401 and redirects it knows nothing.
 */
function leastFor(auth: OrgidAuth): (origin: string) => string {
  const headers = new Map(
    partners.map(({ origin, pathPrefix }) => {
      const authorization = auth.authorization(`${origin}${pathPrefix}/`) as string
      return [origin, { authorization, until: Date.now() + 3_000_000 }]
    }),
  )
  return (origin) => {
    const entry = headers.get(origin)
    if (entry === undefined || entry.until < Date.now()) throw new Error(`no token for ${origin}`)
    return entry.authorization
  }
}

function originIn(url: string): string {
  return url.slice(0, url.indexOf('/', 'https://'.length))
}

function row(name: string, operations: number, call: Call): Row {
  let urls: readonly string[] = []
  return {
    name,
    operations,
    prepare: () => {
      urls = randomIndexes(operations, partners.length).map((index) =>
        flatUrl(partners[index] as Place),
      )
    },
    run: async () => {
      for (const url of urls) await call(url)
    },
  }
}

const axiosCalls = comparison('axios', 300, async (auth) => {
  const adapter = async (config: InternalAxiosRequestConfig): Promise<AxiosResponse> => ({
    data: '{"ok":true}',
    status: 200,
    statusText: 'OK',
    headers: {},
    config,
  })
  const through = (attach: (instance: AxiosInstance) => void): Call => {
    const instance = axios.create({ adapter })
    attach(instance)
    return (url) => instance.get(url)
  }
  const peers = await loadPeers<AxiosPeers>('axios.mjs')
  const headerOf = leastFor(auth)
  return {
    plain: through(({ defaults }) => {
      defaults.headers.common.Authorization = header.Authorization
    }),
    ours: through((instance) => attachAuth(instance, auth)),
    least: through(({ interceptors }) => {
      interceptors.request.use(
        (config) => {
          config.headers.set('Authorization', headerOf(originIn(config.url as string)))
          return config
        },
        null,
        { synchronous: true },
      )
    }),
    others: {
      'axios-token-interceptor': through((instance) =>
        peers.attachTokenInterceptor(instance, token),
      ),
      'axios-auth-refresh': through((instance) => peers.attachAuthRefresh(instance, token)),
    },
  }
})

interface AxiosPeers {
  attachTokenInterceptor(instance: AxiosInstance, token: string): void
  attachAuthRefresh(instance: AxiosInstance, token: string): void
}

/** Handlers as fetch and `request` of undici 7 pass them on, and as its interceptors do. */
type Handler = Dispatcher.DispatchHandler & {
  onConnect?(abort: () => void): void
  onHeaders?(status: number, headers: Buffer[], resume: () => void, statusText: string): boolean
  onComplete?(trailers: Buffer[]): void
}

const nothing = () => {}

/** Answers each request at once, with nothing. */
class Silence extends Dispatcher {
  override dispatch(options: Dispatcher.DispatchOptions, handler: Handler): boolean {
    queueMicrotask(() => {
      if (handler.onRequestStart === undefined) {
        handler.onConnect?.(nothing)
        handler.onHeaders?.(200, [], nothing, 'OK')
        handler.onComplete?.([])
        return
      }
      const controller = {
        ...{ aborted: false, paused: false, reason: null, rawHeaders: [], rawTrailers: [] },
        ...{ abort: nothing, pause: nothing, resume: nothing },
      }
      handler.onRequestStart(controller, options)
      handler.onResponseStart?.(controller, 200, {}, 'OK')
      handler.onResponseEnd?.(controller, {})
    })
    return true
  }
}

/** fetch has no default headers, so that a static one comes from a wrapper as well. */
const fetchCalls = comparison('fetch', 100, async (auth) => {
  const dispatcher = new Silence()
  const silent = (input: string | URL | Request, init?: RequestInit) =>
    fetch(input as string, { ...init, dispatcher } as never) as unknown as Promise<Response>
  const withHeader = (input: string, init?: RequestInit) =>
    silent(input, { ...init, headers: { ...init?.headers, ...header } })
  const ours = withAuth(silent, auth)
  const headerOf = leastFor(auth)
  return {
    plain: (url) => withHeader(url),
    ours: (url) => ours(url),
    least: (url) => silent(url, { headers: { Authorization: headerOf(originIn(url)) } }),
  }
})

/** undici has none either: it is an interceptor that puts them on. */
const undiciCalls = comparison('undici', 300, async (auth) => {
  const through = (interceptor: Dispatcher.DispatcherComposeInterceptor): Call => {
    const dispatcher = new Silence().compose(interceptor)
    return async (url) => {
      const { body } = await request(url, { dispatcher })
      await body.dump()
    }
  }
  const withHeader: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
    dispatch({ ...options, headers: { ...options.headers, ...header } }, handler)
  const headerOf = leastFor(auth)
  const least: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
    const authorization = headerOf(options.origin as string)
    return dispatch({ ...options, headers: { ...options.headers, authorization } }, handler)
  }
  return {
    plain: through(withHeader),
    ours: through(authInterceptor(auth)),
    least: through(least),
  }
})

/** What it costs to have a call authorized, in each client. */
export const clients: Benchmark = async (options) => {
  const verdicts: boolean[] = []
  for (const benchmark of [axiosCalls, fetchCalls, undiciCalls]) {
    verdicts.push(await benchmark(options))
  }
  return verdicts.every(Boolean)
}
