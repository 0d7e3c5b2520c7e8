import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('.', import.meta.url))

/** Runs a script of this folder in a process of its own; it writes one line of JSON. */
export async function runProcess<T>(script: string, args: readonly string[]): Promise<T> {
  // What runs TypeScript here runs it there
  const loader = script.endsWith('.ts') ? process.execArgv : []
  const { stdout } = await run(process.execPath, [...loader, `${folder}${script}`, ...args], {
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  return JSON.parse(stdout) as T
}
