import { type ChildProcess, spawn } from 'node:child_process'
import { OrgidAuthError } from '../errors.js'
import type { Place } from './sources.js'

type Command = Extract<Place, { kind: 'command' }>

/** More than any key has. */
const maxBytes = 65_536

/**
 * Runs a command, without a shell, and gives what it printed, without white space around it.
 *
 * What it writes to stderr is read by nobody, and its arguments are in no error: either may hold a
 * secret.
 *
 * @throws OrgidAuthError (rejected) `ERR_CONFIG`
 * @internal
 */
export function runCommand(command: Command, where: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const fail = (got: string): void => {
      clearTimeout(timer)
      const message = `${where}: expected the private key on stdout, got ${got}`
      reject(new OrgidAuthError('ERR_CONFIG', message))
    }
    let child: ReturnType<typeof start>
    try {
      child = start(command)
    } catch (error) {
      return fail(whyNotStarted(error))
    }
    const end = (got: string): void => {
      fail(got)
      killAll(child)
      // Who has left the group still holds it open, and this process would wait for it at its end
      child.stdout.destroy()
    }
    const chunks: Buffer[] = []
    let size = 0
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBytes) end(`more than ${maxBytes} bytes`)
      else chunks.push(chunk)
    })
    child.on('error', (error) => fail(whyNotStarted(error)))
    child.on('close', (code, signal) => {
      const text = Buffer.concat(chunks).toString().trim()
      if (signal !== null) return fail(`its end by ${signal}`)
      if (code !== 0) return fail(`exit code ${code}`)
      if (text === '') return fail('nothing')
      clearTimeout(timer)
      resolve(text)
    })
    const { timeout } = command
    timer = setTimeout(
      () => end(`none within ${timeout} s. "timeout" beside "command" sets the limit`),
      timeout * 1_000,
    )
  })
}

const hasGroups = process.platform !== 'win32'

/** In a process group of its own, by which its children can be ended with it. */
function start({ program, args, cwd }: Command) {
  return spawn(program, args, {
    cwd,
    detached: hasGroups,
    windowsHide: true,
    // Who asks for a passphrase gets none, rather than waiting for it
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

function killAll(child: ChildProcess): void {
  if (!hasGroups || child.pid === undefined) {
    child.kill('SIGKILL')
    return
  }
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // All of them are gone
  }
}

function whyNotStarted(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'no such program (ENOENT)'
  return `an error ${code ?? 'of an unknown kind'} at its start`
}
