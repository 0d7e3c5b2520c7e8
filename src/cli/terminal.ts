import { stripVTControlCharacters } from 'node:util'
import type { Io } from './io.js'

type Paint = (text: string) => string

/** Emphasis for people. */
export interface Style {
  readonly bold: Paint
  readonly dim: Paint
  readonly green: Paint
  readonly red: Paint
  readonly yellow: Paint
  readonly cyan: Paint
}

/** Colour is for people: never in a pipe, and never when NO_COLOR asks for none (no-color.org). */
export function styleFor({ stdout, env }: Io): Style {
  const coloured = stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
  const paint =
    (open: number, close: number): Paint =>
    (text) =>
      coloured ? `\u001b[${open}m${text}\u001b[${close}m` : text
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    green: paint(32, 39),
    red: paint(31, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  }
}

/** Rows in aligned columns, two spaces in. A cell of several lines continues in its column. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, ...cell.split('\n').map(widthOf))
    })
  }
  return rows.flatMap((row) => {
    const cells = row.map((cell) => cell.split('\n'))
    const height = Math.max(...cells.map((lines) => lines.length))
    return Array.from({ length: height }, (_, line) => {
      const padded = cells.map((lines, column) => {
        const text = lines[line] ?? ''
        return text + ' '.repeat((widths[column] as number) - widthOf(text))
      })
      return `  ${padded.join('   ')}`.trimEnd()
    })
  })
}

/** Breaks a text into lines of at most `width` characters, between words. */
export function wrap(text: string, width: number): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) as string
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.join('\n')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: taking them out is what it is for
const controls = /[\u0000-\u001f\u007f-\u009f]/g

/** What others wrote, such as a claim or a header: its control characters are not for a terminal. */
export function printable(text: string): string {
  return text.replace(controls, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

function widthOf(cell: string): number {
  return stripVTControlCharacters(cell).length
}
