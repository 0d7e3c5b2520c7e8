import { isOrgidAuthError } from '../errors.js'
import { CliError } from './io.js'
import { columns, printable, type Style, wrap } from './terminal.js'

/** What a check found. `skip`: not looked at, which is no pass. */
export type Status = 'pass' | 'warn' | 'fail' | 'skip'

/** A line of the doctor's table. */
export interface Row {
  readonly name: string
  readonly status: Status
  readonly detail: string
  /** What to do about it. Where a message of the library is the detail, it is in there. */
  readonly remedy?: string
}

export function row(name: string, status: Status, detail: string, remedy?: string): Row {
  return { name, status, detail, ...(remedy !== undefined && { remedy }) }
}

/** The table, and its sum. */
export function table(rows: readonly Row[], style: Style): string[] {
  const marks: Readonly<Record<Status, string>> = {
    pass: style.green('pass'),
    warn: style.yellow('warn'),
    fail: style.red('FAIL'),
    skip: style.dim('skip'),
  }
  const lines = columns(
    rows.map(({ name, status, detail, remedy }) => [
      marks[status],
      name,
      [
        wrap(printable(detail), 90),
        ...(remedy === undefined ? [] : [wrap(`→ ${remedy}`, 90)]),
      ].join('\n'),
    ]),
  )
  const sum = (['pass', 'warn', 'fail', 'skip'] as const).map((status) => {
    const count = rows.filter((one) => one.status === status).length
    return `${count} ${status === 'skip' ? 'skipped' : status}`
  })
  return [...lines, '', sum.join(', ')]
}

/** What a function finds, or the row that tells why it finds nothing. */
export async function attempt<T>(
  name: string,
  fn: () => Promise<T>,
): Promise<{ readonly found?: T; readonly row?: Row }> {
  try {
    return { found: await fn() }
  } catch (error) {
    return { row: failure(name, error) }
  }
}

/** What is wrong, in a message that says what to do. */
export function failure(name: string, error: unknown): Row {
  if (isOrgidAuthError(error) || error instanceof CliError) {
    return row(name, 'fail', `${error.code}: ${error.message}`)
  }
  throw error
}
