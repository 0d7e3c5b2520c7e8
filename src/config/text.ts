import { readFileSync, statSync } from 'node:fs'
import { describe, OrgidAuthError } from '../errors.js'

/**
 * A file's text.
 *
 * @param where what named the file: an option or a variable, for the error message.
 * @param shown how the error message calls the file.
 * @throws OrgidAuthError `ERR_CONFIG`
 * @internal
 */
export function readText(path: string, where: string, shown = path): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const mayBeContent = isSecretive(shown) || /passphrase/i.test(where)
    // Without its cause, which repeats the path, and that may be a key in the wrong place
    throw new OrgidAuthError(
      'ERR_CONFIG',
      `${where}: expected a file that can be read, got ${mayBeContent ? 'a path that is not shown here' : shown}, ${whyUnreadable(error)}${mayBeContent ? '. Is it the content, instead of the path of its file?' : ''}`,
    )
  }
}

/**
 * The passphrase in the text of its file: the first line, as OpenSSL's `-passin file:` takes it, so
 * that one file does for both. Editors and `echo` end it with a line break.
 *
 * @internal
 */
export function passphraseIn(text: string): string {
  return text.split(/\r?\n/, 1)[0] as string
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'which does not exist',
  ENOTDIR: 'in which a file stands where a directory is expected',
  EISDIR: 'which is a directory (Docker makes one where a file to mount is missing)',
  EACCES: 'which this process may not read',
  EPERM: 'which this process may not read',
  ENAMETOOLONG: 'which is too long for a path',
}

function whyUnreadable(error: unknown): string {
  const { code = 'of an unknown kind' } = error as NodeJS.ErrnoException
  return reasons[code] ?? `an error ${code}`
}

/** A path in a message, unless it may be a secret. @internal */
export function showPath(path: string): string {
  return isSecretive(path) ? describe(path) : path
}

/** Whether a path may be a key or a document instead: PEM, JSON, hex digits, base64. */
function isSecretive(path: string): boolean {
  return (
    // biome-ignore lint/suspicious/noControlCharactersInRegex: no path worth showing has one
    /[\u0000-\u001f{}"]|-----|[A-Za-z0-9+=]{32}/.test(path) ||
    /(?:^|\/)M[A-Za-z0-9+/=]{60,}$/.test(path)
  )
}

/** Whether a path leads to a pipe, a terminal or the like: what was read there is gone. @internal */
export function isNoRegularFile(path: string): boolean {
  try {
    return !statSync(path).isFile()
  } catch {
    // Whoever reads it says what is wrong
    return false
  }
}
