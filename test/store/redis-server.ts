import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A redis-server of a test's own. */
export interface RunningRedis {
  readonly port: number
  readonly pid: number
  /** Stops it in its tracks (SIGSTOP): it keeps its connections, and answers nothing. */
  pause(): void
  resume(): void
  /** Ends it without notice (SIGKILL). */
  kill(): Promise<void>
  /** Ends it as an operator would (SIGTERM), paused or not. Does nothing once it has ended. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a redis-server on loopback that keeps nothing on disk.
 *
 * @param port default: any free one. Another server may be started at the port of one that ended.
 */
export async function startRedis(port?: number): Promise<RunningRedis> {
  // Between finding a free port and using it somebody else may
  for (let attempt = 1; ; attempt += 1) {
    const tried = port ?? (await freePort())
    const started = await start(tried)
    if (typeof started !== 'string') return started
    if (attempt === 5 || port !== undefined) throw new Error(`redis-server: ${started}`)
  }
}

async function start(port: number): Promise<RunningRedis | string> {
  const folder = mkdtempSync(join(tmpdir(), 'orgid-redis-'))
  const args = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder]
  const server = spawn('redis-server', [...args, '--save', '', '--appendonly', 'no'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(server, 'exit')
  const killAtExit = () => void server.kill('SIGKILL')
  process.once('exit', killAtExit)

  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    server.kill(signal)
    // Paused, it would be told when it goes on
    server.kill('SIGCONT')
    await ended
    process.off('exit', killAtExit)
    rmSync(folder, { recursive: true, force: true })
  }
  const trouble = await whyNotReady(server)
  if (trouble !== undefined) {
    await end('SIGKILL')
    return trouble
  }
  return {
    port,
    pid: server.pid as number,
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    [Symbol.asyncDispose]: () => end('SIGTERM'),
  }
}

async function whyNotReady(server: ChildProcess): Promise<string | undefined> {
  const lines: string[] = []
  // To its end, so that what it says later fills no pipe
  const output = createInterface({ input: server.stdout as NonNullable<typeof server.stdout> })
  return new Promise((resolve) => {
    output.on('line', (line) => {
      lines.push(line)
      if (line.includes('Ready to accept connections')) resolve(undefined)
    })
    output.on('close', () => resolve(lines.at(-1) ?? 'ended without a word'))
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
