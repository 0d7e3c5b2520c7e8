import type { KeyObject } from 'node:crypto'
import { type Command, Option } from 'commander'
import { loadKeys, naming } from '../config/read.js'
import { parseDid } from '../did.js'
import { loadPublicKey } from '../keys/public.js'
import { readAnyPublicKey } from './any-key.js'
import { readText, replaceText } from './files.js'
import { type Io, type Result, usageError } from './io.js'
import { reasons } from './orgjson-facts.js'
import { entriesFor, formsFor, type Merged, mergeInto, type Registration } from './orgjson-merge.js'
import { readOrgJson } from './orgjson-read.js'
import { configOption, readOwnConfig } from './own-config.js'
import { addCommand, type CommonOptions, report, type Session } from './session.js'

interface RegisterOptions extends CommonOptions {
  readonly config?: string
  readonly key?: string
  readonly issuer?: string
  readonly into?: string
  readonly form: 'older' | 'current' | 'both'
  readonly note?: string
  readonly replaces?: string
  readonly reason: string
  readonly invalidFrom?: string
}

export function addRegister(program: Command, session: Session): void {
  addCommand(program, {
    name: 'register',
    summary: 'what to put into ORG.JSON, so that partners find your public key',
    description: `Prints the entries, ready to paste in the marketplace: publicKey for older partners,
verificationMethod for current ones. With --into it edits the file, and leaves the rest of it as
it is, to the byte. A key that is there already is no error.

A new key goes under a new fragment. Publish it, wait until partners have seen it (12 hours, up
to 30 days), switch, and only then run this with --replaces.`,
    examples: [
      "orgid-bearer register --issuer 'did:orgid:0x…#webserver' --key secp256k1.pub",
      'orgid-bearer register                     # the keys of ./orgid.json',
      'orgid-bearer register --into org.json',
      'orgid-bearer register --into org.json --replaces webserver',
    ],
  })
    .option(...configOption)
    .option('--issuer <did#fragment>', 'under which the key is registered (default: as configured)')
    .option('--key <file>', 'the key, public or private (default: as configured)')
    .option('--into <org.json>', 'edit this file')
    .addOption(
      new Option('--form <form>', 'of the entries')
        .choices(['both', 'older', 'current'])
        .default('both'),
    )
    .option('--note <text>', 'what the key is for, to stand beside it')
    .option(
      '--replaces <fragment>',
      'with --into: mark this key as revoked in verificationMethod, and take it out of publicKey, where none can be marked',
    )
    .addOption(
      new Option('--reason <reason>', 'of the revocation').choices(reasons).default('superseded'),
    )
    .option(
      '--invalid-from <date>',
      'when the revocation begins, ISO 8601 (default: now); of two dates the earlier one stands',
    )
    .action(async (options: RegisterOptions) => {
      report(session, options, await register(session.io, options))
    })
}

async function register(io: Io, options: RegisterOptions): Promise<Result> {
  const { into, replaces } = options
  if (replaces !== undefined && into === undefined) {
    throw usageError('--replaces: expected --into as well, to say in which file the old key is')
  }
  const revocation = { reason: options.reason, invalidityDate: readDate(io, options.invalidFrom) }
  const keys = await keysOf(io, options)
  // A configuration may hold both, and the key that goes is not to be registered
  const staying = keys.filter(({ issuer }) => parseDid(issuer).fragment !== replaces)
  const registrations = (staying.length > 0 ? staying : keys).map(({ issuer, key }) => ({
    issuer,
    key,
    forms: formsFor(issuer, options.form),
    note: options.note,
    replaces,
    revocation,
  }))
  return into === undefined ? paste(registrations) : merge(io, registrations, into)
}

function paste(registrations: readonly Registration[]): Result {
  const documents = registrations.map((registration) => ({
    id: registration.issuer.split('#', 1)[0] as string,
    entries: entriesFor(registration),
  }))
  const isSeveral = new Set(documents.map(({ id }) => id)).size > 1
  const chained = registrations.some(({ issuer }) => parseDid(issuer).chain !== undefined)
  return {
    json: documents.map(({ id, entries }) => ({ id, ...entries })),
    text: documents
      .map(({ id, entries }) => JSON.stringify(isSeveral ? { id, ...entries } : entries, null, 2))
      .join('\n'),
    notes: [
      'Older partners look into publicKey, current ones into verificationMethod.',
      ...(chained ? ['The older form knows no chain in a DID: for that one it is left out.'] : []),
    ],
  }
}

function merge(io: Io, registrations: readonly Registration[], into: string): Result {
  const before = readText(io, into, '--into')
  const { did } = readOrgJson(before, into)
  // A configuration may hold several forms of one's DID, and the document is that of one of them
  const fitting = registrations.filter(({ issuer }) => parseDid(issuer).did === did)
  const chosen = fitting.length > 0 ? fitting : registrations.slice(0, 1)
  let merged: Merged = { text: before, changes: [], objections: [] }
  for (const registration of chosen) {
    const next = mergeInto(merged.text, registration, into)
    merged = { ...next, changes: [...merged.changes, ...next.changes] }
  }
  const { text, changes, objections } = merged
  if (text !== before) replaceText(io, into, text, before)
  const ids = chosen.map(({ issuer }) => issuer)
  return {
    json: { file: into, ids, changed: text !== before, changes, objections },
    text: [
      ...(changes.length > 0
        ? changes.map((change) => `${into}: ${change}`)
        : [`${into}: nothing to do, ${ids.join(' and ')} is registered with this key`]),
    ].join('\n'),
    notes: [
      ...objections.map((objection) => `${into}: ${objection}`),
      ...(changes.length > 0
        ? [
            `Next: publish ${into}, and its new hash if your ORGiD has one`,
            `Then: orgid-bearer check --org-json ${into}`,
          ]
        : []),
    ],
  }
}

interface NamedKey {
  readonly issuer: string
  readonly key: KeyObject
}

async function keysOf(io: Io, options: RegisterOptions): Promise<readonly NamedKey[]> {
  const { issuer, key: file, config: configFile } = options
  const given = file === undefined ? undefined : readAnyPublicKey(io, file)
  if (issuer !== undefined) readNamed(issuer)
  if (issuer !== undefined && given !== undefined) return [{ issuer, key: given }]
  const config = readOwnConfig(io, { ...(configFile !== undefined && { config: configFile }) })
  const issuers = issuer === undefined ? naming(config, () => issuersOf(config.options)) : [issuer]
  if (given !== undefined) return issuers.map((one) => ({ issuer: readNamed(one), key: given }))
  const loaded = await loadKeys(config)
  if ('key' in loaded) {
    const key = loadPublicKey(loaded.key.publicKey)
    return issuers.map((one) => ({ issuer: readNamed(one), key }))
  }
  const all = loaded.keys.flatMap(({ id, key }) =>
    issuers.map((one) => ({
      issuer: one.includes('#') ? one : `${one}#${id}`,
      key: loadPublicKey(key.publicKey),
      id,
    })),
  )
  const chosen = all.filter(({ issuer: one, id }) => one.endsWith(`#${id}`))
  if (chosen.length > 0) return chosen
  throw usageError(
    `--issuer: expected the fragment of one of the configured keys (${loaded.keys.map(({ id }) => `#${id}`).join(', ')}), got another; or give its key with --key`,
  )
}

/** The forms of one's own DID, each once. */
function issuersOf(options: {
  readonly issuer?: unknown
  readonly partners?: unknown
}): readonly string[] {
  const partners = Array.isArray(options.partners) ? options.partners : []
  const further = partners.map((partner) => partner?.issuer).filter((one) => one !== undefined)
  return [...new Set([options.issuer, ...further])].map((one) => {
    const { did, fragment } = parseDid(one, 'issuer')
    return fragment === undefined ? did : `${did}#${fragment}`
  })
}

function readNamed(issuer: string): string {
  const { did, fragment } = parseDid(issuer, '--issuer')
  if (fragment !== undefined) return issuer
  throw usageError(
    `--issuer: expected a DID with the #fragment that is to name the key, got one without. Write ${did}#webserver`,
  )
}

function readDate(io: Io, text: string | undefined): string {
  const date = text === undefined ? new Date(io.now() * 1_000) : new Date(text)
  if (!Number.isNaN(date.getTime())) return date.toISOString().replace(/\.\d+Z$/, 'Z')
  throw usageError('--invalid-from: expected a date such as 2026-01-31T12:00:00Z, got another text')
}
