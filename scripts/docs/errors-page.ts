import type { Code } from './codes.js'

/** The codes by who gives them. */
export interface Codes {
  readonly errors: readonly Code[]
  readonly command: readonly Code[]
  readonly warnings: readonly Code[]
}

/** docs/errors.md */
export function errorsPage({ errors, command, warnings }: Codes): string {
  return `# Errors and warnings

<!-- Written by \`npm run docs\` from src/error-codes.ts, src/cli/io.ts and src/warning-codes.ts. Do not edit. -->

Every error of the library is an \`OrgidAuthError\`. \`isOrgidAuthError(error)\` recognises it, of another copy of this package as well, and \`error.code\` is one of these. Codes are part of the API. Messages may be reworded: they name the option, and say what was expected, what came and what to do. None shows a key, a token or a passphrase.

"At start" means: in \`createOrgidAuth\`, \`createOrgidAuthFromEnv\` or \`loadOrgidAuth\`, before any call. A call that fails with one of these codes was not sent, unless it says otherwise.

How an error reaches you depends on who sends. axios rejects with the \`OrgidAuthError\` itself, and so does \`withAuth\`. Under \`install\`, Node's \`fetch\` rejects with a \`TypeError\` whose \`cause\` it is.

${sections(errors)}
## The command

What the command \`orgid-bearer\` prints before its message, and with \`--json\` as \`error.code\`, beside the codes above. Exit code 1, if nothing else is said.

${entries(command)}
## Process warnings

They come by \`process.on('warning')\`, with the name \`OrgidBearerWarning\` and one of these codes. Nothing fails with them.

${entries(warnings)}`.replace(/\n+$/, '\n')
}

/** The table in the README. */
export function errorsTable(errors: readonly Code[]): string {
  const rows = errors.map(({ code, section, meaning, remedy }, index) => {
    const heading = section === errors[index - 1]?.section ? '' : `| **${section}** | | |\n`
    return `${heading}| \`${code}\` | ${clause(meaning)} | ${clause(remedy)} |`
  })
  return ['| code | meaning | remedy |', '|---|---|---|', ...rows].join('\n')
}

function sections(codes: readonly Code[]): string {
  const names = [...new Set(codes.map(({ section }) => section))]
  return names
    .map((name) => `## ${name}\n\n${entries(codes.filter(({ section }) => section === name))}`)
    .join('\n')
}

function entries(codes: readonly Code[]): string {
  return codes
    .map(({ code, meaning, when, remedy }) => {
      const rest = [...(when === undefined ? [] : [`- When: ${when}`]), `- Remedy: ${remedy}`]
      return `### \`${code}\`\n\n${meaning}\n\n${rest.join('\n')}\n`
    })
    .join('\n')
}

/** A sentence as it stands in a table: without its full stop, nor the capital of a common word. */
function clause(sentence: string): string {
  const words = sentence.replace(/\.$/, '')
  return /^(?:A|[A-Z][a-z]+)\b/.test(words) ? words.charAt(0).toLowerCase() + words.slice(1) : words
}
