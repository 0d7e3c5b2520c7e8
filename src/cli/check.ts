import type { Command } from 'commander'
import { loadKeys } from '../config/read.js'
import { filesOf } from '../config/sources.js'
import { isOrgidAuthError } from '../errors.js'
import { loadPublicKey } from '../keys/public.js'
import { checkOrigin } from './check-network.js'
import { checkDocument, checkRegistration, type Signing } from './check-orgjson.js'
import { checkFragment, checkTokens, type Sample } from './check-partner.js'
import { type Row, row, table } from './check-row.js'
import { modeOf } from './files.js'
import { CliError, type Io, type Result } from './io.js'
import { type CheckedOrgJson, readOrgJson } from './orgjson-facts.js'
import { isRemote, orgJsonOption, readOrgJsonText } from './orgjson-source.js'
import {
  authOf,
  type ConfigOptions,
  configOption,
  keyOption,
  type OwnConfig,
  readOwnConfig,
} from './own-config.js'
import { addCommand, type CommonOptions, collect, report, type Session } from './session.js'
import { styleFor } from './terminal.js'

interface CheckOptions extends CommonOptions, ConfigOptions {
  readonly orgJson?: readonly string[]
  readonly offline?: true
}

export function addCheck(program: Command, session: Session): void {
  addCommand(program, {
    name: 'check',
    summary: 'the doctor: configuration, key, ORG.JSON, clocks, and a real request to each partner',
    description: `Each partner gets one GET of its origin and path prefix, with a token. A 401 fails; any other
answer shows no more than that the token was not refused. What was not looked at is "skip", and
counts as neither. Exit code 1 if anything fails.`,
    examples: [
      'orgid-bearer check --org-json https://hotel.example/org.json',
      'orgid-bearer check --org-json org.json --offline',
      'orgid-bearer check --config prod.json --json',
    ],
  })
    .option(...configOption)
    .option(...keyOption)
    .option(orgJsonOption[0], `${orgJsonOption[1]}; may be given several times`, collect)
    .option('--offline', 'ask nobody: rows that need the network are skipped')
    .action(async (options: CheckOptions) => {
      const rows = await check(session.io, options)
      report(session, options, resultOf(session.io, rows))
    })
}

function resultOf(io: Io, rows: readonly Row[]): Result {
  const failed = rows.some(({ status }) => status === 'fail')
  return { json: { ok: !failed, rows }, text: table(rows, styleFor(io)).join('\n'), failed }
}

async function check(io: Io, options: CheckOptions): Promise<readonly Row[]> {
  const own = await checkOwn(io, options)
  const documents = await checkSources(io, options)
  if (own.config === undefined) return [...own.rows, ...documents.rows]
  const samples = await samplesOf(io, own.config, documents.found)
  const signings = signingsOf(own.config, samples)
  const fragments = new Set(signings.map(({ issuer }) => issuer.split('#')[1] as string))
  return [
    ...own.rows,
    ...[...fragments].map(checkFragment),
    ...documents.rows,
    ...(documents.found.length === 0 ? [] : signings).flatMap((signing) =>
      checkRegistration(documents.found, signing, io.now()),
    ),
    ...samples.flatMap(checkTokens),
    ...(await checkNetwork(io, own.config, samples, options.offline === true)),
  ]
}

interface Own {
  readonly rows: readonly Row[]
  readonly config?: OwnConfig
}

/** The configuration and the key. */
async function checkOwn(io: Io, options: CheckOptions): Promise<Own> {
  const skipped = row('key', 'skip', 'there is no configuration to find it by')
  let config: ReturnType<typeof readOwnConfig>
  try {
    config = readOwnConfig(io, options)
  } catch (error) {
    return { rows: [failure('configuration', error), skipped] }
  }
  const key = await attempt('key', () => loadKeys(config))
  // The rest of the configuration can be wrong as well, whatever the key
  const keys =
    key.found ?? (config.keys && 'keys' in config.keys ? undefined : { key: '1'.repeat(64) })
  const checked = keys && (await attempt('configuration', async () => authOf(io, config, keys)))
  const source = config.source ?? 'the environment'
  const rows = [
    ...(checked === undefined
      ? []
      : [checked.row ?? row('configuration', 'pass', describe(source, checked.found))]),
    key.row ?? row('key', 'pass', 'secp256k1, and can be read'),
    ...checkModes(io, config),
  ]
  const isWell = key.found !== undefined && checked?.found !== undefined
  return isWell ? { rows, config: checked.found as OwnConfig } : { rows }
}

function describe(source: string, own: OwnConfig | undefined): string {
  const names = own?.configuration.partners.map(({ name }) => name) ?? []
  return `${source}: ${names.length === 0 ? 'no partner yet' : `partners ${names.join(', ')}`}`
}

function checkModes(io: Io, config: Parameters<typeof filesOf>[0]): readonly Row[] {
  const secrets = filesOf(config).filter((file) => file !== config.source)
  return secrets.flatMap((file) => {
    const mode = modeOf(io, file)
    if (mode === undefined || (mode & 0o077) === 0) return []
    const shown = (mode & 0o777).toString(8)
    return row(
      'key file',
      'warn',
      `${file} has mode ${shown}: others can read it`,
      `chmod 600 ${file}`,
    )
  })
}

/** The ORG.JSON itself; several of them where one's ORGiD has several forms. */
async function checkSources(
  io: Io,
  { orgJson = [], offline }: CheckOptions,
): Promise<{ readonly rows: readonly Row[]; readonly found: readonly CheckedOrgJson[] }> {
  const name = 'ORG.JSON'
  if (orgJson.length === 0) {
    const remedy = 'Give it with --org-json <file or URL>'
    return { rows: [row(name, 'skip', 'not looked at', remedy)], found: [] }
  }
  const checked = await Promise.all(
    orgJson.map(async (source) => {
      if (offline && isRemote(source)) return { row: row(name, 'skip', 'offline') }
      const read = await attempt(name, async () =>
        readOrgJson(await readOrgJsonText(io, source), source),
      )
      return read.found === undefined ? read : { ...read, row: checkDocument(read.found) }
    }),
  )
  return {
    rows: checked.map((one) => one.row as Row),
    found: checked.flatMap((one) => ('found' in one && one.found ? [one.found] : [])),
  }
}

/** A token for each partner, to be judged here and sent there. */
async function samplesOf(
  io: Io,
  { auth, configuration }: OwnConfig,
  documents: readonly CheckedOrgJson[],
): Promise<readonly Sample[]> {
  return Promise.all(
    configuration.partners.map(async (partner) => {
      const { value: token, issuer } = await auth.token(partner.name)
      const own = ownKey(configuration, issuer)
      const document = documents.find(({ did }) => did === issuer.split('#', 1)[0])?.document
      const keys = document === undefined ? { publicKey: own } : { orgJson: document }
      return { partner, token, issuer, keys, now: io.now() }
    }),
  )
}

function ownKey({ keys }: OwnConfig['configuration'], issuer: string) {
  const [first] = keys
  const named = keys.find(({ id }) => issuer.endsWith(`#${id}`)) ?? first
  return loadPublicKey((named as NonNullable<typeof first>).signer.publicKey)
}

/** Each name under which we sign, once: of all partners, and of keys whose time is to come. */
function signingsOf(
  { configuration, config }: OwnConfig,
  samples: readonly Sample[],
): readonly Signing[] {
  const { issuer } = config.options
  const own = configuration.keys.map(({ id }) =>
    issuer.includes('#') ? issuer : `${issuer}#${id}`,
  )
  const issuers = new Set([...own, ...samples.map((sample) => sample.issuer)])
  return [...issuers].map((one) => ({ issuer: one, key: ownKey(configuration, one) }))
}

async function checkNetwork(
  io: Io,
  { configuration }: OwnConfig,
  samples: readonly Sample[],
  offline: boolean,
): Promise<readonly Row[]> {
  const { issuedAtBackdate } = configuration
  const rows = samples.map(async ({ partner, token }) => {
    if (offline) {
      return ['reachable', 'clock', 'request'].map((what) =>
        row(`${partner.name}: ${what}`, 'skip', 'offline'),
      )
    }
    const authorization = `Bearer ${token}`
    const ofOrigins = partner.origins.map((origin) =>
      checkOrigin({ partner, origin, authorization, issuedAtBackdate, now: io.now }),
    )
    return (await Promise.all(ofOrigins)).flat()
  })
  return (await Promise.all(rows)).flat()
}

async function attempt<T>(
  name: string,
  fn: () => Promise<T>,
): Promise<{ readonly found?: T; readonly row?: Row }> {
  try {
    return { found: await fn() }
  } catch (error) {
    return { row: failure(name, error) }
  }
}

/** What is wrong, in a message that says what to do. */
function failure(name: string, error: unknown): Row {
  if (isOrgidAuthError(error) || error instanceof CliError) {
    return row(name, 'fail', `${error.code}: ${error.message}`)
  }
  throw error
}
