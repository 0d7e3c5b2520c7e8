import { Command, CommanderError } from 'commander'
import { addCall } from './call.js'
import { addCheck } from './check.js'
import { addInit } from './init.js'
import { addInspect } from './inspect.js'
import { type Io, usageError } from './io.js'
import { addKeygen } from './keygen.js'
import { addRegister } from './register.js'
import { addRotate } from './rotate.js'
import { reportError, type Session } from './session.js'
import { addToken } from './token.js'

const description = `Signs in to partners of the Winding Tree protocol with an ORGiD.`

const epilogue = `
Begin with: orgid-bearer init

Exit codes:
  0   it worked
  1   it did not: what was asked for failed, was refused, or was found wrong
  2   wrong usage

Errors go to stderr, as "CODE  message"; with --json also to stdout, as { "error": { code, message } }.
Colours are left out where stdout is no terminal, or with NO_COLOR.`

/**
 * Runs the command.
 *
 * @param argv without the program's own name.
 * @param version what `--version` says.
 * @returns the exit code: 0, 1 or 2.
 */
export async function run(argv: readonly string[], io: Io, version: string): Promise<number> {
  const session: Session = { io, exitCode: 0 }
  try {
    await programFor(session, version).parseAsync(argv, { from: 'user' })
  } catch (error) {
    const json = isJsonWanted(argv)
    if (!(error instanceof CommanderError)) reportError(session, error, json)
    else if (error.exitCode !== 0) reportUsage(session, error, json)
  }
  return session.exitCode
}

function programFor(session: Session, version: string): Command {
  const { stdout, stderr } = session.io
  const program = new Command('orgid-bearer')
    .description(description)
    .version(version)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      // reported below, in the manner of all others
      outputError: () => {},
    })
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', epilogue)
  for (const add of [
    addInit,
    addKeygen,
    addRegister,
    addRotate,
    addToken,
    addInspect,
    addCall,
    addCheck,
  ]) {
    add(program, session)
  }
  return program
}

/** A wrong option or argument; commander has printed nothing but a help that was asked for. */
function reportUsage(session: Session, error: CommanderError, json: boolean): void {
  // Without any command commander prints the help to stderr, and has no more to say
  const message =
    error.code === 'commander.help'
      ? 'expected a command, got none'
      : `${withoutValues(error.message.replace(/^error: /, ''))}. ${meantBy(error.message)}See --help`
  reportError(session, usageError(message), json)
}

/** What commander suggests, of its own names. */
function meantBy(message: string): string {
  const [, suggestion] = /\n\((Did you mean .*\?)\)$/s.exec(message) ?? []
  return suggestion === undefined ? '' : `${suggestion} `
}

/** A PEM begins like an option, and a key may follow one that is misspelt: no values in messages. */
function withoutValues(message: string): string {
  const [line = ''] = message.split('\n', 1)
  return line
    .replace(/\.$/, '')
    .replace(/=[^']*(?='|$)/, '=…')
    .replace(/[^\s']{41,}|[A-Za-z0-9+/=_]{25,}|-{5}.*/g, '…')
}

function isJsonWanted(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json')
}
