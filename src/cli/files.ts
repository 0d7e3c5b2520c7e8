import { randomBytes } from 'node:crypto'
import {
  chmodSync,
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

/** A file to be written. */
export interface NewFile {
  readonly file: string
  readonly text: string
  /** Permissions; what an umask takes away is taken away. */
  readonly mode: number
  /** Replaces one that exists; the new one has its own permissions. Default: false. */
  readonly force?: boolean
}

/**
 * Writes new files, all or none.
 *
 * @throws CliError `ERR_FILE_EXISTS`, `ERR_FILE`
 */
export function writeNewFiles({ cwd }: Pick<Io, 'cwd'>, files: readonly NewFile[]): void {
  const created: string[] = []
  for (const { file, text, mode, force } of files) {
    const path = resolve(cwd, file)
    try {
      if (force) replace(path, text, mode)
      else createOnly(path, text, mode)
    } catch (error) {
      // half of a pair is worse than none
      for (const other of created) rmSync(other, { force: true })
      throw notWritten(error, file)
    }
    if (!force) created.push(path)
  }
}

function notWritten(error: unknown, file: string): CliError {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return cannotWrite(error, file)
  return new CliError(
    'ERR_FILE_EXISTS',
    `${file} exists and was not touched; nothing was written. Choose another name, or pass --force to overwrite it`,
  )
}

function cannotWrite(error: unknown, file: string): CliError {
  return new CliError('ERR_FILE', `cannot write ${showPath(file)} (${reason(error)})`)
}

/**
 * Replaces the text of a file at once: whoever reads it meanwhile sees the old or the new one. Its
 * permissions stay, and a symbolic link stays one.
 *
 * @throws CliError `ERR_FILE`
 */
export function replaceText({ cwd }: Pick<Io, 'cwd'>, file: string, text: string): void {
  try {
    const path = realpathSync(resolve(cwd, file))
    replace(path, text, statSync(path).mode & 0o7777, true)
  } catch (error) {
    throw cannotWrite(error, file)
  }
}

/** The permissions of a file; undefined where there are none worth the name. */
export function modeOf({ cwd }: Pick<Io, 'cwd'>, file: string): number | undefined {
  if (process.platform === 'win32') return undefined
  return statSync(resolve(cwd, file), { throwIfNoEntry: false })?.mode
}

function createOnly(path: string, text: string, mode: number): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') rmSync(path, { force: true })
    throw error
  }
}

function replace(path: string, text: string, mode: number, exactly = false): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    writeFileSync(temporary, text, { flag: 'wx', mode })
    if (exactly) chmodSync(temporary, mode)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

function reason(error: unknown): string {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException
  return code === 'ENOENT' ? 'ENOENT: there is no such file or directory' : code
}
