import type { Command } from 'commander'
import { isOrgidAuthError } from '../errors.js'
import { CliError, commandName, type Io, type Result } from './io.js'

/** One run of the command. */
export interface Session {
  readonly io: Io
  /** The exit code so far. */
  exitCode: number
}

/** What every command takes. */
export interface CommonOptions {
  readonly json?: true
}

/** Adds a command to the program. Each has `--json`, and its own examples in `--help`. */
export function addCommand(
  program: Command,
  { name, summary, description, examples }: CommandTexts,
): Command {
  return program
    .command(name)
    .summary(summary)
    .description(`${sentence(summary)}\n\n${paragraphs(description)}`)
    .option('--json', 'print JSON, errors included')
    .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`)
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** One line each: commander breaks them to the width of the terminal. */
function paragraphs(text: string): string {
  return text.replace(/(?<=\S)\n(?=\S)/g, ' ')
}

/** What a command says of itself. */
export interface CommandTexts {
  readonly name: string
  readonly summary: string
  /** Paragraphs, broken into lines as suits the source; indented lines stay as they are. */
  readonly description: string
  readonly examples: readonly string[]
}

/** For an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

/** Prints what a command found, and takes over its exit code. */
export function report(session: Session, { json }: CommonOptions, result: Result): void {
  const { stdout, stderr } = session.io
  if (json) stdout.write(`${JSON.stringify(result.json, null, 2)}\n`)
  else if (typeof result.text !== 'string') stdout.write(result.text)
  else if (result.text !== '') stdout.write(result.text.replace(/\n?$/, '\n'))
  const { text, notes = [] } = result
  // Bytes go out as they are; at a terminal, what follows them begins on a line of its own
  const isOpen = !json && typeof text !== 'string' && text.length > 0 && text.at(-1) !== 0x0a
  if (isOpen && notes.length > 0) stderr.write('\n')
  for (const note of notes) stderr.write(`${asCalled(session, note)}\n`)
  if (result.failed) session.exitCode = 1
}

/** Prints why a command could not do its work. */
export function reportError(session: Session, error: unknown, json: boolean): void {
  const { stdout, stderr } = session.io
  const { code, message: said } = knownError(error)
  const message = asCalled(session, said)
  stderr.write(`${code}  ${message}\n`)
  if (json) stdout.write(`${JSON.stringify({ error: { code, message } }, null, 2)}\n`)
  session.exitCode = code === 'ERR_USAGE' ? 2 : 1
}

/** What to run next, as it can be run where this was run: npx puts nothing on the path. */
function asCalled({ io }: Session, text: string): string {
  return text.replace(/\borgid-bearer (?=[a-z])/g, `${commandName(io)} `)
}

/** Errors of ours say what to do. Any other is a defect, and its stack is what helps to mend it. */
function knownError(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof CliError || isOrgidAuthError(error)) return error
  const stack = error instanceof Error ? error.stack : undefined
  return {
    code: 'ERR_INTERNAL',
    message: `this is a defect of orgid-bearer, please report it: ${stack ?? String(error)}`,
  }
}
