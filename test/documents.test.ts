import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { codeProblems, codesIn, sourcesIn, tables } from '../scripts/docs/codes.js'
import { errorsTable } from '../scripts/docs/errors-page.js'
import { anchorsIn, brokenLinks, documentsIn } from '../scripts/docs/links.js'

const root = fileURLToPath(new URL('..', import.meta.url))

describe('the codes of errors and warnings', () => {
  it('are those that the source gives, each with its meaning and its remedy', () => {
    const sources = sourcesIn(root)
    const codes = tables.flatMap((file) => codesIn(sources.get(file) ?? '', file))
    expect(codes.length).toBeGreaterThan(40)
    expect(
      codeProblems(
        codes.map(({ code }) => code),
        sources,
      ),
    ).toEqual([])
  })

  it('are read with what their comments say', () => {
    const source = `export type Code =
  // # Keys
  /**
   * It is broken, or
   * too long.
   * When: at start.
   * Remedy: mend it.
   */
  | 'ERR_BROKEN'
  /** A key is gone. Remedy: ORG.JSON has it. */
  | 'ERR_GONE'
`
    expect(codesIn(source, 'codes.ts')).toEqual([
      {
        code: 'ERR_BROKEN',
        section: 'Keys',
        meaning: 'It is broken, or too long.',
        when: 'at start.',
        remedy: 'mend it.',
      },
      {
        code: 'ERR_GONE',
        section: 'Keys',
        meaning: 'A key is gone.',
        when: undefined,
        remedy: 'ORG.JSON has it.',
      },
    ])
    expect(errorsTable(codesIn(source, 'codes.ts'))).toBe(`| code | meaning | remedy |
|---|---|---|
| **Keys** | | |
| \`ERR_BROKEN\` | it is broken, or too long | mend it |
| \`ERR_GONE\` | a key is gone | ORG.JSON has it |`)
  })

  it.each([
    ['without a comment', "  | 'ERR_A'\n", /expected a comment on ERR_A/],
    ['without a remedy', "  /** It is gone. */\n  | 'ERR_A'\n", /ERR_A: expected .*Remedy/],
    ['twice', "  /** A. Remedy: b. */\n  | 'ERR_A'\n".repeat(2), /expected ERR_A once/],
  ])('are refused %s', (_, source, message) => {
    expect(() => codesIn(source, 'codes.ts')).toThrow(message)
  })

  it.each([
    ['given and not declared', "throw new E('ERR_A', '')\nthrow new E('ERR_B', '')", /got ERR_B/],
    ['a warning, given and not declared', "f('ERR_A', { code: 'ORGID_B' })", /got ORGID_B/],
    ['declared and not given', '', /ERR_A: expected to be given/],
    ['declared and merely mentioned', "// 'ERR_A'\n/* 'ERR_A' */", /ERR_A: expected to be given/],
    ['declared and merely compared with', "if (code === 'ERR_A') return", /ERR_A: expected/],
    ['declared and declared again', "type A =\n  | 'ERR_A'\n", /ERR_A: expected to be given/],
  ])('are refused when %s', (_, source, message) => {
    expect(codeProblems(['ERR_A'], new Map([['src/a.ts', source]])).join()).toMatch(message)
  })

  it('are no environment variables, and none of Node', () => {
    const source = "f('ERR_A', env['ORGID_CONFIG'], code === 'ERR_B', 'ERR_MISSING_PASSPHRASE')"
    expect(codeProblems(['ERR_A'], new Map([['src/a.ts', source]]))).toEqual([])
  })
})

describe('the links of a document', () => {
  const folders: string[] = []
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  })

  function written(files: Readonly<Record<string, string>>): string {
    const folder = mkdtempSync(join(tmpdir(), 'orgid-bearer-links-'))
    folders.push(folder)
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), text)
    }
    return folder
  }

  const page = '# One\n## `ERR_A`, or *b*\n## Two (2)\n## Two (2)\n<a id="own"></a>\n'

  it('are followed to files, folders, headings and anchors', () => {
    const text = [
      '[file](docs/page.md) [folder](docs) [heading](docs/page.md#one) [own](docs/page.md#own)',
      '[code](docs/page.md#err_a-or-b) [twice](docs/page.md#two-2-1) [here](#top)',
      '![picture](docs/page.md "title") <img src="docs/page.md"> [far](https://example.org/x.md)',
      '[by name][name]\n\n[name]: docs/page.md#one\n',
      '`[not](nowhere.md)`\n\n```md\n[nor](nowhere.md)\n# No heading\n```\n\n# Top\n',
    ].join('\n\n')
    const folder = written({ 'README.md': text, 'docs/page.md': page })
    expect(brokenLinks(folder, 'README.md')).toEqual([])
    expect(documentsIn(folder)).toEqual(['README.md', 'docs/page.md'])
  })

  it.each([
    ['[a](docs/none.md)', 'no such file'],
    ['[a](docs/Page.md)', 'no such file'],
    ['![a](docs/none.png)', 'no such file'],
    ['<img src="docs/none.svg">', 'no such file'],
    ['[a][b]\n\n[b]: docs/none.md', 'no such file'],
    ['[a](docs/page.md#none)', 'no such heading'],
    ['[a](docs/page.md#two-2-2)', 'no such heading'],
    ['[a](#none)', 'no such heading'],
    ['```\n# Top\n```\n\n[a](#top)', 'no such heading'],
    ['[a](../other.md)', 'leads out'],
  ])('are refused: %j', (text, reason) => {
    const folder = written({ 'README.md': text, 'docs/page.md': page })
    const found = brokenLinks(folder, 'README.md')
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(new RegExp(`^README\\.md:\\d+: .*${reason}`))
  })

  it('go to headings as GitHub names them', () => {
    const headings = ['Fetch, undici, and everything at once', 'What’s [new](a.md)?', 'Größe_1']
    expect([...anchorsIn(headings.map((heading) => `## ${heading}`).join('\n'))]).toEqual([
      'fetch-undici-and-everything-at-once',
      'whats-new',
      'größe_1',
    ])
  })
})
