/** What a command reads from and writes to: those of the process, or a test's. */
export interface Io {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined }
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean | undefined }
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean | undefined }
  readonly env: Readonly<Record<string, string | undefined>>
  /** Against which file names are resolved. */
  readonly cwd: string
  /** Epoch seconds. */
  readonly now: () => number
}

/** What a command has to say when it is done. */
export interface Result {
  /** Printed with `--json`. */
  readonly json: unknown
  /** Printed without. Text gets its final line break if it has none, bytes go as they are. */
  readonly text: string | Uint8Array
  /** For stderr, either way: what to know or to do next. */
  readonly notes?: readonly string[]
  /** What was asked for is not so: exit code 1. */
  readonly failed?: boolean
}

/** What is wrong with what the user gave, as a stable code. */
export type CliErrorCode =
  /**
   * The command line is wrong, or says too little. Exit code 2.
   * Remedy: what the message says, or `--help`.
   */
  | 'ERR_USAGE'
  /**
   * A file cannot be read or written, or holds something else than was expected.
   * Remedy: the message names the file.
   */
  | 'ERR_FILE'
  /**
   * A file is there already, and nothing was written.
   * Remedy: what the message says: another name, or `--force`.
   */
  | 'ERR_FILE_EXISTS'
  /**
   * No ORG.JSON, a broken one, or that of another organisation.
   * Remedy: what the message says; give your own, or the right `--issuer`.
   */
  | 'ERR_ORG_JSON'
  /**
   * ORG.JSON has no place for this key: its name, its form, or what it is to replace.
   * Remedy: letters and digits for the name; `--form current` for a DID with a chain.
   */
  | 'ERR_NOT_REGISTRABLE'
  /**
   * A step of a key's rotation cannot be done now, or not by the command.
   * Remedy: what the message says; `--now` does it before its time.
   */
  | 'ERR_ROTATION'
  /**
   * A request came to nothing, or not to a document.
   * Remedy: the message names the host and the reason: DNS, port, certificate, status.
   */
  | 'ERR_REQUEST'
  /**
   * A defect of orgid-bearer; what is printed is its stack.
   * Remedy: please report it.
   */
  | 'ERR_INTERNAL'

/** A failure of the command itself; those of the library are OrgidAuthErrors. */
export class CliError extends Error {
  readonly code: CliErrorCode

  constructor(code: CliErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** Wrong usage: exit code 2. */
export const usageError = (message: string) => new CliError('ERR_USAGE', message)

/** How the command was called, which is how it says what to run next. npx tells what it runs. */
export function commandName({ env }: Pick<Io, 'env'>): string {
  return env.npm_lifecycle_event === 'npx' ? 'npx orgid-bearer' : 'orgid-bearer'
}

/** All of stdin, as text. */
export async function readStdin({ stdin }: Io): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}
