import { parseUrl } from '../partners/origin.js'
import { readText } from './files.js'
import { CliError, type Io, usageError } from './io.js'
import { requestFailed } from './network.js'

/** Seconds. */
const longestWait = 5
/** More than any ORG.JSON has, in characters. */
const maxLength = 5_000_000

export const orgJsonOption = [
  '--org-json <source>',
  'your ORG.JSON: a file, or an https URL',
] as const

/** Whether an ORG.JSON has to be fetched. */
export const isRemote = (source: string): boolean => /^https?:\/\//i.test(source)

function refuseHttp({ protocol, hostname }: URL): void {
  if (protocol === 'https:' || /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(hostname)) return
  throw new CliError(
    'ERR_REQUEST',
    '--org-json: expected an https URL, and no redirect out of it, got http: on its way anyone could put their own key into the document',
  )
}

/** By hand, lest a redirect leads out of https. */
async function follow(url: URL, signal: AbortSignal, hops = 5): Promise<Response> {
  refuseHttp(url)
  const response = await fetch(url, { redirect: 'manual', signal })
  const location = response.headers.get('location')
  if (response.status < 300 || response.status > 399 || location === null || hops === 0) {
    return response
  }
  await response.body?.cancel()
  return follow(new URL(location, url), signal, hops - 1)
}

/**
 * The text of an ORG.JSON.
 *
 * @throws CliError `ERR_FILE`, `ERR_REQUEST`
 */
export async function readOrgJsonText(io: Io, source: string): Promise<string> {
  if (!isRemote(source)) return readText(io, source, '--org-json')
  const url = parseUrl(source)
  if (url === undefined) throw usageError('--org-json: expected a file or a URL, got a broken URL')
  const signal = AbortSignal.timeout(longestWait * 1_000)
  let response: Response
  let text: string
  try {
    response = await follow(url, signal)
    text = await response.text()
  } catch (error) {
    throw requestFailed(error, `--org-json: ${url.origin}`)
  }
  if (response.ok && text.length <= maxLength) return text
  throw new CliError(
    'ERR_REQUEST',
    response.ok
      ? `--org-json: expected at most ${maxLength} characters, got ${text.length}`
      : `--org-json: expected the document, got status ${response.status} from ${url.origin}`,
  )
}
