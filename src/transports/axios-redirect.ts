import { OrgidAuthError } from '../errors.js'
import { parseUrl } from '../partners/origin.js'
import { type Attachment, type Config, finalUrl, own, type Restore } from './axios-config.js'

/** What came of a request's redirects. @internal */
export interface Hops {
  /** Why a hop was refused: axios wraps what a hook throws, and the caller is owed the original. */
  error: OrgidAuthError | undefined
}

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
export function followHops(config: Config, attachment: Attachment, restore: Restore): Hops {
  const { auth, internals } = attachment
  const hops: Hops = { error: undefined }
  const callers = own(config, 'beforeRedirect')
  const ambient = internals.context.current()
  let isFirst = true
  let ours = false

  const authorizationFor = (url: string): string | undefined => {
    // What the call said was meant for the partner of its own URL
    const options =
      internals.partnerOf(url) === internals.partnerOf(finalUrl(config))
        ? own(config, 'orgid')
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
      if (isFirst) ours = restore.authorization !== undefined
      isFirst = false
      if (ours) dropAuthorization(options.headers)
      ours = false
      callers?.(options, ...details)
      if (ownAuthorization(options.headers) || options.auth) return
      const authorization = authorizationFor(hopUrl(options, internals))
      if (authorization === undefined) return
      options.headers.Authorization = authorization
      ours = true
    } catch (error) {
      if (error instanceof OrgidAuthError) hops.error = error
      throw error
    }
  }
  restore.set('beforeRedirect', hook as NonNullable<Config['beforeRedirect']>)
  return hops
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
