// The documents that are made from the source: `npm run docs` writes them, and
// `npm run docs -- --check` compares. Either way it fails where a link of any document leads
// nowhere, or a code is given that has no description, or described and not given.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import manifest from '../../package.json' with { type: 'json' }
import { folder as apiFolder, apiPages } from './api-pages.js'
import { clientTypes } from './client-types.js'
import { type Code, codeProblems, codesIn, foreign, sourcesIn, tables } from './codes.js'
import { errorsPage, errorsTable } from './errors-page.js'
import { brokenLinks, documentsIn } from './links.js'
import { call } from './pictures/call.js'
import { redirected, unauthorized } from './pictures/exchanges.js'
import { layers } from './pictures/layers.js'
import { life } from './pictures/life.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })

const sources = sourcesIn(root)
const [errors, command, warnings] = tables.map((file) =>
  codesIn(sources.get(file) ?? '', file),
) as [readonly Code[], readonly Code[], readonly Code[]]
const codes = [...errors, ...command, ...warnings].map(({ code }) => code)

const made = new Map([
  ['docs/errors.md', errorsPage({ errors, command, warnings })],
  ['docs/images/one-call.svg', await call()],
  ['docs/images/life-of-a-token.svg', life()],
  ['docs/images/after-a-401.svg', await unauthorized()],
  ['docs/images/redirects.svg', await redirected()],
  ['docs/images/layers.svg', layers(join(root, 'src'))],
  ...apiPages(root, codes),
  ['examples/openapi/hotels.d.ts', clientTypes(root, 'examples/openapi/hotels.yaml')],
])
// Last, since a person writes the rest of it
made.set('README.md', withTable(read('README.md'), errorsTable(errors)))

const differences = values.check ? compare() : write()
// Once they are written: links lead to them
const documents = documentsIn(root)
const problems = [
  ...missingEntries(),
  ...codeProblems(codes, sources),
  ...differences,
  ...documents.flatMap((document) => [...unknownCodes(document), ...brokenLinks(root, document)]),
]
for (const problem of problems) console.error(problem)
console.log(
  `${made.size} files ${values.check ? 'compared' : 'written'}, ${documents.length} documents read: ${problems.length || 'nothing'} wrong`,
)
if (problems.length > 0) process.exitCode = 1
// noble builds its tables in the background, for signatures that nobody wants any more
process.exit()

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8').replaceAll('\r\n', '\n')
}

/** Pages of the reference that are there, and belong to no entry point any more. */
function leftOver(): readonly string[] {
  return existsSync(join(root, apiFolder))
    ? documentsIn(root, apiFolder).filter((file) => !made.has(file))
    : []
}

function compare(): readonly string[] {
  const different = [...made].filter(
    ([file, text]) => !existsSync(join(root, file)) || read(file) !== text,
  )
  return [
    ...different.map(([file, text]) => `${file}: ${difference(file, text)}. Run: npm run docs`),
    ...leftOver().map((file) => `${file}: expected no such page. Run: npm run docs`),
  ]
}

function difference(file: string, text: string): string {
  if (!existsSync(join(root, file))) return 'expected a file, got none'
  const [expected, got] = [text.split('\n'), read(file).split('\n')]
  const line = expected.findIndex((words, index) => words !== got[index])
  return line < 0
    ? 'longer than what the source makes'
    : `line ${line + 1} is not what the source makes`
}

function write(): readonly string[] {
  for (const file of leftOver()) rmSync(join(root, file))
  for (const [file, text] of made) {
    if (existsSync(join(root, file)) && read(file) === text) continue
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  return []
}

/** The README, with the table between its two comments, where it has them. */
function withTable(text: string, table: string): string {
  return text.replace(
    /(<!-- table: npm run docs -->\n)[\s\S]*?(?=<!-- end of table -->)/,
    (_, start: string) => `${start}\n${table}\n\n`,
  )
}

function missingEntries(): readonly string[] {
  return Object.entries(manifest.exports).flatMap(([path, target]) => {
    if (typeof target === 'string') return []
    const source = target.default.replace(/^\.\/dist\/(.+)\.js$/, 'src/$1.ts')
    return sources.has(source)
      ? []
      : [`package.json: ${path} is made of ${source}, which is missing`]
  })
}

/** Error codes that a document names and nobody gives. What has changed names those of before. */
function unknownCodes(document: string): readonly string[] {
  if (document === 'CHANGELOG.md') return []
  const named = [...read(document).matchAll(/`(ERR_[A-Z0-9_]*[A-Z0-9])`/g)].map(
    ([, code = '']) => code,
  )
  return [...new Set(named)]
    .filter((code) => !codes.includes(code) && !foreign.has(code))
    .map((code) => `${document}: ${code} is no code`)
}
