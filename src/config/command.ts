import { execFile } from 'node:child_process'
import { OrgidAuthError } from '../errors.js'
import type { Place } from './sources.js'

/** More than any key has. */
const maxBytes = 65_536

/**
 * Runs a command, without a shell, and gives what it printed, without white space around it.
 *
 * What it wrote to stderr is in no error, nor are its arguments: either may hold a secret.
 *
 * @throws OrgidAuthError (rejected) `ERR_CONFIG`
 * @internal
 */
export function runCommand(
  { program, args, cwd, timeout }: Extract<Place, { kind: 'command' }>,
  where: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (got: string) => {
      clearTimeout(timer)
      reject(
        new OrgidAuthError(
          'ERR_CONFIG',
          `${where}: expected the private key on stdout, got ${got}`,
        ),
      )
    }
    const settings = { cwd, encoding: 'utf8', maxBuffer: maxBytes, windowsHide: true } as const
    const child = execFile(program, args, settings, (error, stdout) => {
      const text = stdout.trim()
      if (error !== null) return fail(whyFailed(error))
      if (text === '') return fail('nothing')
      clearTimeout(timer)
      resolve(text)
    })
    // Not execFile's own timeout: that waits on, for as long as a grandchild holds stdout open
    const timer = setTimeout(() => {
      fail(`none within ${timeout} s. "timeout" beside "command" sets the limit`)
      child.kill('SIGKILL')
      child.stdout?.destroy()
      child.stderr?.destroy()
    }, timeout * 1_000)
    // Who asks for a passphrase gets none, rather than waiting for it
    child.stdin?.on('error', () => {}).end()
  })
}

function whyFailed(error: Error & { code?: unknown; signal?: unknown }): string {
  const { code, signal } = error
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `more than ${maxBytes} bytes`
  if (typeof code === 'number') return `exit code ${code}`
  if (typeof signal === 'string') return `its end by ${signal}`
  if (code === 'ENOENT') return 'no such program (ENOENT)'
  return `an error ${typeof code === 'string' ? code : 'of an unknown kind'} at its start`
}
