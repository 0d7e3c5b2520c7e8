import type { Config, KeySource } from '../config/sources.js'
import { parseDid } from '../did.js'
import { loadPublicKey, type PublicKeyInput } from '../keys/public.js'
import { readText } from './files.js'
import { CliError, type Io } from './io.js'
import { formsFor, type Merged, mergeInto, type Registration } from './orgjson-merge.js'
import { type CheckedOrgJson, readOrgJson } from './orgjson-read.js'
import type { OwnConfig } from './own-config.js'
import type { CommonOptions } from './session.js'

export interface RotateOptions extends CommonOptions {
  readonly config?: string
  readonly into?: string
  readonly wait?: string
  readonly fragment?: string
  readonly keyName?: string
  readonly reason?: string
  readonly now?: true
}

/** A file that is to be edited. */
interface Editable {
  readonly file: string
  readonly text: string
}

/** An ORG.JSON that may be edited. */
export interface OrgJsonFile extends Editable {
  /** What to call it. */
  readonly name: string
  readonly document: CheckedOrgJson
}

/** @throws CliError `ERR_FILE`, `ERR_ORG_JSON` */
export function readInto(io: Io, into: string): OrgJsonFile {
  const text = readText(io, into, '--into')
  return { file: into, name: into, text, document: readOrgJson(text, into) }
}

/**
 * The configuration file, if what is to be edited is in there and not in the environment.
 *
 * @throws CliError `ERR_ROTATION`, `ERR_FILE`
 */
export function readEditable(io: Io, { source, names, keys }: Config): Editable {
  if (source === undefined) {
    throw notEditable('a configuration file', 'variables alone', 'Write one with orgid-bearer init')
  }
  for (const { where, passphrase } of sourcesOf(keys)) {
    const variable = [where, passphrase?.where].find((one) => one?.startsWith('ORGID_'))
    if (variable === undefined) continue
    const member = variable.includes('PASSPHRASE')
      ? '"passphraseEnv", with a variable of another name, into "key"'
      : `"key": { "file": … } into ${source}`
    throw notEditable(`the key in ${source}`, variable, `Unset it, and put ${member}`)
  }
  const isSingle = keys !== undefined && 'key' in keys
  for (const option of isSingle ? (['issuer', 'partners'] as const) : []) {
    const variable = names.get(option)
    if (!variable?.startsWith('ORGID_')) continue
    throw notEditable(`${option} in ${source}`, variable, `Unset it, and put ${option} there`)
  }
  return { file: source, text: readText(io, source, '--config') }
}

/**
 * Registers a key in an ORG.JSON, and retires others there.
 *
 * @throws CliError `ERR_ORG_JSON`, `ERR_NOT_REGISTRABLE`
 */
export function register(
  { config, configuration }: OwnConfig,
  { name, text, document }: OrgJsonFile,
  wanted: {
    readonly fragment: string
    readonly key: PublicKeyInput
    readonly replaces?: readonly string[]
    readonly reason?: string | undefined
  },
  now: number,
): Merged {
  const { fragment, key, replaces = [], reason = 'superseded' } = wanted
  // A configuration may hold several forms of one's DID, and the document is that of one of them
  const dids = configuration.partners.map(({ issuerDid }) => issuerDid)
  const did = dids.find((one) => one === document.did) ?? parseDid(config.options.issuer).did
  const issuer = `${did}#${fragment}`
  const registration: Registration = {
    issuer,
    key: loadPublicKey(key),
    forms: formsFor(issuer, 'both'),
    revocation: { reason, invalidityDate: dateOf(Math.floor(now)) },
  }
  let merged: Merged = mergeInto(text, registration, name)
  for (const old of replaces) {
    const next = mergeInto(merged.text, { ...registration, replaces: old }, name)
    merged = { ...next, changes: [...merged.changes, ...next.changes] }
  }
  return merged
}

/** A whole second, as RFC 3339 has it. */
export function dateOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z')
}

/** Where the keys of a configuration are. */
function sourcesOf(keys: Config['keys']): readonly KeySource[] {
  if (keys === undefined) return []
  return 'key' in keys ? [keys.key] : keys.keys.map(({ source }) => source)
}

function notEditable(expected: string, got: string, remedy: string): CliError {
  return new CliError('ERR_ROTATION', `rotate: expected ${expected} to edit, got ${got}. ${remedy}`)
}

/** Writes what comes last. Should that fail, the error also says what is done by then. */
export function finish(done: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    throw new CliError(error.code, `${error.message}. ${done}`)
  }
}
