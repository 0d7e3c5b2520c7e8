import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { resolve } from 'node:path'
import { showPath } from '../config/text.js'
import { CliError, type Io } from './io.js'

/**
 * The text of a file.
 *
 * @param where the option that named it, for the error message.
 * @throws CliError `ERR_FILE`
 */
export function readText({ cwd }: Pick<Io, 'cwd'>, file: string, where: string): string {
  let bytes: Buffer
  try {
    bytes = readFileSync(resolve(cwd, file))
  } catch (error) {
    throw new CliError('ERR_FILE', `${where}: cannot read ${shown(file, where)} (${reason(error)})`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new CliError(
      'ERR_FILE',
      `${where}: expected text in UTF-8, got other bytes in ${shown(file, where)}`,
    )
  }
}

/** Where a passphrase stands in the place of its file's name, that is not shown. */
function shown(file: string, where: string): string {
  return /passphrase/i.test(where) ? 'the file that it names' : showPath(file)
}

/** What to say of a file that cannot be written. */
export function cannotWrite(error: unknown, file: string): CliError {
  return new CliError('ERR_FILE', `cannot write ${showPath(file)} (${reason(error)})`)
}

/**
 * Replaces the text of a file at once: whoever reads it meanwhile sees the old or the new one. Its
 * permissions and its owner stay, and a symbolic link stays one.
 *
 * @param before the text that the new one was made of: where the file has another one by now, that
 *   stays.
 * @throws CliError `ERR_FILE`
 */
export function replaceText(
  { cwd }: Pick<Io, 'cwd'>,
  file: string,
  text: string,
  before: string,
): void {
  try {
    replace(realpathSync(resolve(cwd, file)), text, before)
  } catch (error) {
    throw error instanceof CliError ? error : cannotWrite(error, file)
  }
}

/** The permissions of a file; undefined where there are none worth the name. */
export function modeOf({ cwd }: Pick<Io, 'cwd'>, file: string): number | undefined {
  if (process.platform === 'win32') return undefined
  return statSync(resolve(cwd, file), { throwIfNoEntry: false })?.mode
}

/** Who may read a file. */
export interface Access {
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

export function accessOf({ cwd }: Pick<Io, 'cwd'>, file: string): Access {
  return statSync(resolve(cwd, file))
}

/**
 * Gives a new file to the owner of the one that it is for, or beside: who reads that, perhaps as
 * another user, has to read this.
 *
 * @throws CliError `ERR_FILE` where that may not be done, and somebody could not read it.
 */
export function giveTo({ uid, gid }: Access, path: string): void {
  const own = statSync(path)
  if (own.uid === uid && own.gid === gid) return
  try {
    chownSync(path, uid, gid)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
    const isForAll = (own.mode & 0o004) !== 0
    const isForGroup = (own.mode & 0o040) !== 0
    if (isForAll || (own.uid === uid && !isForGroup)) return
    throw new CliError(
      'ERR_FILE',
      `${showPath(path)}: expected it to belong to user ${uid} and group ${gid}, who read what was there before, got ${own.uid} and ${own.gid}, and the right to change that is missing. Run this as that user, or as root`,
    )
  }
}

export function removeFiles({ cwd }: Pick<Io, 'cwd'>, files: readonly string[]): void {
  for (const file of files) rmSync(resolve(cwd, file), { force: true })
}

function replace(path: string, text: string, before: string): void {
  const stats = statSync(path)
  const mode = stats.mode & 0o7777
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    // Flushed: the new text is on the disk before the name is its
    writeFileSync(temporary, text, { flag: 'wx', mode, flush: true })
    // Before the mode, of which a new owner would take the special bits away
    giveTo(stats, temporary)
    chmodSync(temporary, mode)
    refuseChanged(path, before)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

function refuseChanged(path: string, before: string): void {
  if (readFileSync(path, 'utf8') === before) return
  throw new CliError(
    'ERR_FILE',
    `${showPath(path)} was changed by someone else meanwhile, and was not touched. Run this again`,
  )
}

function reason(error: unknown): string {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException
  if (code === 'EISDIR') return 'EISDIR: it is a directory'
  return code === 'ENOENT' ? 'ENOENT: there is no such file or directory' : code
}
