import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { createOrgidAuth } from '../auth.js'
import type { LoadedKeys } from '../config/keys.js'
import { loadKeys, naming, readConfig } from '../config/read.js'
import type { Config, KeySource } from '../config/sources.js'
import { readPassphraseVariables } from '../config/variables.js'
import { type Configuration, type OrgidAuthOptions, readConfiguration } from '../configuration.js'
import type { OrgidAuth } from '../interface.js'
import { type Io, usageError } from './io.js'

/** The options with which a command is told whose configuration and key to use. */
export interface ConfigOptions {
  readonly config?: string
  readonly key?: string
}

export const configOption = [
  '--config <file>',
  'the configuration (default: ORGID_CONFIG, or ./orgid.json)',
] as const

export const keyOption = [
  '--key <file>',
  'the private key, instead of that of the configuration; its passphrase is taken from ORGID_PRIVATE_KEY_PASSPHRASE',
] as const

/** The user's own configuration, as the library sees it. */
export interface OwnConfig {
  readonly config: Config
  readonly configuration: Configuration
  readonly auth: OrgidAuth
}

/**
 * Reads the configuration as an application would; keys are not loaded yet.
 *
 * @throws CliError `ERR_USAGE` if there is none.
 * @throws OrgidAuthError as `readConfig` does.
 */
export function readOwnConfig(io: Io, { config, key }: ConfigOptions): Config {
  const found = readConfig({ env: io.env, path: configFile(io, config), cwd: io.cwd })
  return key === undefined ? found : { ...found, keys: { key: keySource(io, key) } }
}

/**
 * Loads a private key from a file.
 *
 * @throws OrgidAuthError as `loadKeys` does.
 */
export function loadKeyFile(io: Io, file: string): Promise<LoadedKeys> {
  return loadKeys(configWith(io, file, {}))
}

function configWith(io: Io, file: string, options: Partial<Config['options']>): Config {
  return {
    options: options as Config['options'],
    keys: { key: keySource(io, file) },
    source: undefined,
    file: undefined,
    names: new Map([
      ['issuer', '--issuer'],
      ['partners', '--audience: partners'],
    ]),
    variable: (name) => io.env[name] || undefined,
  }
}

function keySource(io: Io, file: string): KeySource {
  return {
    where: '--key',
    place: { kind: 'file', path: pathIn(io, file) },
    passphrase: readPassphraseVariables(io.env, io.cwd),
    passphraseRemedy: 'set ORGID_PRIVATE_KEY_PASSPHRASE',
  }
}

/**
 * The configuration, found good by the library, and an auth made of it.
 *
 * @throws CliError `ERR_USAGE`
 * @throws OrgidAuthError as `createOrgidAuth` does.
 */
export function loadOwnConfig(io: Io, options: ConfigOptions): Promise<OwnConfig> {
  return loaded(io, readOwnConfig(io, options))
}

async function loaded(io: Io, config: Config): Promise<OwnConfig> {
  return authOf(io, config, await loadKeys(config))
}

/** An auth of a configuration and its keys, once they are loaded. */
export function authOf(
  io: Io,
  config: Config,
  keys: Pick<OrgidAuthOptions, 'key' | 'keys'>,
): OwnConfig {
  const all: OrgidAuthOptions = { ...config.options, ...keys, now: io.now }
  return {
    config,
    configuration: naming(config, () => readConfiguration(all)),
    auth: naming(config, () => createOrgidAuth(all)),
  }
}

/**
 * An auth for one audience alone, out of what was given on the command line.
 *
 * @throws CliError `ERR_USAGE` if that is not enough.
 * @throws OrgidAuthError as `createOrgidAuth` does.
 */
export function loadWithoutConfig(
  io: Io,
  {
    issuer,
    audience,
    key,
  }: { readonly issuer?: string; readonly audience?: string; readonly key?: string },
): Promise<OwnConfig> {
  if (issuer === undefined || audience === undefined || key === undefined) {
    throw usageError('--issuer: expected --audience and --key beside it, got not both')
  }
  const partner = { name: 'audience', did: audience, origin: 'https://audience.invalid' }
  return loaded(io, configWith(io, key, { issuer, partners: [partner] }))
}

const defaultFile = 'orgid.json'

/** Undefined: the one that ORGID_CONFIG names, or none. */
function configFile(io: Io, given: string | undefined): string | undefined {
  if (given !== undefined) return given
  if (io.env.ORGID_CONFIG?.trim()) return undefined
  if (existsSync(resolve(io.cwd, defaultFile))) return defaultFile
  if (io.env.ORGID_ISSUER?.trim()) return undefined
  throw usageError(
    `no configuration: there is no ./${defaultFile}. Write one with orgid-bearer init, name one with --config or ORGID_CONFIG, or set ORGID_ISSUER and the other ORGID_* variables`,
  )
}

/** As it was given, which is how messages show it, wherever that names the same file. */
function pathIn({ cwd }: Io, file: string): string {
  return cwd === process.cwd() ? file : resolve(cwd, file)
}
