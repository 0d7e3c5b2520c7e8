import { dirname, resolve } from 'node:path'
import { describe, OrgidAuthError } from '../errors.js'
import { invalidOption, readNumber, readOptions } from '../options.js'
import type { KeyEntry, KeySource, Place } from './sources.js'
import { showPath } from './text.js'

/** Where a key is, as a configuration file says it. One of `file`, `env` and `command`. */
interface KeyPlace {
  readonly file?: string
  readonly env?: string
  readonly command?: readonly string[]
  readonly timeout?: number
  readonly passphraseEnv?: string
  readonly passphraseFile?: string
}

/** @internal */
export const keyPlaceNames = [
  'file',
  'env',
  'command',
  'timeout',
  'passphraseEnv',
  'passphraseFile',
] as const satisfies readonly (keyof KeyPlace)[]

/** @internal */
export const keyEntryNames = ['id', 'key', 'activeFrom'] as const

const forms = '{ "file": … }, { "env": … } or { "command": [ … ] }'

/**
 * Checks the `key` of a configuration file; nothing is loaded.
 *
 * @param file the configuration file, absolute: relative paths start where it is.
 * @throws OrgidAuthError `ERR_INVALID_OPTION`
 * @internal
 */
export function readKeySource(input: unknown, where: string, file: string): KeySource {
  refuseInline(input, where)
  const own = readOptions<KeyPlace>(input as KeyPlace, keyPlaceNames, where)
  const given = (['file', 'env', 'command'] as const).filter((name) => own[name] !== undefined)
  const [kind, ...more] = given
  if (kind === undefined || more.length > 0) {
    throw invalidOption(where, `one of ${forms}`, given.join(' and ') || 'none of them')
  }
  if (kind !== 'command' && own.timeout !== undefined) {
    throw invalidOption(`${where}.timeout`, 'none, without a command', describe(own.timeout))
  }
  return {
    where: `${where}.${kind}`,
    place: readPlace(own, kind, where, dirname(file)),
    passphrase: readPassphrase(own, where, dirname(file)),
    passphraseRemedy: `put passphraseEnv or passphraseFile into ${where}`,
  }
}

/** Checks the `keys` of a configuration file, but for what `createOrgidAuth` checks. @internal */
export function readKeyEntries(input: unknown, where: string, file: string): readonly KeyEntry[] {
  if (!Array.isArray(input) || input.length === 0) {
    throw invalidOption(where, 'an array of at least one { id, key }', describe(input))
  }
  return input.map((item: KeyEntry & { key: unknown }, index) => {
    const { id, key, activeFrom } = readOptions(item, keyEntryNames, `${where}[${index}]`)
    return {
      id: id as string,
      ...(activeFrom !== undefined && { activeFrom }),
      source: readKeySource(key, `${where}[${index}].key`, file),
    }
  })
}

function refuseInline(input: unknown, where: string): void {
  if (typeof input === 'string' && isFileName(input)) {
    throw invalidOption(
      where,
      `where the private key is, ${forms}`,
      `the text "${input}"`,
      `If that is the file which holds it, write { "file": "${input}" }`,
    )
  }
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input)
  if (isObject && Object.hasOwn(input, 'passphrase')) {
    throw invalidOption(
      `${where}.passphrase`,
      'passphraseEnv or passphraseFile instead',
      'a passphrase',
      'Configuration files are copied, committed and logged; a secret in them does not stay one',
    )
  }
  if (isObject && !Object.hasOwn(input, 'kty') && !Object.hasOwn(input, 'key')) return
  const got = isObject ? 'an object that may be the key itself' : describe(input)
  throw invalidOption(
    where,
    `where the private key is, ${forms}`,
    got,
    'The key itself must not stand here: configuration files are copied, committed and logged',
  )
}

/** A name with an ending, which no key has, and nothing that a message must not show. */
function isFileName(text: string): boolean {
  return /^[\w./\\~ -]{1,200}\.[A-Za-z]\w{1,4}$/.test(text) && showPath(text) === text
}

type Own = { readonly [K in keyof KeyPlace]?: KeyPlace[K] | undefined }

function readPlace(own: Own, kind: 'file' | 'env' | 'command', where: string, base: string): Place {
  if (kind === 'file') return readFilePlace(own.file, `${where}.file`, base)
  if (kind === 'env') return readVariablePlace(own.env, `${where}.env`)
  const command: unknown = own.command
  const isCommand =
    Array.isArray(command) &&
    command.length > 0 &&
    command[0] !== '' &&
    command.every((item) => typeof item === 'string' && !item.includes('\0'))
  if (!isCommand) {
    throw invalidOption(
      `${where}.command`,
      'an array of strings, the program and its arguments',
      describe(command),
      'It is run without a shell',
    )
  }
  const [program, ...args] = command as [string, ...string[]]
  const bounds = { min: 0.1, max: 600, fallback: 30, unit: 'seconds' }
  const timeout = readNumber(own.timeout, `${where}.timeout`, bounds)
  return { kind, program, args, cwd: base, timeout }
}

function readPassphrase(own: Own, where: string, base: string): KeySource['passphrase'] {
  const { passphraseEnv, passphraseFile } = own
  if (passphraseEnv !== undefined && passphraseFile !== undefined) {
    throw invalidOption(where, 'either passphraseEnv or passphraseFile', 'both')
  }
  if (passphraseEnv !== undefined) {
    const name = `${where}.passphraseEnv`
    return { where: name, place: readVariablePlace(passphraseEnv, name) }
  }
  if (passphraseFile === undefined) return undefined
  const name = `${where}.passphraseFile`
  return { where: name, place: readFilePlace(passphraseFile, name, base) }
}

function readFilePlace(path: unknown, where: string, base: string): Place {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw invalidOption(where, 'the path of a file', describe(path))
  }
  // A PEM has line breaks, or the two characters that stand for one
  if (/-----BEGIN|\n/.test(path)) {
    throw invalidOption(
      where,
      'the path of a file',
      `${describe(path)} that is its content`,
      'A secret must not stand in a configuration file',
    )
  }
  return { kind: 'file', path: resolve(base, path) }
}

/** Shorter than a key in hex, so that a message may show it. */
const variableName = /^[A-Za-z_]\w{0,61}$/

function readVariablePlace(name: unknown, where: string): Place {
  if (typeof name === 'string' && variableName.test(name)) return { kind: 'variable', name }
  throw invalidOption(
    where,
    'the name of an environment variable, such as "HOTELS_KEY"',
    describe(name),
    'Give its name, not its value',
  )
}

/** @internal */
export function missingKey(source: string | undefined): OrgidAuthError {
  const file = source === undefined ? 'a configuration file that ORGID_CONFIG names' : source
  return new OrgidAuthError(
    'ERR_INVALID_OPTION',
    `key: expected a private key, got none. Set ORGID_PRIVATE_KEY_FILE or ORGID_PRIVATE_KEY, or put key or keys into ${file}`,
  )
}
