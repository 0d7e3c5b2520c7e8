import { OrgidAuthError } from '../errors.js'
import { loadPrivateKey } from '../keys/load.js'
import { withRemedy } from '../keys/refusals.js'
import { invalidOption } from '../options.js'
import { signerOf } from '../signers/local.js'
import type { Signer } from '../signers/signer.js'
import type { KeyOptions } from '../tokens/keyring.js'
import { missingKey } from './key-source.js'
import type { Config, KeyEntry, KeySource, Place } from './sources.js'
import { passphraseIn, readText, showPath } from './text.js'

/** What `createOrgidAuth` takes: one key, or several. @internal */
export type LoadedKeys =
  | { readonly key: Signer }
  | { readonly keys: readonly (KeyOptions & { readonly key: Signer })[] }

/**
 * Loads the keys of a configuration, those of commands included.
 *
 * @throws OrgidAuthError (rejected) `ERR_CONFIG` if a file cannot be read, a variable is not set or
 *   a command fails, `ERR_INVALID_OPTION` if there is no key, `ERR_INVALID_KEY`, `ERR_PUBLIC_KEY`,
 *   `ERR_ENCRYPTED_KEY`, `ERR_KEY_CURVE`, `ERR_KEY_RANGE`, `ERR_KEY_MISMATCH`.
 * @internal
 */
export async function loadKeys(
  config: Config,
  load: (source: KeySource, config: Config) => Signer | Promise<Signer> = loadKey,
): Promise<LoadedKeys> {
  const { keys, source } = config
  if (keys === undefined) throw missingKey(source)
  if ('key' in keys) return { key: await load(keys.key, config) }
  const loaded = []
  for (const entry of keys.keys) loaded.push(withKey(entry, await load(entry.source, config)))
  return { keys: loaded }
}

/**
 * Loads the keys of a configuration at once.
 *
 * @throws OrgidAuthError as {@link loadKeys}, and `ERR_INVALID_OPTION` for a command.
 * @internal
 */
export function loadKeysSync(config: Config): LoadedKeys {
  const { keys, source } = config
  if (keys === undefined) throw missingKey(source)
  if ('key' in keys) return { key: loadKeySync(keys.key, config) }
  return { keys: keys.keys.map((entry) => withKey(entry, loadKeySync(entry.source, config))) }
}

/** @internal */
export async function loadKey(source: KeySource, config: Config): Promise<Signer> {
  const { place, where } = source
  if (place.kind !== 'command') return loadKeySync(source, config)
  const { runCommand } = await import('./command.js')
  return toSigner(await runCommand(place, where), source, config)
}

function loadKeySync(source: KeySource, config: Config): Signer {
  return toSigner(textAt(source.place, source.where, config), source, config)
}

function withKey({ source: _, ...rest }: KeyEntry, key: Signer): KeyOptions & { key: Signer } {
  return { ...rest, key }
}

function textAt(place: Place, where: string, { variable }: Config): string {
  if (place.kind === 'file') return readText(place.path, where)
  if (place.kind === 'command') {
    throw invalidOption(
      where,
      'a file or an environment variable',
      'a command, which takes its time',
      'Use await loadOrgidAuth() instead of createOrgidAuthFromEnv()',
    )
  }
  const value = variable(place.name)
  if (value !== undefined) return value
  throw new OrgidAuthError(
    'ERR_CONFIG',
    // A passphrase may stand where its variable's name should
    /passphrase/i.test(where)
      ? `${where}: expected the name of a variable that is set, got that of none`
      : `${where}: expected the variable ${place.name} to be set, got none`,
  )
}

function toSigner(text: string, source: KeySource, config: Config): Signer {
  const { place, where, passphraseRemedy } = source
  const name = place.kind === 'file' ? `${where} (${showPath(place.path)})` : where
  const passphrase = readPassphrase(source, config)
  try {
    return signerOf(
      loadPrivateKey(passphrase === undefined ? text : { key: text, passphrase }, name),
    )
  } catch (error) {
    const wrong = `check ${source.passphrase?.where}`
    throw withRemedy(error, { missing: passphraseRemedy, wrong })
  }
}

function readPassphrase({ passphrase }: KeySource, config: Config): string | undefined {
  if (passphrase === undefined) return undefined
  const { place, where } = passphrase
  const text = textAt(place, where, config)
  const value = place.kind === 'file' ? passphraseIn(text) : text
  if (value !== '') return value
  throw new OrgidAuthError(
    'ERR_CONFIG',
    `${where}: expected the passphrase in the first line of its file, got an empty one`,
  )
}
