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
  | 'ERR_USAGE'
  | 'ERR_FILE'
  | 'ERR_FILE_EXISTS'
  | 'ERR_ORG_JSON'
  | 'ERR_NOT_REGISTRABLE'
  | 'ERR_REQUEST'

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

/** All of stdin, as text. */
export async function readStdin({ stdin }: Io): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}
