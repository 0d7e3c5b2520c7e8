/** Colours of all pictures, on a background of their own: they are read on light pages and on dark ones. */
export const colour = {
  paper: '#ffffff',
  frame: '#d0d7de',
  ink: '#1f2328',
  quiet: '#59636e',
  line: '#8c959f',
  blue: '#1f6f8b',
  paleBlue: '#dceef3',
  amber: '#bf8700',
  paleAmber: '#fdf1d0',
  red: '#b3261e',
  paleRed: '#fbe1df',
} as const

/** What is drawn, and in words, for who does not see it. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly title: string
  readonly description: string
  readonly parts: readonly string[]
}

/** A picture as the text of an SVG file. */
export function svg({ width, height, title, description, parts }: Picture): string {
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title description" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif" font-size="14">`,
    '<!-- Drawn by `npm run docs`. Do not edit. -->',
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="description">${escaped(description)}</desc>`,
    `<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="context-stroke"/></marker></defs>`,
    box({ x: 0.5, y: 0.5, width: width - 1, height: height - 1 }, { stroke: colour.frame }),
    ...parts,
    '</svg>',
  ].join('\n')}\n`
}

/** Where something is; pixels. */
export interface Area {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export function box(
  { x, y, width, height }: Area,
  {
    fill = colour.paper,
    stroke = colour.line,
    radius = 6,
  }: { readonly fill?: string; readonly stroke?: string; readonly radius?: number } = {},
): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${radius}" fill="${fill}" stroke="${stroke}"/>`
}

/** How text is set. */
export interface Type {
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly fill?: string
  readonly size?: number
  readonly bold?: boolean
  readonly code?: boolean
  /** Over lines, which keep a little away from it. */
  readonly over?: boolean
}

/** One line of text; `y` is that of its middle. */
export function text(x: number, y: number, words: string, type: Type = {}): string {
  const { anchor = 'start', fill = colour.ink, size, bold, code, over } = type
  const attributes = [
    `x="${round(x)}" y="${round(y)}" dominant-baseline="central"`,
    `text-anchor="${anchor}" fill="${fill}"`,
    over ? `stroke="${colour.paper}" stroke-width="5" paint-order="stroke"` : '',
    size === undefined ? '' : `font-size="${size}"`,
    bold ? 'font-weight="600"' : '',
    code ? `font-family="ui-monospace, 'Cascadia Mono', Menlo, Consolas, monospace"` : '',
  ]
  return `<text ${attributes.filter(Boolean).join(' ')}>${escaped(words)}</text>`
}

/** A point; pixels. */
export type Point = readonly [x: number, y: number]

export function arrow(from: Point, to: Point, stroke: string = colour.quiet): string {
  return `<path d="M${from.map(round).join(' ')} L${to.map(round).join(' ')}" stroke="${stroke}" fill="none" marker-end="url(#arrow)"/>`
}

export function line(from: Point, to: Point, stroke: string = colour.line, dash = ''): string {
  return `<path d="M${from.map(round).join(' ')} L${to.map(round).join(' ')}" stroke="${stroke}" fill="none"${dash && ` stroke-dasharray="${dash}"`}/>`
}

/** A number as a file has it: the same on every machine. */
export function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(words: string): string {
  return words.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`)
}
