import { OrgidAuthError } from '../errors.js'
import { parseUrl } from '../partners/origin.js'
import { type Call, noteSent } from './axios-call.js'
import { type Attachment, type Config, finalUrl, own } from './axios-config.js'
import { onNextHop } from './hops.js'

// What follow-redirects hands to the hook: the options of the request it is about to make
interface HopOptions {
  readonly [name: string]: unknown
  readonly headers: Record<string, string>
}

/**
 * Decides each hop of a redirect by its own URL: our token is taken off, the caller's hook runs,
 * and then the token of that hop's partner is put on, or none.
 *
 * @internal
 */
export function followHops(call: Call): void {
  const { config, attachment, restore } = call
  const { auth, internals } = attachment
  const callers = own(config, 'beforeRedirect')
  const ambient = internals.context.current()

  const authorizationFor = (url: string): string | undefined => {
    // What the call said was meant for the partner of its own URL
    const options =
      internals.partnerOf(url) === internals.partnerOf(finalUrl(config))
        ? onNextHop(own(config, 'orgid'))
        : undefined
    const decide = () => auth.authorization(url, options)
    const authorization = ambient === undefined ? decide() : internals.context.run(ambient, decide)
    if (!(authorization instanceof Promise)) return authorization
    authorization.catch(() => {})
    throw new OrgidAuthError(
      'ERR_REDIRECT_TOKEN',
      `redirect: expected a token at hand for ${new URL(url).origin}, got one that its signer must be waited for. Call that URL directly, or auth.prepare() first`,
    )
  }

  const hook = (options: HopOptions, ...details: [never, never]) => {
    try {
      call.hops += 1
      if (call.sent) dropAuthorization(options.headers)
      call.sent = undefined
      callers?.(options, ...details)
      if (ownAuthorization(options.headers) || options.auth) return
      const url = hopUrl(options, internals)
      const authorization = authorizationFor(url)
      if (authorization === undefined) return
      options.headers.Authorization = authorization
      noteSent(call, url, authorization)
    } catch (error) {
      if (error instanceof OrgidAuthError) call.hopError = error
      throw error
    }
  }
  restore.set('beforeRedirect', hook as NonNullable<Config['beforeRedirect']>)
}

/** The hop's URL, once it is sure that the bytes will go there. */
function hopUrl(options: HopOptions, internals: Attachment['internals']): string {
  const href = String(options.href)
  const port = options.port ? `:${options.port}` : ''
  const target = `${options.protocol}//${options.hostname ?? options.host}${port}`
  const goesThere =
    !options.socketPath && parseUrl(target)?.origin === (parseUrl(href)?.origin ?? 'none')
  if (!goesThere && internals.partnerOf(href) !== undefined) {
    throw new OrgidAuthError(
      'ERR_REDIRECT_TOKEN',
      `redirect: expected the hop to ${new URL(href).origin} to go there, got one through a plain proxy, a socket or another host`,
    )
  }
  return href
}

function dropAuthorization(headers: Record<string, string>): void {
  for (const name of Object.keys(headers)) {
    if (name.toLowerCase() === 'authorization') delete headers[name]
  }
}

function ownAuthorization(headers: Record<string, string>): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')
}
