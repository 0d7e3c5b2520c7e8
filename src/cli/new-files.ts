import { randomBytes } from 'node:crypto'
import { linkSync, lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Access, cannotWrite, giveTo } from './files.js'
import { CliError, type Io } from './io.js'

/** A file to be written. */
export interface NewFile {
  readonly file: string
  readonly text: string
  /** Permissions; what an umask takes away is taken away. */
  readonly mode: number
  /** Replaces one that exists; the new one has its own permissions. Default: false. */
  readonly force?: boolean
  /** Whose it is to be. Default: who runs this. */
  readonly owner?: Access | undefined
}

/**
 * Writes new files, all or none: half of a key pair is worse than none, and a private key that is
 * replaced is not lost before its successor is there.
 *
 * @throws CliError `ERR_FILE_EXISTS`, `ERR_FILE`
 */
export function writeNewFiles({ cwd }: Pick<Io, 'cwd'>, files: readonly NewFile[]): void {
  const writes: { readonly file: string; readonly write: Write }[] = []
  try {
    for (const { file, ...rest } of files) {
      writes.push({ file, write: naming(file, () => prepare(resolve(cwd, file), rest)) })
    }
    for (const { file, write } of writes) naming(file, write.commit)
  } catch (error) {
    for (const { write } of writes.toReversed()) asFarAsPossible(write.undo)
    throw error
  } finally {
    for (const { write } of writes) asFarAsPossible(write.tidy)
  }
}

/** A file on its way to its place. */
interface Write {
  readonly commit: () => void
  /** Puts back what was there. */
  readonly undo: () => void
  /** Removes what nobody needs any more. */
  readonly tidy: () => void
}

function prepare(path: string, file: Omit<NewFile, 'file'>): Write {
  return file.force ? replacement(path, file) : creation(path, file)
}

/** A file that is not there yet is in nobody's way: it is written where it belongs. */
function creation(path: string, file: Omit<NewFile, 'file'>): Write {
  create(path, file)
  return { commit: () => {}, undo: () => rmSync(path, { force: true }), tidy: () => {} }
}

function replacement(path: string, file: Omit<NewFile, 'file'>): Write {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw Object.assign(new Error(), { code: 'EISDIR' })
  }
  const temporary = besides(path, 'tmp')
  create(temporary, file)
  let kept: string | undefined
  let isWritten = false
  return {
    commit: () => {
      kept = keep(path)
      renameSync(temporary, path)
      isWritten = true
    },
    undo: () => {
      const old = kept
      // Should this fail, it stays beside its place
      kept = undefined
      if (old !== undefined) renameSync(old, path)
      else if (isWritten) rmSync(path)
      // Two names of one file are not renamed into each other
      if (old !== undefined) rmSync(old, { force: true })
    },
    tidy: () => {
      rmSync(temporary, { force: true })
      if (kept !== undefined) rmSync(kept, { force: true })
    },
  }
}

/** Gives what is there a second name, by which it can be put back. */
function keep(path: string): string | undefined {
  const name = besides(path, 'old')
  try {
    linkSync(path, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    // Not every file system has such names
    renameSync(path, name)
  }
  return name
}

function create(path: string, { text, mode, owner }: Omit<NewFile, 'file'>): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode, flush: true })
    if (owner !== undefined) giveTo(owner, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') rmSync(path, { force: true })
    throw error
  }
}

function besides(path: string, ending: string): string {
  return `${path}.${randomBytes(6).toString('hex')}.${ending}`
}

function naming<T>(file: string, write: () => T): T {
  try {
    return write()
  } catch (error) {
    if (error instanceof CliError) throw error
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotWrite(error, file)
    throw new CliError(
      'ERR_FILE_EXISTS',
      `${file} exists and was not touched; nothing was written. Choose another name, or pass --force to overwrite it`,
    )
  }
}

/** The first failure is the one to tell. */
function asFarAsPossible(fn: () => void): void {
  try {
    fn()
  } catch {
    // What is left over lies beside the file, under its name and an ending
  }
}
