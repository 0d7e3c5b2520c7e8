import { createOrgidAuth } from '../auth.js'
import { internals, internalsOf, type OrgidAuth } from '../interface.js'
import { readNumber, readOptions } from '../options.js'
import { type FromEnvOptions, fromEnvNames, readWhere } from './from-env.js'
import { naming } from './naming.js'
import { readConfig } from './read.js'

/** What {@link loadOrgidAuth} takes. */
export interface LoadOptions extends FromEnvOptions {
  /**
   * Seconds between two looks at the files, from 0.01 to 86 400; `false` for never. Default: 10.
   */
  readonly reloadInterval?: number | false
}

/** An auth that follows its files. */
export interface LoadedAuth extends OrgidAuth {
  /**
   * Stops looking at the files. The auth itself goes on working, as it is then. Not needed for a
   * process to end: nothing here keeps it alive.
   */
  close(): void
  /** The same, for `using`. */
  [Symbol.dispose](): void
}

/**
 * As `createOrgidAuthFromEnv`, and keys may also come from a command, and files are followed: the
 * configuration file and those of keys and passphrases are looked at every few seconds, by their
 * content, so that files that are replaced by renaming or behind a symbolic link (a mounted
 * Kubernetes secret) are seen as well.
 *
 * When they change, this is taken over, without a call being lost:
 * - another key in a key's place: new tokens are signed with it, cached ones of the old key are
 *   dropped. It goes by the same fragment, and partners must know it by then: most cache keys by
 *   fragment, for hours or weeks. A key under a new fragment, in `keys`, is the safe way.
 * - keys that were added to `keys`, and those that were removed.
 * - `partners`.
 *
 * What is wrong is not taken over: the auth stays as it was, a warning says why
 * (`ORGID_RELOAD_REFUSED`), and it is tried again. A change of anything else waits for the next
 * start, and a warning says so (`ORGID_RESTART_NEEDED`). A command is run once, at the start; again
 * only when the file says another.
 *
 * @throws OrgidAuthError (rejected) as `createOrgidAuthFromEnv`, and `ERR_CONFIG` for a command
 *   that fails, prints nothing or takes more than its `timeout` (30 s).
 *
 * @example
 * ```ts
 * const auth = await loadOrgidAuth({ config: 'orgid.json' })
 * ```
 */
export async function loadOrgidAuth(options: LoadOptions = {}): Promise<LoadedAuth> {
  const own = readOptions<LoadOptions>(options, [...fromEnvNames, 'reloadInterval'], 'options')
  const { key, store, now } = own
  const interval = readInterval(own.reloadInterval)
  const { path, env = process.env } = readWhere(own)
  // As it is now: what a process deletes from its environment after the start is still known to a
  // reload, and relative paths name the same files wherever the process goes
  const read = { path, env: { ...env }, cwd: process.cwd() }

  const config = readConfig(read)
  // Loaded when it is needed: the main entry is imported by many who need none of it
  const [{ createChangingKeys }, { createReload }, { watchFiles }] = await Promise.all([
    import('./changing-keys.js'),
    import('./reload.js'),
    import('./watch.js'),
  ])
  const changing = createChangingKeys()
  const keys = key === undefined ? (await changing.stage(config)).begin() : { key }
  const auth = naming(config, () =>
    createOrgidAuth({ ...config.options, ...keys, store, ...(now !== undefined && { now }) }),
  )
  const reload = createReload({ auth, config, read, keys: key === undefined ? changing : { key } })
  const isStill = interval === false || reload.files().length === 0
  const close = isStill ? () => {} : watchFiles(reload, interval)
  const loaded: LoadedAuth = { ...auth, close, [Symbol.dispose]: close }
  Object.defineProperty(loaded, internals, { value: internalsOf(auth) })
  return Object.freeze(loaded)
}

function readInterval(input: number | false | undefined): number | false {
  if (input === false) return false
  const bounds = { min: 0.01, max: 86_400, fallback: 10, unit: 'seconds (or false)' }
  return readNumber(input, 'reloadInterval', bounds)
}
