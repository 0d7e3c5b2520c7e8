import type { Command } from 'commander'
import type { Partner } from '../partners/partner.js'
import { checkIssuers } from './check-issuers.js'
import { checkOrigin } from './check-network.js'
import { checkDocument } from './check-orgjson.js'
import { checkOwn } from './check-own.js'
import { checkTokens, type Sample } from './check-partner.js'
import { attempt, type Row, row, table } from './check-row.js'
import { knownKeys, readSources } from './check-sources.js'
import type { Io, Result } from './io.js'
import { orgJsonOption } from './orgjson-source.js'
import { type ConfigOptions, configOption, keyOption, type OwnConfig } from './own-config.js'
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
  const { rows, config } = await checkOwn(io, options)
  const sources = await readSources(io, options)
  const documents = (told: readonly string[]) => [
    ...sources.rows,
    ...sources.found.map((one) => checkDocument(one, new Set(told))),
  ]
  if (config === undefined) return [...rows, ...documents([])]
  const tokens = await mintAll(config)
  const issued = tokens.flatMap(({ minted }) => minted?.issuer ?? [])
  const issuers = checkIssuers(config, issued, sources, io.now())
  const samples = tokens.flatMap(({ partner, minted }) => {
    const of = issuers.find(({ issuer }) => issuer === minted?.issuer)
    if (minted === undefined || of === undefined) return []
    const keys = knownKeys(sources, of.issuer, of.key)
    return { ...minted, partner, keys, told: of.told, now: io.now() }
  })
  const isOffline = options.offline === true
  return unique([
    ...rows,
    ...issuers.map(({ name }) => name),
    ...documents(issuers.flatMap(({ fragment, told }) => (told.length > 0 ? fragment : []))),
    ...issuers.flatMap(({ registration }) => registration),
    ...tokens.flatMap(({ row: why }) => why ?? []),
    ...samples.flatMap(checkTokens),
    ...tokens.flatMap(({ partner, minted }) => (minted ? [] : skipNetwork(partner, 'no token'))),
    ...(await checkNetwork(io, config, samples, isOffline)),
  ])
}

/** What is the same for several keys is one row. */
function unique(rows: readonly Row[]): readonly Row[] {
  const seen = new Map(rows.map((one) => [JSON.stringify(one), one]))
  return [...seen.values()]
}

/** A partner, with a token to be judged here and sent there, or the row that says why not. */
interface Minted {
  readonly partner: Partner
  readonly minted?: Pick<Sample, 'token' | 'issuer'>
  readonly row?: Row
}

async function mintAll({ auth, configuration }: OwnConfig): Promise<readonly Minted[]> {
  const all = await Promise.all(
    configuration.partners.map(async (partner): Promise<Minted> => {
      const { found, row: why } = await attempt(`${partner.name}: token`, async () =>
        auth.token(partner.name),
      )
      if (found === undefined) return { partner, ...(why && { row: why }) }
      return { partner, minted: { token: found.value, issuer: found.issuer } }
    }),
  )
  return all.map((one) => {
    // What keeps several from their tokens is told of the first
    const first = all.find(({ row: why }) => why !== undefined && why.detail === one.row?.detail)
    if (one.row === undefined || first?.row === undefined || first === one) return one
    return { ...one, row: row(one.row.name, 'skip', `there is none: see ${first.row.name}`) }
  })
}

async function checkNetwork(
  io: Io,
  { configuration }: OwnConfig,
  samples: readonly Sample[],
  isOffline: boolean,
): Promise<readonly Row[]> {
  const { issuedAtBackdate } = configuration
  const rows = samples.map(async (sample) => {
    const { partner } = sample
    if (isOffline) return skipNetwork(partner, 'offline')
    const ofOrigins = partner.origins.map((origin) =>
      checkOrigin({ ...sample, origin, issuedAtBackdate, now: io.now }),
    )
    return (await Promise.all(ofOrigins)).flat()
  })
  return (await Promise.all(rows)).flat()
}

function skipNetwork({ name }: Partner, why: string): readonly Row[] {
  return ['reachable', 'clock', 'request'].map((what) => row(`${name}: ${what}`, 'skip', why))
}
