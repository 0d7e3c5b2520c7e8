// Type-checks every TypeScript block of the documents, from source, as a reader would paste it.
//
// A block is a module of its own. Two words after `ts` connect blocks:
//   ```ts id=setup        gives the block a name
//   ```ts after=setup     goes on where that block ends, as if pasted below it
//   ```ts no-check        is left out; the line above must say why, in an HTML comment
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'node_modules/.cache/snippets')

const markdownIn = (path) =>
  existsSync(join(root, path))
    ? readdirSync(join(root, path))
        .filter((name) => name.endsWith('.md'))
        .map((name) => join(path, name))
    : []
const documents = [...markdownIn('.'), ...markdownIn('docs')].sort()

/** The TypeScript blocks of a document. `line` is that of the first line of code, from 1. */
function blocksOf(document) {
  const lines = readFileSync(join(root, document), 'utf8').split(/\r?\n/)
  const blocks = []
  for (let index = 0; index < lines.length; index += 1) {
    const info = /^```(?:ts|typescript)(?:\s+(.*))?$/.exec(lines[index])
    if (!info) continue
    const words = (info[1] ?? '').split(/\s+/).filter(Boolean)
    const wordAfter = (name) =>
      words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
    const length = lines.slice(index + 1).indexOf('```')
    if (length < 0) throw new Error(`${document}:${index + 1}: a block without its end`)
    const skipped = words.includes('no-check')
    if (skipped && !lines[index - 1]?.trim().startsWith('<!--')) {
      throw new Error(`${document}:${index + 1}: no-check needs its reason in a comment above`)
    }
    const code = lines.slice(index + 1, index + 1 + length)
    const names = { id: wordAfter('id'), after: wordAfter('after') }
    blocks.push({ document, line: index + 2, code, skipped, ...names })
    index += length + 1
  }
  return blocks
}

/** A block's code, and before it that of the blocks it goes on from, line by line with its place. */
function linesOf(block, blocks) {
  const own = block.code.map((text, index) => ({
    text,
    place: `${block.document}:${block.line + index}`,
  }))
  if (block.after === undefined) return own
  const before = blocks.find(({ id }) => id === block.after)
  if (before === undefined || blocks.indexOf(before) >= blocks.indexOf(block)) {
    throw new Error(`${block.document}:${block.line - 1}: no block above has id=${block.after}`)
  }
  return [...linesOf(before, blocks), ...own]
}

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })

const modules = documents.flatMap((document) => {
  const blocks = blocksOf(document)
  return blocks.filter(({ skipped }) => !skipped).map((block) => linesOf(block, blocks))
})
modules.forEach((lines, index) => {
  // .mts, since the package.json that makes ours ES modules ends at node_modules
  const code = [...lines.map(({ text }) => text), 'export {}', '']
  writeFileSync(join(folder, `${index}.mts`), code.join('\n'))
})
writeFileSync(
  join(folder, 'tsconfig.json'),
  JSON.stringify({
    extends: relative(folder, join(root, 'tsconfig.json')),
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
    files: modules.map((_, index) => `${index}.mts`),
    include: [],
  }),
)

const tsc = join(root, 'node_modules/typescript/bin/tsc')
const { status, stdout, stderr } = spawnSync(
  process.execPath,
  [tsc, '--noEmit', '--pretty', 'false', '-p', folder],
  { cwd: folder, encoding: 'utf8' },
)

const errors = stdout.split('\n').map((line) => {
  const [, file, row, message] = /^(\d+)\.mts\((\d+),\d+\): (.*)$/.exec(line) ?? []
  if (file === undefined) return line
  const lines = modules[Number(file)]
  return `${lines[Math.min(Number(row), lines.length) - 1].place}: ${message}`
})
// What is wrong with a block is found again in each one that goes on from it
for (const error of new Set(errors)) if (error !== '') console.error(error)
if (stderr !== '') console.error(stderr)

console.log(`${modules.length} TypeScript blocks in ${documents.join(', ')}`)
if (status !== 0 || modules.length === 0) process.exitCode = 1
