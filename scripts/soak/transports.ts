import { Readable } from 'node:stream'
import axios from 'axios'
import { type CallOptions, install, type OrgidAuth } from 'orgid-bearer'
import { attachAuth } from 'orgid-bearer/axios'
import { withAuth } from 'orgid-bearer/fetch'
import { authInterceptor } from 'orgid-bearer/undici'
import { Agent, interceptors, request } from 'undici'

export const transportNames = ['axios', 'withAuth(fetch)', 'undici', 'install and fetch'] as const
export type TransportName = (typeof transportNames)[number]

/** A request as every transport can make it. */
export interface Sending {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly body: 'none' | 'text' | 'stream'
  readonly options: CallOptions | undefined
  readonly signal: AbortSignal
}

/** One way out, bound to one auth. */
export interface Transport {
  readonly name: TransportName
  /**
   * Which hops of a redirect get a token: `each` that of its own partner, or only the `first`
   * ones, as long as they stay with the partner of the call.
   */
  readonly hops: 'each' | 'first'
  /** Whether a body of text can be sent again: fetch makes a stream of it for its dispatcher. */
  readonly repeatsText: boolean
  /** @returns the status, once the response's body was read. */
  send(sending: Sending): Promise<number>
  close(): Promise<void>
}

export const text = 'a body of some length, in two parts'
const parts = [text.slice(0, 11), text.slice(11)]

export function overAxios(auth: OrgidAuth): Transport {
  const http = axios.create({ adapter: 'http', validateStatus: null, proxy: false })
  const detach = attachAuth(http, auth)
  return {
    name: 'axios',
    hops: 'each',
    repeatsText: true,
    async send({ url, method, body, options, signal }) {
      const { status } = await http.request({
        url,
        method,
        signal,
        ...(body !== 'none' && { data: body === 'text' ? text : Readable.from(parts) }),
        ...(options !== undefined && { orgid: options }),
      })
      return status
    },
    close: async () => detach(),
  }
}

export function overFetch(auth: OrgidAuth): Transport {
  const partnerFetch = withAuth(fetch, auth)
  return {
    name: 'withAuth(fetch)',
    hops: 'first',
    repeatsText: true,
    send: async (sending) =>
      statusOf(
        await partnerFetch(sending.url, {
          ...fetchInit(sending),
          ...(sending.options !== undefined && { orgid: sending.options }),
        }),
      ),
    close: async () => {},
  }
}

export function overUndici(auth: OrgidAuth): Transport {
  const agent = new Agent()
  const redirect = interceptors.redirect({ maxRedirections: 5 })
  const dispatcher = agent.compose(authInterceptor(auth), redirect)
  return {
    name: 'undici',
    hops: 'each',
    repeatsText: true,
    async send({ url, method, body, options, signal }) {
      const call = () =>
        request(url, {
          dispatcher,
          method,
          signal,
          ...(body !== 'none' && { body: body === 'text' ? text : Readable.from(parts) }),
        })
      const response = await within(auth, options, call)
      await response.body.text()
      return response.statusCode
    },
    close: () => agent.close(),
  }
}

/** For the whole process: one auth at a time, and no {@link overFetch} meanwhile. */
export function overInstalled(auth: OrgidAuth): Transport {
  const uninstall = install(auth)
  return {
    name: 'install and fetch',
    hops: 'each',
    repeatsText: false,
    send: async (sending) =>
      statusOf(await within(auth, sending.options, () => fetch(sending.url, fetchInit(sending)))),
    close: async () => uninstall(),
  }
}

function within<T>(auth: OrgidAuth, options: CallOptions | undefined, call: () => T): T {
  return options === undefined ? call() : auth.run(options, call)
}

// Typed by hand: `duplex` is not in the types of Node 20
function fetchInit({ method, body, signal }: Sending): RequestInit {
  const init = { method, signal }
  if (body === 'none') return init
  if (body === 'text') return { ...init, body: text }
  const stream = Readable.toWeb(Readable.from(parts.map((part) => Buffer.from(part))))
  return { ...init, body: stream, duplex: 'half' } as RequestInit
}

async function statusOf(response: Response): Promise<number> {
  await response.arrayBuffer()
  return response.status
}
