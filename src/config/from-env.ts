import { createOrgidAuth } from '../auth.js'
import type { OrgidAuthOptions } from '../configuration.js'
import { describe } from '../errors.js'
import type { OrgidAuth } from '../interface.js'
import { invalidOption, readOptions } from '../options.js'
import { loadKeysSync } from './keys.js'
import { naming } from './naming.js'
import { readConfig } from './read.js'

/** Where a configuration comes from, and what only code can give. */
export interface FromEnvOptions extends Pick<OrgidAuthOptions, 'key' | 'store' | 'now'> {
  /** The path of the configuration file. Default: that of `ORGID_CONFIG`, or none. */
  readonly config?: string
  /** The environment. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** @internal */
export const fromEnvNames = [
  'config',
  'env',
  'key',
  'store',
  'now',
] as const satisfies readonly (keyof FromEnvOptions)[]

/**
 * An auth of what the environment and a configuration file say. The environment wins over the
 * file, option by option; an empty variable counts as not set.
 *
 * | variable | |
 * |---|---|
 * | `ORGID_CONFIG` | path of a JSON file, described by `orgid-bearer/config.schema.json` |
 * | `ORGID_ISSUER`, `ORGID_LIFETIME`, `ORGID_STRICT` | `issuer`, `lifetime`, `strict` |
 * | `ORGID_PARTNERS` | `partners`, a JSON array |
 * | `ORGID_PRIVATE_KEY` or `ORGID_PRIVATE_KEY_FILE` | the key, or the path of its file |
 * | `ORGID_PRIVATE_KEY_PASSPHRASE` or `…_FILE` | its passphrase, or the path of a file whose first line it is |
 *
 * A `key` given in code is used instead of all keys there. Other variables that begin with
 * `ORGID_` are warned of (`ORGID_UNKNOWN_VARIABLE`), unless the file names them.
 *
 * @throws OrgidAuthError naming the file or the variable: `ERR_CONFIG` (a file that cannot be read
 *   or is no JSON, a variable that a key is to be in and is not set), and as `createOrgidAuth`.
 *   `ERR_INVALID_OPTION` for a key from a command: that takes `loadOrgidAuth`.
 */
export function createOrgidAuthFromEnv(options: FromEnvOptions = {}): OrgidAuth {
  const own = readOptions<FromEnvOptions>(options, fromEnvNames, 'options')
  const { key, store, now } = own
  const config = readConfig(readWhere(own))
  const keys = key === undefined ? loadKeysSync(config) : { key }
  return naming(config, () =>
    createOrgidAuth({ ...config.options, ...keys, store, ...(now !== undefined && { now }) }),
  )
}

/** Checks the options that say where a configuration is. @internal */
export function readWhere({
  config,
  env,
}: {
  readonly [K in 'config' | 'env']?: FromEnvOptions[K] | undefined
}): { path: string | undefined; env: FromEnvOptions['env'] } {
  if (config !== undefined && (typeof config !== 'string' || config === '')) {
    throw invalidOption('config', 'the path of a file', describe(config))
  }
  if (env !== undefined && (typeof env !== 'object' || env === null)) {
    throw invalidOption('env', 'an object of strings, such as process.env', describe(env))
  }
  return { path: config, env }
}
