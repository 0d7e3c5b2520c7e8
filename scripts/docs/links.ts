import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** Folders that hold no document of ours. */
const passedOver: ReadonlySet<string> = new Set(['node_modules', 'dist', 'coverage', '.git'])

/** Every Markdown file below a folder, by its path from there. */
export function documentsIn(root: string, folder = ''): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return passedOver.has(entry.name) ? [] : documentsIn(root, path)
      return entry.name.endsWith('.md') ? [path] : []
    })
    .sort()
}

/**
 * The links of a document that lead nowhere: to a file that is not there, or to a heading that its
 * document does not have. What lies outside of the repository is not looked at.
 */
export function brokenLinks(root: string, document: string): readonly string[] {
  const text = readFileSync(join(root, document), 'utf8')
  return linksIn(text).flatMap(({ target, line }) => {
    if (/^[a-z][a-z\d+.-]*:|^\/\//i.test(target)) return []
    const [path = '', anchor] = target.split('#', 2).map(decodeURIComponent)
    const file = path === '' ? document : join(dirname(document), path)
    const where = `${document}:${line}: ${target}`
    if (file.startsWith('..')) return [`${where}: leads out of the repository`]
    if (!isThere(root, file)) return [`${where}: no such file`]
    if (anchor === undefined || !file.endsWith('.md')) return []
    const anchors = anchorsIn(readFileSync(join(root, file), 'utf8'))
    return anchors.has(anchor) ? [] : [`${where}: no such heading in ${file}`]
  })
}

/** By the exact case: GitHub and most servers see `readme.md` and `README.md` as two. */
function isThere(root: string, file: string): boolean {
  if (file === '.' || file === './') return true
  const path = join(root, file)
  if (!existsSync(path)) return false
  if (file.endsWith('/')) return statSync(path).isDirectory()
  return readdirSync(dirname(path)).includes(relative(dirname(path), path))
}

interface Link {
  readonly target: string
  readonly line: number
}

const links = [
  // [text](target "title") and ![text](target)
  /\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/g,
  // [name]: target
  /^\s{0,3}\[[^\]]+\]:\s+<?([^\s>]+)>?/g,
  /\b(?:href|src)="([^"]+)"/g,
]

function linksIn(text: string): readonly Link[] {
  return withoutCode(text)
    .split('\n')
    .flatMap((words, index) =>
      links.flatMap((link) =>
        [...words.matchAll(link)].map(([, target = '']) => ({ target, line: index + 1 })),
      ),
    )
}

/** The anchors of a document, as GitHub makes them of its headings, and those that it sets itself. */
export function anchorsIn(text: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  const prose = withoutFences(text)
  for (const [, heading = ''] of prose.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = slugOf(heading)
    let anchor = slug
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`
    anchors.add(anchor)
  }
  for (const [, id = ''] of prose.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id)
  return anchors
}

function slugOf(heading: string): string {
  return heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<[^>]+>/g, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
    .replaceAll(' ', '-')
}

/** Lines stay lines, so that they keep their numbers. */
function withoutCode(text: string): string {
  return withoutFences(text).replace(/(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, '')
}

function withoutFences(text: string): string {
  return text.replace(/^( *)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^ *\2[ \t]*$/gm, (block) =>
    block.replace(/[^\n]/g, ''),
  )
}
