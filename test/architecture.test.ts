import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import manifest from '../package.json' with { type: 'json' }

/** From lowest to highest: what is in a layer imports from that layer's own folder, or below. */
const layers = [
  'error-codes.ts',
  'warning-codes.ts',
  'errors.ts',
  'events.ts',
  'abort.ts',
  'words.ts',
  'did.ts',
  'duration.ts',
  'options.ts',
  'jws.ts',
  'jwt.ts',
  'keys/',
  'signers/',
  'verify.ts',
  'tokens/',
  'store/',
  'context.ts',
  'partners/',
  'interface.ts',
  'configuration.ts',
  'unauthorized.ts',
  'status.ts',
  'auth.ts',
  'config/',
  'opentelemetry.ts',
  'status-page/',
  'transports/',
  'middleware/',
  'testing/',
  'cli/',
  'index.ts',
]

/** The only files that may load an optional peer; everywhere else it is `import type`. */
const loadsPeer: Readonly<Record<string, readonly string[]>> = {
  // the second one when an instance is used that was given to `install` or `outboundAuth`
  axios: ['transports/axios.ts', 'transports/axios-attach.ts'],
  secp256k1: ['signers/libsecp256k1.ts'],
  '@opentelemetry/api': ['opentelemetry.ts'],
}

/** What only the command needs is loaded by nothing else. */
const commandOnly: readonly string[] = ['commander']

const longest = 260

const src = fileURLToPath(new URL('../src', import.meta.url))
const sources = new Map(
  readdirSync(src, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file, readFileSync(join(src, file), 'utf8')]),
)

describe('architecture', () => {
  it.each([...sources.keys()])('%s keeps to its layer', (file) => {
    expect(violations(file, sources.get(file) ?? '')).toEqual([])
  })

  it('loads no optional peer with the main entry', () => {
    const loaded = new Set<string>()
    const load = (file: string): void => {
      if (loaded.has(file)) return
      loaded.add(file)
      for (const { to, erased, dynamic } of imports(file, sources.get(file) ?? '')) {
        if (!erased && !dynamic) load(to)
      }
    }
    load('index.ts')
    expect([...loaded].filter((name) => name in manifest.peerDependencies)).toEqual([])
  })

  it.each([
    ['keys/load.ts', "import { mint } from '../tokens/minter.js'", /higher layer.*tokens\/minter/],
    ['auth.ts', "import type { A } from './transports/axios.js'", /higher layer.*transports/],
    ['keys/load.ts', "import {\n  a,\n  type B,\n} from '../index.js'", /higher layer.*index/],
    ['did.ts', "const auth = await import('./auth.js')", /higher layer.*auth/],
    ['did.ts', "export * from './auth.js'", /higher layer.*auth/],
    ['helpers.ts', '', /helpers\.ts is in no layer/],
    ['did.ts', "import './helpers.js'", /helpers\.ts is in no layer/],
    ['middleware/koa.ts', "import Koa from 'koa'", /koa.*import type/],
    ['transports/fetch.ts', "import { type AxiosError } from 'axios'", /axios.*import type/],
    ['auth.ts', "import { Command } from 'commander'", /commander.*the command's alone/],
    ['did.ts', "import * as z from 'left-pad'", /left-pad.*package\.json/],
    ['did.ts', "import { createHash } from 'crypto'", /crypto.*package\.json/],
  ])('would refuse in %s: %j', (file, source, message) => {
    expect(violations(file, source).join()).toMatch(message)
  })

  it('would refuse a file of more lines than a reader holds in the head', () => {
    expect(violations('did.ts', '\n'.repeat(longest))).toEqual([])
    expect(violations('did.ts', '\n'.repeat(longest + 1)).join()).toMatch(/did\.ts has 261 lines/)
  })
})

function violations(file: string, source: string): string[] {
  const lines = source.replace(/\n$/, '').split('\n').length
  return [
    ...(lines > longest ? [`${file} has ${lines} lines, more than ${longest}: split it`] : []),
    ...(layerOf(file) < 0 ? [unlisted(file)] : []),
    ...imports(file, source).flatMap((found) =>
      found.relative ? badDirection(file, found.to) : badPackage(file, found),
    ),
  ]
}

function badDirection(from: string, to: string): string[] {
  if (layerOf(to) < 0) return [unlisted(to)]
  const own = to.includes('/') && layerOf(to) === layerOf(from)
  if (own || layerOf(to) < layerOf(from)) return []
  return [`${from} imports from a higher layer: ${to}`]
}

function badPackage(from: string, { to, erased }: Import): string[] {
  const name = to.split('/', to.startsWith('@') ? 2 : 1).join('/')
  if (to.startsWith('node:') && builtinModules.includes(to.slice(5))) return []
  if (name in manifest.dependencies) {
    const isMisplaced = commandOnly.includes(name) && !from.startsWith('cli/')
    return isMisplaced ? [`${from} imports ${to}, which is the command's alone`] : []
  }
  if (!(name in manifest.peerDependencies)) {
    return [`${from} imports ${to}, which package.json gives to no user`]
  }
  if (erased || loadsPeer[name]?.includes(from)) return []
  return [`${from} loads the optional peer ${to}: make it import type`]
}

function layerOf(file: string): number {
  const [name, inside] = file.split('/', 2)
  return layers.indexOf(inside === undefined ? file : `${name}/`)
}

function unlisted(file: string): string {
  return `${file} is in no layer: add it to the list in test/architecture.test.ts`
}

interface Import {
  readonly to: string
  readonly relative: boolean
  /** `import type`; with `verbatimModuleSyntax` nothing else is dropped from the output. */
  readonly erased: boolean
  /** Loaded when that line is run, and not before. */
  readonly dynamic: boolean
}

function imports(file: string, source: string): Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const declared = code.matchAll(
    /^(?:im|ex)port\s(type\s)?(?:[\w$*{},\s]*?\sfrom\s)?\s*'([^']+)'/gm,
  )
  const called = code.matchAll(/()\b(?:import|require)\(\s*'([^']+)'/g)
  const found =
    (dynamic: boolean) =>
    ([, type, specifier = '']: RegExpExecArray) => {
      const relative = specifier.startsWith('.')
      const to = relative ? join(dirname(file), specifier).replace(/\.js$/, '.ts') : specifier
      return { to, relative, erased: Boolean(type), dynamic }
    }
  return [...[...declared].map(found(false)), ...[...called].map(found(true))]
}
