import { resolve } from 'node:path'
import { invalidOption, nearest } from '../options.js'
import type { KeySource } from './sources.js'

/** The environment variables that are read, and the option each stands for. */
const variables = {
  ORGID_CONFIG: 'the path of the configuration file',
  ORGID_ISSUER: 'issuer',
  ORGID_PRIVATE_KEY: 'key, the key itself',
  ORGID_PRIVATE_KEY_FILE: 'key, the path of its file',
  ORGID_PRIVATE_KEY_PASSPHRASE: 'the passphrase of key',
  ORGID_PRIVATE_KEY_PASSPHRASE_FILE: 'the passphrase of key, the path of its file',
  ORGID_PARTNERS: 'partners, as JSON',
  ORGID_LIFETIME: 'lifetime',
  ORGID_STRICT: 'strict',
} as const

/** @internal */
export type Variable = keyof typeof variables

/** @internal */
export type Environment = Readonly<Record<string, string | undefined>>

/** The value of a variable: set, and not to nothing. @internal */
export function valueIn(env: Environment, name: string): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  return value === undefined || value.trim() === '' ? undefined : value
}

/**
 * The key that the environment gives.
 * @param cwd where relative paths start.
 * @throws OrgidAuthError `ERR_INVALID_OPTION` if it gives two.
 * @internal
 */
export function readKeyVariables(env: Environment, cwd: string): KeySource | undefined {
  const found = eitherOf(env, cwd, 'ORGID_PRIVATE_KEY', 'ORGID_PRIVATE_KEY_FILE')
  return (
    found && {
      ...found,
      passphrase: readPassphraseVariables(env, cwd),
      passphraseRemedy:
        'set ORGID_PRIVATE_KEY_PASSPHRASE, or ORGID_PRIVATE_KEY_PASSPHRASE_FILE to the path of its file',
    }
  )
}

/**
 * The passphrase that the environment gives.
 * @param cwd where relative paths start.
 * @throws OrgidAuthError `ERR_INVALID_OPTION` if it gives two.
 * @internal
 */
export function readPassphraseVariables(env: Environment, cwd: string): KeySource['passphrase'] {
  return eitherOf(env, cwd, 'ORGID_PRIVATE_KEY_PASSPHRASE', 'ORGID_PRIVATE_KEY_PASSPHRASE_FILE')
}

function eitherOf(
  env: Environment,
  cwd: string,
  itself: Variable,
  file: Variable,
): KeySource['passphrase'] {
  const path = valueIn(env, file)?.trim()
  if (valueIn(env, itself) === undefined) {
    return path === undefined
      ? undefined
      : { where: file, place: { kind: 'file', path: resolve(cwd, path) } }
  }
  if (path === undefined) return { where: itself, place: { kind: 'variable', name: itself } }
  throw invalidOption(itself, `either it or ${file}`, 'both', 'Unset one of them')
}

// Kubernetes and Docker describe a service "orgid…" in such variables to every container beside it
const serviceLink = /_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?$/
const warned = new Set<string>()

/**
 * Warns, once a name, of variables that begin like ours and are none: a misspelt one is no silent
 * default.
 *
 * @param wanted the names that the configuration file gives.
 * @internal
 */
export function warnUnknown(env: Environment, wanted: ReadonlySet<string>): void {
  for (const name of Object.keys(env)) {
    if (!name.startsWith('ORGID_') || Object.hasOwn(variables, name)) continue
    if (valueIn(env, name) === undefined || wanted.has(name) || serviceLink.test(name)) continue
    if (warned.has(name)) continue
    warned.add(name)
    const known = Object.keys(variables)
    const meant = nearest(name, known)
    const question = meant === undefined ? '' : `; did you mean ${meant}?`
    process.emitWarning(
      `the environment variable ${name} is not read${question || '.'} Of those that begin with ORGID_, these are: ${known.join(', ')}`,
      { type: 'OrgidBearerWarning', code: 'ORGID_UNKNOWN_VARIABLE' },
    )
  }
}
