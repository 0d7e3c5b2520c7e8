// Runs every example to its end: examples/*.ts, and main.ts in each folder of examples.
// From source, since tsx follows the `paths` of tsconfig.json; as built with TEST_TARGET=dist.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tsconfig = process.env.TEST_TARGET === 'dist' ? 'tsconfig.base.json' : 'tsconfig.json'
const limitMs = 60_000

const examples = readdirSync(`${root}examples`, { withFileTypes: true })
  .map((entry) =>
    entry.isDirectory() ? `examples/${entry.name}/main.ts` : `examples/${entry.name}`,
  )
  .filter((file) => file.endsWith('.ts'))
  .sort()

const failed = examples.filter((file) => {
  console.log(`\n# ${file}`)
  if (!existsSync(root + file)) {
    console.error('missing: a folder of examples starts at main.ts')
    return true
  }
  const { status, signal, error } = spawnSync(process.execPath, ['--import', 'tsx', file], {
    cwd: root,
    env: { ...process.env, TSX_TSCONFIG_PATH: `${root}${tsconfig}` },
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: limitMs,
  })
  if (status !== 0) console.error(`${file}: ${error?.message ?? signal ?? `exit status ${status}`}`)
  return status !== 0
})

console.log(`\n${examples.length - failed.length} of ${examples.length} examples ran`)
if (failed.length > 0 || examples.length === 0) process.exitCode = 1
