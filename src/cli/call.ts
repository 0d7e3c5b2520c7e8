import type { Command } from 'commander'
import { OrgidAuthError } from '../errors.js'
import { parseUrl } from '../partners/origin.js'
import { createRegistry } from '../partners/registry.js'
import { withAuth } from '../transports/fetch.js'
import { readText } from './files.js'
import { type Io, type Result, readStdin, usageError } from './io.js'
import { requestFailed } from './network.js'
import {
  type ConfigOptions,
  configOption,
  keyOption,
  loadOwnConfig,
  type OwnConfig,
} from './own-config.js'
import { addCommand, type CommonOptions, collect, report, type Session } from './session.js'
import { printable } from './terminal.js'
import { addTokenOptions, callOptions, choosePartner, inFlags, type TokenOptions } from './token.js'

interface CallCommandOptions extends CommonOptions, ConfigOptions, TokenOptions {
  readonly request?: string
  readonly data?: string
  readonly header?: readonly string[]
  readonly include?: true
  readonly location?: true
  readonly timeout: string
}

export function addCall(program: Command, session: Session): void {
  const command = addCommand(program, {
    name: 'call',
    summary: 'make one authenticated request to a partner, like curl',
    description: `The body of the answer goes to stdout. Exit code 1 if the status is 400 or above. A 401 is
answered by one more attempt with another token, as in your application.`,
    examples: [
      'orgid-bearer call hotels /offers',
      'orgid-bearer call https://api.hotels.example/offers -i',
      `orgid-bearer call hotels /bookings -d '{"nights":2}' --scope book`,
      'orgid-bearer call hotels /bookings/7 -X DELETE -H "if-match: abc"',
    ],
  })
    .argument('<target>', 'the name of a partner, or a whole URL of one')
    .argument('[path]', "below the partner's origin and path prefix", '/')
    .option(...configOption)
    .option(...keyOption)
    .option('-X, --request <method>', 'the method (default: GET, or POST with -d)')
    .option('-d, --data <data>', 'the body; @file reads a file, @- stdin')
    .option('-H, --header <name: value>', 'a header; may be given several times', collect)
    .option('-i, --include', 'print status and headers to stderr')
    .option('-L, --location', 'follow redirects')
    .option('--timeout <seconds>', 'for the answer', '30')
  addTokenOptions(command).action(
    async (target: string, path: string, options: CallCommandOptions) => {
      report(session, options, await call(session.io, { target, path }, options))
    },
  )
}

async function call(
  io: Io,
  to: { readonly target: string; readonly path: string },
  options: CallCommandOptions,
): Promise<Result> {
  const timeout = Number(options.timeout)
  if (!(timeout > 0 && timeout <= 3_600)) {
    throw usageError('--timeout: expected seconds, up to 3600, got something else')
  }
  const method = readMethod(options)
  const body = await readBody(io, options.data)
  const headers = readHeaders(options.header ?? [], body)
  const own = await loadOwnConfig(io, options)
  const url = urlOf(own, to)
  let response: Response
  let content: Uint8Array
  try {
    const authorized = withAuth(fetch, own.auth)
    response = await authorized(url, {
      method,
      headers,
      redirect: options.location ? 'follow' : 'manual',
      signal: AbortSignal.timeout(timeout * 1_000),
      ...(body !== undefined && { body }),
      orgid: callOptions(options),
    }).catch(inFlags)
    content = new Uint8Array(await response.arrayBuffer())
  } catch (error) {
    throw requestFailed(error, new URL(url).origin)
  }
  return {
    json: jsonOf(response, content),
    text: content,
    notes: options.json ? [] : notesOn(response, options.include === true),
    failed: response.status >= 400,
  }
}

function urlOf(
  own: OwnConfig,
  { target, path }: { readonly target: string; readonly path: string },
): string {
  if (!/^https?:\/\//i.test(target)) {
    const { origins, pathPrefix, name } = choosePartner(own, target)
    const url = `${origins[0]}${pathPrefix}${path.startsWith('/') ? '' : '/'}${path}`
    const owner = createRegistry(own.configuration.partners).match(url)
    if (owner?.name === name) return url
    throw usageError(`path: expected one of ${name}'s, got one that leads out of its ${pathPrefix}`)
  }
  // Any other URL would be called without a token, which nobody wants who asks for this command
  const { partners } = own.configuration
  if (createRegistry(partners).match(target) !== undefined) return target
  throw new OrgidAuthError(
    'ERR_UNKNOWN_PARTNER',
    `target: expected a URL of a configured partner (${partners.flatMap(({ origins }) => origins).join(', ')}), got ${parseUrl(target)?.origin ?? 'what is no URL'}. Add it to partners, or use curl`,
  )
}

// RFC 9110 9.1, a token (5.6.2)
const methodToken = /^[\w!#$%&'*+.^`|~-]+$/

/** What fetch would refuse, or send in a way that nobody means. */
function readMethod({ request, data }: CallCommandOptions): string {
  if (request === undefined) return data === undefined ? 'GET' : 'POST'
  if (!methodToken.test(request) || /^(?:connect|trace|track)$/i.test(request)) {
    throw usageError('--request: expected a method such as PUT, got what cannot be sent')
  }
  if (data !== undefined && /^(?:get|head)$/i.test(request)) {
    throw usageError(
      `--data: expected none with ${request}, which has no body, got some. Leave -X out to POST it`,
    )
  }
  return request
}

async function readBody(io: Io, data: string | undefined): Promise<string | undefined> {
  if (!data?.startsWith('@')) return data
  return data === '@-' ? readStdin(io) : readText(io, data.slice(1), '--data')
}

function readHeaders(lines: readonly string[], body: string | undefined): Headers {
  const headers = new Headers()
  if (body !== undefined)
    headers.set('content-type', isJson(body) ? 'application/json' : 'text/plain')
  const given = new Headers()
  for (const line of lines) {
    const [, name, value] = /^([^:]+):(.*)$/s.exec(line) ?? []
    try {
      if (name === undefined || value === undefined) throw new TypeError()
      given.append(name.trim(), value.trim())
    } catch {
      throw usageError('--header: expected "name: value", got something else')
    }
  }
  if (given.has('authorization')) {
    throw usageError(
      '--header: expected no Authorization, which is what this command adds, got one. Use curl for a call of your own',
    )
  }
  given.forEach((value, name) => {
    headers.set(name, value)
  })
  return headers
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function jsonOf(response: Response, content: Uint8Array): object {
  const body = Buffer.from(content).toString()
  return {
    url: response.url,
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: isJson(body) ? JSON.parse(body) : body,
  }
}

function notesOn(response: Response, include: boolean): string[] {
  const { status, statusText, headers } = response
  const line = `HTTP ${status} ${printable(statusText)}`.trim()
  if (include) {
    return [line, ...[...headers].map(([name, value]) => `${name}: ${printable(value)}`), '']
  }
  if (status < 400) return []
  const why = headers.get('www-authenticate')
  const said = why === null ? line : `${line}  ${printable(why)}`
  return status === 401
    ? [said, 'To find out why: orgid-bearer check --org-json <your ORG.JSON>']
    : [said]
}
