import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Benchmark } from './benchmark.js'
import { reportTable } from './report.js'
import { verdict } from './verdict.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))

/** Bytes: of what is downloaded, and of what is then on the disk. */
const limits = { packed: 300_000, unpacked: 1_000_000 }

interface Packed {
  readonly size: number
  readonly unpackedSize: number
}

interface Entry {
  readonly name: string
  readonly size: number
  readonly passed: boolean
}

/** The package as it is published, and each entry point as a bundle (`.size-limit.js`). */
export const size: Benchmark = async (options) => {
  const [packed] = await jsonOf<[Packed]>('npm', ['pack', '--dry-run', '--json'])
  const entries = await jsonOf<readonly Entry[]>('npm', [
    ...['run', '--silent', 'check:size', '--', '--json'],
  ])
  const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    dependencies: Record<string, string>
  }
  const dependencies = Object.keys(manifest.dependencies)
  await reportTable(
    'size',
    [
      { what: 'package, packed', kB: kilobytes(packed.size) },
      { what: 'package, unpacked', kB: kilobytes(packed.unpackedSize) },
      ...entries.map((entry) => ({ what: `\`${entry.name}\``, kB: kilobytes(entry.size) })),
    ],
    { packed, entries, dependencies },
    options,
  )
  console.log(`${dependencies.length} runtime dependencies: ${dependencies.join(', ')}`)
  return [
    verdict('package, packed', packed.size <= limits.packed, shown(packed.size), '<= 300 kB'),
    verdict(
      'package, unpacked',
      packed.unpackedSize <= limits.unpacked,
      shown(packed.unpackedSize),
      '<= 1,000 kB',
    ),
    ...entries.map((entry) =>
      verdict(entry.name, entry.passed, shown(entry.size), 'what .size-limit.js says'),
    ),
  ].every(Boolean)
}

/** Of a command that may exit with 1 and say why in its JSON. */
async function jsonOf<T>(command: string, args: readonly string[]): Promise<T> {
  const stdout = await run(command, args, { cwd: root }).then(
    (result) => result.stdout,
    (error: { stdout?: string; message: string }) => {
      if (error.stdout?.includes('[')) return error.stdout
      throw new Error(`${command} ${args[0]}: ${error.message}`)
    },
  )
  return JSON.parse(stdout.slice(stdout.indexOf('['))) as T
}

const kilobytes = (bytes: number) => (bytes / 1_000).toFixed(1)
const shown = (bytes: number) => `${kilobytes(bytes)} kB`
