import type { Command } from 'commander'
import type { CallOptions } from '../context.js'
import { isOrgidAuthError, OrgidAuthError } from '../errors.js'
import { nearest } from '../options.js'
import type { Partner } from '../partners/partner.js'
import { relative } from '../words.js'
import { type Io, type Result, usageError } from './io.js'
import {
  type ConfigOptions,
  configOption,
  keyOption,
  loadOwnConfig,
  loadWithoutConfig,
  type OwnConfig,
} from './own-config.js'
import { addCommand, type CommonOptions, collect, report, type Session } from './session.js'

/** What a command says of the token that it wants. */
export interface TokenOptions {
  readonly audience?: string
  readonly scope?: readonly string[]
  readonly lifetime?: string
  readonly claim?: readonly string[]
}

interface TokenCommandOptions extends CommonOptions, ConfigOptions, TokenOptions {
  readonly issuer?: string
  readonly header?: true
}

export function addToken(program: Command, session: Session): void {
  const command = addCommand(program, {
    name: 'token',
    summary: 'mint a token for a partner, and print it',
    description: `The token is all that goes to stdout. Who has it can call that partner in your name until it
expires: mint a short one, and let no log keep it.`,
    examples: [
      'orgid-bearer token hotels --lifetime 60',
      'curl -H "$(orgid-bearer token hotels --header)" https://api.hotels.example/offers',
      'orgid-bearer token hotels --scope read --scope book --claim tenant=acme',
      "orgid-bearer token --issuer 'did:orgid:0x…#webserver' --audience did:orgid:0x… --key secp256k1.pem",
    ],
  })
    .argument('[partner]', 'its name or DID (default: the only one, or that of --audience)')
    .option(...configOption)
    .option(...keyOption)
    .option('--issuer <did#fragment>', 'with --audience and --key: without a configuration')
    .option('--header', 'print the whole "Authorization: Bearer …"')
  addTokenOptions(command).action(
    async (partner: string | undefined, options: TokenCommandOptions) => {
      report(session, options, await token(session.io, partner, options))
    },
  )
}

/** The options that say which token is wanted. */
export function addTokenOptions(command: Command): Command {
  return command
    .option('--audience <did>', 'whom the token addresses, of the DIDs of that partner')
    .option('--scope <scope>', 'a scope; may be given several times', collect)
    .option('--lifetime <duration>', "seconds, or '10 minutes', '12hr', '1 year'")
    .option('--claim <name=value>', 'a further claim, a JSON value or text; several times', collect)
}

/** The same, as the library takes it. */
export function callOptions({ audience, scope, lifetime, claim }: TokenOptions): CallOptions {
  return {
    ...(audience !== undefined && { audience }),
    ...(scope !== undefined && { scope }),
    ...(lifetime !== undefined && { lifetime }),
    ...(claim !== undefined && { claims: readClaims(claim) }),
  }
}

/** Throws what the library says of call options again, in words of the command line. */
export function inFlags(error: unknown): never {
  if (!isOrgidAuthError(error)) throw error
  const message = error.message
    .replace(/^options\.claims\b/, '--claim')
    .replace(/^options\.(?=(?:audience|scope|lifetime)\b)/, '--')
  throw new OrgidAuthError(error.code, message, error)
}

async function token(
  io: Io,
  name: string | undefined,
  options: TokenCommandOptions,
): Promise<Result> {
  const own =
    options.issuer === undefined
      ? await loadOwnConfig(io, options)
      : await loadWithoutConfig(io, options)
  const partner = choosePartner(own, name, options.audience)
  const minted = await own.auth.token(partner.name, callOptions(options)).catch(inFlags)
  const { value, issuer, audience, scope, issuedAt, expiresAt } = minted
  return {
    json: {
      token: value,
      partner: partner.name,
      issuer,
      audience,
      ...(scope !== undefined && { scope }),
      issuedAt,
      expiresAt,
    },
    text: options.header ? `Authorization: Bearer ${value}` : value,
    notes: io.stdout.isTTY ? [`for ${partner.name}, expires ${relative(expiresAt, io.now())}`] : [],
  }
}

/** The partner that is named, or that only one can be. */
export function choosePartner(
  { configuration: { partners } }: Pick<OwnConfig, 'configuration'>,
  name: string | undefined,
  audience?: string,
): Partner {
  const names = partners.map((partner) => partner.name).join(', ') || 'there is none'
  if (name !== undefined) {
    const named = partners.find((partner) => partner.name === name || partner.did === name)
    if (named !== undefined) return named
    const meant = nearest(
      name,
      partners.map((partner) => partner.name),
    )
    throw new OrgidAuthError(
      'ERR_UNKNOWN_PARTNER',
      `partner: expected the name or DID of a configured partner (${names}), got another${meant === undefined ? '' : `. Did you mean ${meant}?`}`,
    )
  }
  const possible =
    audience === undefined ? partners : partners.filter((one) => one.audiences.has(audience))
  const [only, ...more] = possible
  if (only !== undefined && more.length === 0) return only
  throw usageError(
    only === undefined && audience !== undefined
      ? `--audience: expected the DID of a configured partner, in its own hex case, got another; the partners are ${names}`
      : `partner: expected a name, since there is more than one, or none (${names}), got nothing`,
  )
}

function readClaims(claims: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    claims.map((claim) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(claim) ?? []
      if (name === undefined || value === undefined) {
        throw usageError('--claim: expected name=value, got something without a name or "="')
      }
      return [name, parseOrText(value)]
    }),
  )
}

function parseOrText(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}
