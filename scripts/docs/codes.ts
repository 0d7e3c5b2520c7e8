import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A code and what its comment in the source says. */
export interface Code {
  readonly code: string
  /** The heading above it; undefined where the codes have none. */
  readonly section: string | undefined
  readonly meaning: string
  readonly when: string | undefined
  readonly remedy: string
}

/** Where codes are declared, as unions with a comment on each member. */
export const tables = ['src/error-codes.ts', 'src/cli/io.ts', 'src/warning-codes.ts'] as const

/**
 * The codes that a file declares.
 *
 * @throws Error for one whose comment has no meaning or no remedy.
 */
export function codesIn(source: string, file: string): readonly Code[] {
  let section: string | undefined
  const members = /^ {2}\/\/ # (.+)$|^ {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*\| '([A-Z_]+)'$/gm
  const found = [...source.matchAll(members)].flatMap(([, heading, comment = '', code = '']) => {
    if (heading !== undefined) {
      section = heading
      return []
    }
    const words = comment.replace(/\s*\n\s*\* ?/g, ' ').trim()
    const [, meaning, when, remedy] = /^(.+?)(?: When: (.+?))?(?: Remedy: (.+))$/.exec(words) ?? []
    if (meaning === undefined || remedy === undefined) {
      throw new Error(`${file}: ${code}: expected "…. Remedy: …" in its comment, got "${words}"`)
    }
    return [{ code, section, meaning, when, remedy }]
  })
  const declared = [...source.matchAll(/^ {2}\| '((?:ERR|ORGID)_[A-Z_]+)'$/gm)].map(
    ([, code]) => code,
  )
  const bare = declared.filter((code) => !found.some((other) => other.code === code))
  const twice = declared.filter((code, index) => declared.indexOf(code) !== index)
  if (twice.length > 0) throw new Error(`${file}: expected ${twice.join(', ')} once, got it twice`)
  if (bare.length > 0)
    throw new Error(`${file}: expected a comment on ${bare.join(', ')}, got none`)
  return found
}

/** Of Node and OpenSSL; and what telemetry says of an error that is nobody's known one. */
export const foreign: ReadonlySet<string> = new Set([
  'ERR_CHILD_PROCESS_STDIO_MAXBUFFER',
  'ERR_MISSING_PASSPHRASE',
  'ERR_OSSL_EVP_UNSUPPORTED',
  'ERR_OSSL_PEM_UNSUPPORTED_ENCRYPTION',
  'ERR_UNKNOWN',
])

/** What is wrong between the codes that are declared and those that a source gives. */
export function codeProblems(
  declared: readonly string[],
  sources: ReadonlyMap<string, string>,
): readonly string[] {
  const given = new Set<string>()
  const problems: string[] = []
  for (const [file, source] of sources) {
    const code = source
      .replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
      // Declared, or compared with, which gives none
      .replace(/^ {2}\| '[A-Z_]+'$|[!=]== '[A-Z_]+'/gm, '')
    // Names of environment variables begin as those of warnings do
    for (const [, name = ''] of code.matchAll(/(?:'(?=ERR_)|\bcode: '(?=ORGID_))([A-Z0-9_]+)'/g)) {
      given.add(name)
      if (declared.includes(name) || foreign.has(name)) continue
      problems.push(
        `${file}: expected a code of ${tables.join(', ')}, got ${name}. Declare it there`,
      )
    }
  }
  for (const name of declared.filter((code) => !given.has(code))) {
    problems.push(`${name}: expected to be given somewhere in src, got no such place. Remove it`)
  }
  return problems
}

/** Every file of `src`, by its path. */
export function sourcesIn(root: string): ReadonlyMap<string, string> {
  return new Map(
    readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `src/${file.replaceAll('\\', '/')}`)
      .sort()
      .map((file) => [file, readFileSync(join(root, file), 'utf8')]),
  )
}
