import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The types of a client, made of an OpenAPI description as anybody would make them. */
export function clientTypes(root: string, description: string): string {
  const generator = join(root, 'scripts/api/node_modules/openapi-typescript/bin/cli.js')
  if (!existsSync(generator)) {
    throw new Error(
      'expected openapi-typescript in scripts/api, got none. Run: npm ci --prefix scripts/api',
    )
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, [generator, description], {
    cwd: root,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`openapi-typescript ended with ${status}:\n${stderr}`)
  return stdout
}
