import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'

/** Where the reference goes. */
export const folder = 'docs/api'
const index = `${folder}/README.md`
const errors = 'docs/errors.md'

/**
 * The pages of the reference, by their path, as scripts/api makes them.
 *
 * @param codes those that are linked to docs/errors.md.
 */
export function apiPages(root: string, codes: readonly string[]): ReadonlyMap<string, string> {
  const generator = join(root, 'scripts/api')
  const typedoc = join(generator, 'node_modules/typedoc/bin/typedoc')
  if (!existsSync(typedoc)) {
    throw new Error('expected typedoc in scripts/api, got none. Run: npm ci --prefix scripts/api')
  }
  const scratch = mkdtempSync(join(tmpdir(), 'orgid-bearer-api-'))
  try {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [typedoc, '--options', generator, '--out', scratch],
      { cwd: generator, encoding: 'utf8' },
    )
    if (status !== 0) throw new Error(`typedoc ended with ${status}:\n${stdout}${stderr}`)
    const pages = new Map(
      readdirSync(scratch, { recursive: true, encoding: 'utf8' })
        .map((file) => file.replaceAll('\\', '/'))
        .filter((file) => file.endsWith('.md') && file !== 'README.md')
        .sort()
        .map((file) => {
          const path = posix.join(folder, file)
          return [path, page(readFileSync(join(scratch, file), 'utf8'), path, codes)]
        }),
    )
    return new Map([[index, indexPage(pages)], ...pages])
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

const notice = '<!-- Written by `npm run docs` from the comments in src. Do not edit. -->'

/** A page, below the name of its entry point. */
function page(text: string, path: string, codes: readonly string[]): string {
  const to = (target: string) => posix.relative(posix.dirname(path), target)
  const [title = '', ...rest] = text.trimEnd().split('\n')
  const head = [title, '', notice, '', `[All entry points](${to(index)})`]
  return `${[...head, ...rest.map((line) => line.trimEnd())]
    .join('\n')
    .split(/(^```[\s\S]*?^```$)/m)
    .map((part, place) => (place % 2 === 1 ? part : linked(part, to(errors), codes)))
    .join('')}\n`
}

/** Codes in text lead to what is said of them. */
function linked(text: string, target: string, codes: readonly string[]): string {
  return text
    .replace(/\bdocs\/errors\.md\b/g, `[docs/errors.md](${target})`)
    .replace(/(?<!\[)`((?:ERR|ORGID)_[A-Z_]+)`/g, (word, code: string) =>
      codes.includes(code) ? `[${word}](${target}#${code.toLowerCase()})` : word,
    )
}

/** The entry points, with the functions of each. */
function indexPage(pages: ReadonlyMap<string, string>): string {
  const rows = [...pages].map(([path, text]) => {
    const [functions = ''] = /^## Functions$[\s\S]*?(?=^## )/m.exec(`${text}## `) ?? []
    const names = [...functions.matchAll(/^### (\w+)\(\)$/gm)].map(([, name]) => `\`${name}\``)
    const [title = ''] = text.split('\n', 1)
    return `| [${title.replace('# ', '')}](${posix.relative(folder, path)}) | ${names.join(', ')} |`
  })
  return `# API reference

${notice}

A page for each entry point: what is exported, with types, defaults, units, and errors by code. [Errors](${posix.relative(folder, errors)}) says what each code means.

| entry point | functions |
|---|---|
${rows.join('\n')}
`
}
