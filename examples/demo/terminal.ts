import { stripVTControlCharacters, styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

/** Colour is for people: never in a pipe, and never when NO_COLOR asks for none (no-color.org). */
const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR

const style = (format: Format) => (text: string) => (coloured ? styleText(format, text) : text)

export const bold = style('bold')
export const dim = style('dim')
export const green = style('green')
export const red = style('red')
export const cyan = style('cyan')

export function print(text = ''): void {
  process.stdout.write(`${text}\n`)
}

export function heading(text: string): void {
  print(`\n${bold(text)}\n`)
}

/** Rows in aligned columns, two spaces in; columns named in `right` are aligned to the right. */
export function columns(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell))
    })
  }
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const padding = ' '.repeat((widths[column] as number) - widthOf(cell))
      return right.includes(column) ? padding + cell : cell + padding
    })
    return `  ${cells.join('   ')}`.trimEnd()
  })
}

/** Where something lay between 0 and `whole`, as a bar. */
export function bar(from: number, to: number, whole: number, width = 40): string {
  const start = Math.floor((from / whole) * width)
  const end = Math.max(start + 1, Math.round((to / whole) * width))
  return ' '.repeat(start) + '━'.repeat(end - start)
}

function widthOf(cell: string): number {
  return stripVTControlCharacters(cell).length
}
