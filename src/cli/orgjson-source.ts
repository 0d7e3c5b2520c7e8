import { maxJsonLength } from '../config/json.js'
import { parseUrl } from '../partners/origin.js'
import { readText } from './files.js'
import { CliError, type Io, usageError } from './io.js'
import { requestFailed } from './network.js'

/** Seconds. */
const longestWait = 5

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

/** The text of an answer, and no more of it than `readOrgJson` needs to refuse it. */
async function textOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > maxJsonLength) return text
  }
  return text + decoder.decode()
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
  try {
    const response = await follow(url, signal)
    if (response.ok) return await textOf(response)
    await response.body?.cancel()
    throw new CliError(
      'ERR_REQUEST',
      `--org-json: expected the document, got status ${response.status} from ${url.origin}`,
    )
  } catch (error) {
    throw requestFailed(error, `--org-json: ${url.origin}`)
  }
}
