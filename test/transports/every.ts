import { Readable } from 'node:stream'
import axios from 'axios'
import * as undici7 from 'undici'
import * as undici6 from 'undici-6'
import type { CallOptions, OrgidAuth } from '../../src/index.js'
import { attachAuth } from '../../src/transports/axios.js'
import { withAuth } from '../../src/transports/fetch.js'
import { install } from '../../src/transports/install.js'
import { authInterceptor } from '../../src/transports/undici.js'

/** A request, as every client can make it. */
export interface Sending {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** A body that can be read once. */
  readonly streamed?: string
  readonly signal?: AbortSignal
  readonly orgid?: CallOptions
}

interface Answered {
  readonly status: number
  readonly text: string
  header(name: string): string | undefined
  /** What the client itself handed back. */
  readonly raw: unknown
}

export interface Client {
  send(url: string, sending?: Sending): Promise<Answered>
  close(): Promise<void>
}

/** One way out. */
export interface Transport {
  readonly name: string
  /**
   * What it can do about the hops of a redirect. `each`: gives each the token of its own partner.
   * `first`: keeps the first partner's on that partner's hops, and gives nothing to any other.
   * `above`: as `first`, but does not see paths: it leaves hops to undici's redirect handler.
   */
  readonly hops: 'each' | 'first' | 'above'
  open(auth: OrgidAuth): Client
}

function streamOf(text: string, isWeb: boolean): Readable | ReadableStream {
  return isWeb ? new Blob([text]).stream() : Readable.from([text])
}

type Undici = Pick<typeof undici7, 'Agent' | 'request' | 'interceptors'>

function overAxios(adapter: 'http' | 'fetch'): Transport['open'] {
  return (auth) => {
    const http = axios.create({ adapter, validateStatus: null, responseType: 'text' })
    attachAuth(http, auth)
    return {
      async send(url, { body, streamed, ...sending } = {}) {
        const data = streamed === undefined ? body : streamOf(streamed, adapter === 'fetch')
        const raw = await http.request<string>({ url, data, ...sending })
        return { status: raw.status, text: raw.data, header: (name) => raw.headers[name], raw }
      },
      close: async () => {},
    }
  }
}

type Fetch = (url: string, init: RequestInit & { orgid?: CallOptions }) => Promise<Response>

function overFetch(open: (auth: OrgidAuth) => { fetch: Fetch; close?: () => void }) {
  return (auth: OrgidAuth): Client => {
    const { fetch, close } = open(auth)
    return {
      async send(url, { streamed, ...sending } = {}) {
        const stream = streamed !== undefined && {
          body: streamOf(streamed, true) as ReadableStream,
          duplex: 'half' as const,
        }
        const raw = await fetch(url, { ...sending, ...stream })
        const text = await raw.text()
        return {
          status: raw.status,
          text,
          header: (name) => raw.headers.get(name) ?? undefined,
          raw,
        }
      },
      close: async () => close?.(),
    }
  }
}

function overUndici(undici: Undici, order: 'auth, redirect' | 'redirect, auth') {
  return (auth: OrgidAuth): Client => {
    const ours = authInterceptor(auth) as Parameters<undici7.Agent['compose']>[0]
    const redirect = undici.interceptors.redirect({ maxRedirections: 10 })
    const agent = new undici.Agent()
    const composed = order === 'auth, redirect' ? [ours, redirect] : [redirect, ours]
    const dispatcher = agent.compose(...(composed as [typeof redirect]))
    return {
      async send(url, { streamed, ...sending } = {}) {
        const stream = streamed !== undefined && { body: streamOf(streamed, false) as Readable }
        const raw = await undici.request(url, {
          dispatcher,
          ...(sending as Parameters<typeof undici.request>[1]),
          ...stream,
        })
        const header = (name: string) => {
          const value = raw.headers[name]
          return Array.isArray(value) ? value.join() : value
        }
        return { status: raw.statusCode, text: await raw.body.text(), header, raw }
      },
      close: () => agent.close(),
    }
  }
}

const undici8 =
  Number(process.versions.node.split('.')[0]) >= 24 ? await import('undici-8') : undefined

const undicis: readonly (readonly [name: string, undici: Undici])[] = [
  ['undici 6', undici6 as unknown as Undici],
  ['undici 7', undici7],
  ...(undici8 ? [['undici 8', undici8 as unknown as Undici] as const] : []),
]

/** Every way in which a call may leave. */
export const transports: readonly Transport[] = [
  { name: 'axios', hops: 'each', open: overAxios('http') },
  { name: 'axios with its fetch adapter', hops: 'first', open: overAxios('fetch') },
  {
    name: 'withAuth(fetch)',
    hops: 'first',
    open: overFetch((auth) => ({ fetch: withAuth(fetch, auth) })),
  },
  {
    name: 'withAuth(fetch of undici)',
    hops: 'first',
    open: overFetch((auth) => ({
      fetch: withAuth(undici7.fetch as unknown as typeof fetch, auth),
    })),
  },
  ...undicis.flatMap(([name, undici]): Transport[] => [
    {
      name: `${name}, compose(auth, redirect)`,
      hops: 'each',
      open: overUndici(undici, 'auth, redirect'),
    },
    {
      name: `${name}, compose(redirect, auth)`,
      hops: 'above',
      open: overUndici(undici, 'redirect, auth'),
    },
  ]),
  {
    name: 'withAuth(fetch) under install',
    hops: 'each',
    open: overFetch((auth) => ({ fetch: withAuth(fetch, auth), close: install(auth) })),
  },
  {
    name: 'install and Node’s own fetch',
    hops: 'each',
    // without the options of a call, which fetch does not pass on
    open: overFetch((auth) => {
      const uninstall = install(auth)
      return {
        fetch: (url, { orgid, ...init }) => {
          const call = () => fetch(url, init)
          return orgid === undefined ? call() : auth.run(orgid, call)
        },
        close: uninstall,
      }
    }),
  },
]
