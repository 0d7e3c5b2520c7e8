// Packs the built package, installs it as a user would, and loads every entry point both ways.
// Usage: node scripts/smoke.mjs [path of a node binary]...   (default: the one that runs this)
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const nodes = process.argv.length > 2 ? process.argv.slice(2) : [process.execPath]
const entries = Object.keys(manifest.exports)
  .filter((path) => !path.endsWith('.json') && !path.includes('*'))
  .map((path) => manifest.name + path.slice(1))

/** Those that we compile with, and newer ones: what `npm install` gives a user. */
const nodeTypes = [manifest.devDependencies['@types/node'], '24', '26']

const scratch = mkdtempSync(join(tmpdir(), 'orgid-bearer-'))
try {
  const [tarball] = JSON.parse(npm('pack', '--json', '--pack-destination', scratch, root))
  const shipped =
    /^(dist\/.+\.(js|d\.ts)|schema\/.+\.json|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/
  const stray = tarball.files.map(({ path }) => path).filter((path) => !shipped.test(path))
  if (stray.length > 0) throw new Error(`packed, but not meant to be: ${stray.join(', ')}`)

  writeFileSync(join(scratch, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  install(join(scratch, tarball.filename))
  // no optional peer is there yet, and only these entries may miss one
  const needsPeer = ['orgid-bearer/axios', 'orgid-bearer/opentelemetry']
  load(entries.filter((name) => !needsPeer.includes(name)))
  install(
    ...['axios', 'undici', '@opentelemetry/api', '@types/node', '@types/koa', '@types/express'].map(
      atOurVersion,
    ),
  )
  load(entries)
  loadBundled()
  for (const version of nodeTypes) {
    install(`@types/node@${version}`)
    checkTypes(version)
  }
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

function load(names) {
  const script = `
    import { createRequire } from 'node:module'
    const require = createRequire(import.meta.url)
    for (const name of ${JSON.stringify(names)}) {
      const imported = Object.keys(await import(name))
      const required = Object.keys(require(name)).filter((key) => key !== '__esModule')
      if (imported.length === 0) throw new Error(name + ' exports nothing')
      if (imported.join() !== required.join()) throw new Error(name + ' differs when required')
    }
    console.log(process.version, 'imports and requires', ${names.length}, 'entry points')`
  writeFileSync(join(scratch, 'load.mjs'), script)
  for (const node of nodes) execFileSync(node, ['load.mjs'], { cwd: scratch, stdio: 'inherit' })
}

/** As services are deployed that come in one file: CommonJS, where no module knows its URL. */
function loadBundled() {
  for (const [index, name] of entries.entries()) {
    buildSync({
      absWorkingDir: scratch,
      stdin: { contents: `export * from '${name}'`, resolveDir: scratch },
      outfile: `bundle-${index}.cjs`,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: Object.keys(manifest.peerDependencies),
      logLevel: 'error',
    })
  }
  const script = `
    const names = ${JSON.stringify(entries)}
    for (const [index, name] of names.entries()) {
      if (Object.keys(require('./bundle-' + index + '.cjs')).length === 0) throw new Error(name)
    }
    console.log(process.version, 'loads', names.length, 'entry points in bundles')`
  writeFileSync(join(scratch, 'load-bundles.cjs'), script)
  for (const node of nodes) {
    execFileSync(node, ['load-bundles.cjs'], { cwd: scratch, stdio: 'inherit' })
  }
}

/** Our .d.ts in full, as a strict user compiles them: from ESM and from CommonJS. */
function checkTypes(nodeTypes) {
  const imports = entries.map((name, index) => `import * as m${index} from '${name}'`).join('\n')
  // A type that could not be found would be any, and take anything
  const uses = `export default [${entries.map((_, index) => `m${index}`).join(', ')}]
// @ts-expect-error a number is no key
m0.localSigner(42)
m0.localSigner({ kty: 'EC', crv: 'secp256k1', x: '', y: '', d: '', kid: '1' })`
  for (const file of ['esm.mts', 'commonjs.cts']) {
    writeFileSync(join(scratch, file), `${imports}\n${uses}\n`)
  }
  const compilerOptions = {
    module: 'NodeNext',
    target: 'ES2022',
    lib: ['ES2023'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  }
  writeFileSync(
    join(scratch, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['esm.mts', 'commonjs.cts'] }),
  )
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [tsc, '-p', scratch], { stdio: 'inherit' })
  console.log(`types compile from ESM and CommonJS, with @types/node ${nodeTypes}`)
}

function install(...packages) {
  npm('install', '--no-audit', '--no-fund', '--prefer-offline', '--prefix', scratch, ...packages)
}

function atOurVersion(name) {
  return `${name}@${manifest.devDependencies[name]}`
}

function npm(...args) {
  return execFileSync('npm', args, { cwd: scratch, encoding: 'utf8' })
}
