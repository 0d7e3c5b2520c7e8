import { resolve } from 'node:path'
import { describe, isOrgidAuthError, OrgidAuthError } from '../errors.js'
import { invalidOption, type Own, readOptions } from '../options.js'
import { parseJson } from './json.js'
import { readKeyEntries, readKeySource } from './key-source.js'
import type { Config, KeySource } from './sources.js'
import { readText, showPath } from './text.js'
import {
  type Environment,
  readKeyVariables,
  readPassphraseVariables,
  type Variable,
  valueIn,
  warnUnknown,
} from './variables.js'

export { loadKeys } from './keys.js'
export { naming } from './naming.js'

/** The top level of a configuration file. @internal */
export const fileNames = [
  '$schema',
  'issuer',
  'key',
  'keys',
  'partners',
  'lifetime',
  'issuedAtBackdate',
  'strict',
  'cache',
  'signTimeout',
] as const

type File = { readonly [name in (typeof fileNames)[number]]?: unknown }

/** What a configuration is read from. @internal */
export interface ConfigPlace {
  readonly env?: Environment | undefined
  readonly path?: string | undefined
  readonly cwd?: string
}

/**
 * Reads the environment, and a configuration file if there is one. The environment wins, option by
 * option. Keys are not loaded yet: see `loadKeys`.
 *
 * @param options.env default: `process.env`. A copy is kept.
 * @param options.path the configuration file. Default: that of `ORGID_CONFIG`, or none.
 * @param options.cwd where relative paths start. Default: where the process is now.
 * @throws OrgidAuthError `ERR_CONFIG` if the file cannot be read or is no JSON,
 *   `ERR_INVALID_OPTION` for names that nobody knows, and for keys in a place where none belongs.
 * @internal
 */
export function readConfig({
  env = process.env,
  path,
  cwd = process.cwd(),
}: ConfigPlace = {}): Config {
  const own: Environment = { ...env }
  const source = path ?? valueIn(own, 'ORGID_CONFIG')?.trim()
  const label = source === undefined ? '' : showPath(source)
  const file = source === undefined ? undefined : resolve(cwd, source)
  const where = path === undefined ? 'ORGID_CONFIG' : 'config'
  const content = file === undefined ? {} : readFile(file, label, where, source)
  const names = new Map<string, string>()

  const fromFile = <K extends keyof File>(option: K): unknown => {
    if (content[option] !== undefined) names.set(option, `${label}: ${option}`)
    return content[option]
  }
  const pick = (option: keyof File, name: Variable, read: (text: string) => unknown): unknown => {
    const text = valueIn(own, name)?.trim()
    if (text === undefined) return fromFile(option)
    names.set(option, name)
    return read(text)
  }

  const options = {
    issuer: pick('issuer', 'ORGID_ISSUER', (text) => text),
    partners: pick('partners', 'ORGID_PARTNERS', (text) => parseJson(text, 'ORGID_PARTNERS')),
    lifetime: pick('lifetime', 'ORGID_LIFETIME', (text) => text),
    strict: pick('strict', 'ORGID_STRICT', readStrict),
    issuedAtBackdate: fromFile('issuedAtBackdate'),
    cache: fromFile('cache'),
    signTimeout: fromFile('signTimeout'),
  }
  const keys = readKeys({ env: own, cwd, content, label, file: file ?? '' })
  if (keys !== undefined && 'keys' in keys) names.set('keys', `${label}: keys`)
  else if (keys !== undefined) names.set('key', keys.key.where)
  const config: Config = {
    options: defined(options) as unknown as Config['options'],
    keys,
    source,
    file,
    names,
    variable: (name) => valueIn(own, name),
  }
  warnUnknown(own, variablesOf(keys))
  return config
}

function readFile(
  path: string,
  label: string,
  where: string,
  shown: string | undefined,
): Own<File> {
  const content = parseFile(readText(path, where, shown), label)
  return readOptions<File>(content as File, fileNames, label)
}

function parseFile(text: string, label: string): unknown {
  try {
    return parseJson(text, label)
  } catch (error) {
    if (!isOrgidAuthError(error) || !text.includes('-----BEGIN ')) throw error
    throw new OrgidAuthError(
      error.code,
      `${label}: expected JSON that says where the key is, got a PEM in it, whose line breaks no JSON string may have. Keep the key in a file of its own, and write "key": { "file": "secp256k1.pem" }`,
    )
  }
}

function readStrict(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  throw invalidOption('ORGID_STRICT', 'true or false', describe(text))
}

function readKeys({
  env,
  cwd,
  content,
  label,
  file,
}: {
  readonly env: Environment
  readonly cwd: string
  readonly content: Own<File>
  readonly label: string
  readonly file: string
}): Config['keys'] {
  const given = readKeyVariables(env, cwd)
  if (given !== undefined) return { key: given }
  const passphrase = readPassphraseVariables(env, cwd)
  if (content.keys === undefined) {
    if (content.key === undefined) return undefined
    const key = readKeySource(content.key, `${label}: key`, file)
    return { key: passphrase === undefined ? key : { ...key, passphrase } }
  }
  if (content.key !== undefined) throw invalidOption(`${label}: key`, 'either key or keys', 'both')
  if (passphrase !== undefined) {
    throw invalidOption(
      passphrase.where,
      `none, since ${label} has several keys`,
      'one',
      'Give each its own passphraseEnv or passphraseFile there',
    )
  }
  return { keys: readKeyEntries(content.keys, `${label}: keys`, file) }
}

/** The variables that a file names. */
function variablesOf(keys: Config['keys']): ReadonlySet<string> {
  const sources: readonly KeySource[] =
    keys === undefined ? [] : 'key' in keys ? [keys.key] : keys.keys.map((entry) => entry.source)
  return new Set(
    sources
      .flatMap(({ place, passphrase }) => [place, passphrase?.place])
      .flatMap((place) => (place?.kind === 'variable' ? [place.name] : [])),
  )
}

function defined(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
