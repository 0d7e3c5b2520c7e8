import type { OrgidAuthOptions } from '../configuration.js'
import type { KeyOptions } from '../tokens/keyring.js'

/** Where a private key, or a passphrase, is to be had. @internal */
export type Place =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'variable'; readonly name: string }
  | {
      readonly kind: 'command'
      readonly program: string
      readonly args: readonly string[]
      /** Where it is run: the directory of the configuration file. */
      readonly cwd: string
      /** Seconds. */
      readonly timeout: number
    }

/** A private key that is not loaded yet. @internal */
export interface KeySource {
  /** What names it in messages: `orgid.json: key.file`, `ORGID_PRIVATE_KEY`. */
  readonly where: string
  readonly place: Place
  readonly passphrase: { readonly where: string; readonly place: Place } | undefined
  /** How to give a passphrase, for the message that says that one is missing. */
  readonly passphraseRemedy: string
}

/** One of `keys`, not loaded yet. Its `id` and `activeFrom` are unchecked. @internal */
export interface KeyEntry extends Omit<KeyOptions, 'key'> {
  readonly source: KeySource
}

/** What an auth is made of, as it stands in a file and in the environment. @internal */
export interface Config {
  /**
   * For `createOrgidAuth`, beside the keys. Names are checked, the values of options are not:
   * `createOrgidAuth` does that, inside {@link naming}.
   */
  readonly options: Omit<OrgidAuthOptions, 'key' | 'keys' | 'now'>
  /** One key or several; undefined when neither the file nor the environment has any. */
  readonly keys: { readonly key: KeySource } | { readonly keys: readonly KeyEntry[] } | undefined
  /** The path of the file, as it was given: what messages call it. */
  readonly source: string | undefined
  /** The same, absolute: it stays the same file wherever the process goes. */
  readonly file: string | undefined
  /** What to call a top-level option in messages: `orgid.json: partners`, `ORGID_LIFETIME`. */
  readonly names: ReadonlyMap<string, string>
  /** The value of a variable, for keys that are in one. A function, so that no log shows them. */
  readonly variable: (name: string) => string | undefined
}

/** The files of a configuration, keys' and passphrases' ones included. @internal */
export function filesOf({ file, keys }: Config): readonly string[] {
  return [...(file === undefined ? [] : [file]), ...sourcesOf(keys).flatMap(filesOfKey)]
}

/** @internal */
export function filesOfKey({ place, passphrase }: KeySource): readonly string[] {
  return [place, passphrase?.place].flatMap((one) => (one?.kind === 'file' ? [one.path] : []))
}

function sourcesOf(keys: Config['keys']): readonly KeySource[] {
  if (keys === undefined) return []
  return 'key' in keys ? [keys.key] : keys.keys.map(({ source }) => source)
}
