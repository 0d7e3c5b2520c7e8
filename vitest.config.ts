import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import manifest from './package.json' with { type: 'json' }

// TEST_TARGET=dist runs the same tests against the built package, which Node itself loads.
const dist = process.env.TEST_TARGET === 'dist'

// AXIOS=axios-1.20, KOA=koa-2.16 and EXPRESS=express-5.0 put the oldest supported peer in place.
const peers = (['axios', 'koa', 'express'] as const).flatMap((name) => {
  const replacement = process.env[name.toUpperCase()]
  return replacement ? [{ find: new RegExp(`^${name}$`), replacement }] : []
})

if (dist && peers.length > 0) {
  throw new Error('what dist imports is resolved by Node: a peer can be replaced for src alone')
}

export default defineConfig({
  resolve: { alias: [...(dist ? builtAliases() : sourceAliases()), ...peers] },
  test: {
    include: ['test/**/*.test.ts'],
    server: { deps: { external: [/\/node_modules\//, /\/dist\//] } },
    maxWorkers: 2,
    testTimeout: 15_000,
    expect: { requireAssertions: true },
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text', 'html'],
      thresholds: { lines: 98, functions: 97, statements: 97, branches: 94 },
    },
  },
})

/** `orgid-bearer/axios` -> `src/transports/axios.ts`, and so on for each of the exports. */
function sourceAliases() {
  return publicNames().map(({ name, target }) =>
    alias(name, root(target.replace('./dist/', 'src/').replace(/\.js$/, '.ts'))),
  )
}

/** Public names through the package's own exports; `../src/did.js` in a test -> `dist/did.js`. */
function builtAliases() {
  const { resolve } = createRequire(root('package.json'))
  return [
    ...publicNames().map(({ name, target }) =>
      alias(name, name.includes('*') ? root(target) : resolve(name)),
    ),
    { find: /^(?:\.\.\/)+src\/(.+\.js)$/, replacement: root('dist/$1') },
  ]
}

function publicNames() {
  return Object.entries(manifest.exports).flatMap(([path, target]) =>
    typeof target === 'string'
      ? []
      : [{ name: `orgid-bearer${path.slice(1)}`, target: target.default }],
  )
}

function alias(name: string, file: string): { find: RegExp; replacement: string } {
  return {
    find: new RegExp(`^${name.replace('*', '(.+)')}$`),
    replacement: file.replace('*', '$1'),
  }
}

function root(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
