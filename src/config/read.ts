import { describe } from '../errors.js'
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

/**
 * Reads the environment, and a configuration file if there is one. The environment wins, option by
 * option. Keys are not loaded yet: see `loadKeys`.
 *
 * @param options.env default: `process.env`. A copy is kept.
 * @param options.path the configuration file. Default: that of `ORGID_CONFIG`, or none.
 * @throws OrgidAuthError `ERR_CONFIG` if the file cannot be read or is no JSON,
 *   `ERR_INVALID_OPTION` for names that nobody knows, and for keys in a place where none belongs.
 * @internal
 */
export function readConfig({
  env = process.env,
  path,
}: {
  readonly env?: Environment | undefined
  readonly path?: string | undefined
} = {}): Config {
  const own: Environment = { ...env }
  const source = path ?? valueIn(own, 'ORGID_CONFIG')?.trim()
  const label = source === undefined ? '' : showPath(source)
  const file = source === undefined ? {} : readFile(source, label, path === undefined)
  const names = new Map<string, string>()

  const fromFile = <K extends keyof File>(option: K): unknown => {
    if (file[option] !== undefined) names.set(option, `${label}: ${option}`)
    return file[option]
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
  const keys = readKeys(own, file, label, source ?? '')
  if (keys !== undefined && 'keys' in keys) names.set('keys', `${label}: keys`)
  else if (keys !== undefined) names.set('key', keys.key.where)
  const config: Config = {
    options: defined(options) as unknown as Config['options'],
    keys,
    source,
    names,
    variable: (name) => valueIn(own, name),
  }
  warnUnknown(own, variablesOf(keys))
  return config
}

function readFile(path: string, label: string, fromVariable: boolean): Own<File> {
  const text = readText(path, fromVariable ? 'ORGID_CONFIG' : 'config')
  return readOptions<File>(parseJson(text, label) as File, fileNames, label)
}

function readStrict(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  throw invalidOption('ORGID_STRICT', 'true or false', describe(text))
}

function readKeys(
  env: Environment,
  file: Own<File>,
  label: string,
  source: string,
): Config['keys'] {
  const given = readKeyVariables(env)
  if (given !== undefined) return { key: given }
  const passphrase = readPassphraseVariables(env)
  if (file.keys === undefined) {
    if (file.key === undefined) return undefined
    const key = readKeySource(file.key, `${label}: key`, source)
    return { key: passphrase === undefined ? key : { ...key, passphrase } }
  }
  if (file.key !== undefined) throw invalidOption(`${label}: key`, 'either key or keys', 'both')
  if (passphrase !== undefined) {
    throw invalidOption(
      passphrase.where,
      `none, since ${label} has several keys`,
      'one',
      'Give each its own passphraseEnv or passphraseFile there',
    )
  }
  return { keys: readKeyEntries(file.keys, `${label}: keys`, source) }
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
