import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { type Area, box, colour, type Point, round, svg, text } from './svg.js'

type Size = Pick<Area, 'width' | 'height'>

/** What the picture shows as one, beside the folders: a file of no group is a box of its own. */
const groups: Readonly<Record<string, readonly string[]>> = {
  auth: ['auth', 'configuration', 'interface', 'status', 'unauthorized'],
  'errors, options, …': [
    ...['abort', 'context', 'did', 'duration', 'error-codes', 'errors', 'events', 'jws', 'jwt'],
    ...['options', 'warning-codes'],
  ],
}

const purposes: Readonly<Record<string, string>> = {
  auth: 'createOrgidAuth',
  cli: 'the command',
  config: 'environment and files',
  'errors, options, …': 'what all others use',
  index: 'public names',
  keys: 'key forms, ORG.JSON',
  middleware: 'Koa, Express',
  opentelemetry: 'metrics and spans',
  partners: 'URL to partner',
  signers: 'bytes to signature',
  'status-page': 'HTML and JSON',
  store: 'tokens of a fleet',
  testing: "a partner's double",
  tokens: 'cache, minter',
  transports: 'axios, fetch, undici',
  verify: 'the receiving side',
}

/** Which parts of `src` import which, from the files as they are; an arrow that others imply is left out. */
export function layers(src: string): string {
  const imports = withoutImplied(importsIn(src))
  const ranks = new Map<string, number>()
  const rankOf = (name: string): number => {
    const known = ranks.get(name)
    if (known !== undefined) return known
    const rank = 1 + Math.max(-1, ...[...(imports.get(name) ?? [])].map(rankOf))
    ranks.set(name, rank)
    return rank
  }
  for (const name of imports.keys()) rankOf(name)
  const top = Math.max(...ranks.values())
  const rows = inOrder(
    Array.from({ length: top + 1 }, (_, index) =>
      [...imports.keys()].filter((name) => ranks.get(name) === top - index).sort(),
    ),
    imports,
  )

  const width = 820
  const pill = { width: 176, height: 44 }
  const [rowHeight, first] = [84, 72]
  const places = new Map<string, Point>()
  rows.forEach((row, index) => {
    row.forEach((name, column) => {
      const x = (width / (row.length + 1)) * (column + 1)
      places.set(name, [x, first + index * rowHeight])
    })
  })

  const edges = [...imports].flatMap(([from, to]) =>
    [...to].map((name) => {
      const [start, end] = [places.get(from) as Point, places.get(name) as Point]
      return end[1] - start[1] > rowHeight
        ? around(start, end, pill, width)
        : edge(start, end, pill)
    }),
  )
  const pills = [...places].flatMap(([name, [x, y]]) => [
    box(
      { x: x - pill.width / 2, y: y - pill.height / 2, ...pill },
      { fill: name === 'auth' ? colour.paleBlue : colour.paper, stroke: colour.blue },
    ),
    text(x, y - 9, name, { anchor: 'middle', bold: true }),
    text(x, y + 10, purposes[name] ?? '', {
      anchor: 'middle',
      size: 12,
      fill: colour.quiet,
    }),
  ])
  return svg({
    width,
    height: first + top * rowHeight + 48,
    title: 'The parts of src, and what they import',
    description: [...imports]
      .map(([from, to]) => `${from}: ${[...to].join(', ') || 'nothing'}.`)
      .join(' '),
    parts: [
      text(20, 24, 'Imports run downward only', { size: 12, fill: colour.quiet }),
      ...edges,
      ...pills,
    ],
  })
}

/** From row to row. */
function edge([x1, y1]: Point, [x2, y2]: Point, { height }: Size): string {
  const [from, to] = [y1 + height / 2, y2 - height / 2]
  const middle = (from + to) / 2
  return curve([x1, from], [x1, middle], [x2, middle], [x2, to])
}

/** Past the rows between, on the nearer side. */
function around([x1, y1]: Point, [x2, y2]: Point, pill: Size, width: number): string {
  const side = x1 + x2 > width ? 1 : -1
  const gutter = side > 0 ? width - 12 : 12
  const half = (side * pill.width) / 2
  return curve([x1 + half, y1], [gutter, y1], [gutter, y2], [x2 + half, y2])
}

function curve(...points: readonly Point[]): string {
  const [start, ...rest] = points.map((point) => point.map(round).join(' '))
  return `<path d="M${start} C${rest.join(' ')}" stroke="${colour.line}" fill="none" marker-end="url(#arrow)"/>`
}

/** By part of `src`, the parts that it imports. */
function importsIn(src: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts'))
    .sort()
  for (const file of files) {
    const code = readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
    const part = partOf(file)
    const to = found.get(part) ?? new Set()
    found.set(part, to)
    for (const [, specifier = ''] of code.matchAll(/(?:\bfrom|\bimport\()\s*'(\.[^']+)'/g)) {
      const other = partOf(join(dirname(file), specifier))
      if (other !== part) to.add(other)
    }
  }
  return found
}

function partOf(file: string): string {
  const name = file.includes('/') ? file.slice(0, file.indexOf('/')) : file.replace(/\.[jt]s$/, '')
  return Object.entries(groups).find(([, members]) => members.includes(name))?.[0] ?? name
}

/** Leaves out an arrow to what another arrow leads to as well. */
function withoutImplied(imports: ReadonlyMap<string, ReadonlySet<string>>) {
  const below = (name: string): ReadonlySet<string> =>
    new Set([...(imports.get(name) ?? [])].flatMap((other) => [other, ...below(other)]))
  return new Map(
    [...imports].map(([name, to]) => {
      const implied = new Set([...to].flatMap((other) => [...below(other)]))
      return [name, new Set([...to].filter((other) => !implied.has(other)))]
    }),
  )
}

/** Each row in an order in which few arrows cross: by where the rows above put what imports it. */
function inOrder(
  rows: readonly (readonly string[])[],
  imports: ReadonlyMap<string, ReadonlySet<string>>,
): readonly (readonly string[])[] {
  const places = new Map<string, number>()
  return rows.map((row) => {
    const centre = (name: string) => {
      const above = [...imports].flatMap(([from, to]) =>
        to.has(name) ? [places.get(from) ?? 0.5] : [],
      )
      return above.length === 0 ? 0.5 : above.reduce((sum, place) => sum + place, 0) / above.length
    }
    const ordered = row.toSorted((a, b) => centre(a) - centre(b))
    ordered.forEach((name, index) => {
      places.set(name, (index + 1) / (ordered.length + 1))
    })
    return ordered
  })
}
