// What happens to tokens, as lines of a log: of pino, of console, or of whatever has these methods.
import { type OrgidEvents, onEvent } from 'orgid-bearer'

/** pino has them this way around: what is told, and then a sentence. */
export interface Log {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
}

type Line<Event> = readonly [level: keyof Log, message: string, facts: (event: Event) => object]

const all = <Event extends object>(event: Event): object => event
/** An error's code and words: neither has a token or a key in it. */
const withError = <Event extends { readonly error: { code: string; message: string } }>({
  error: { code, message },
  ...rest
}: Event) => ({ ...rest, code, reason: message })

const lines: { readonly [Name in keyof OrgidEvents]?: Line<OrgidEvents[Name]> } = {
  'orgid-bearer:refresh': ['info', 'a token is replaced', all],
  'orgid-bearer:refused': ['warn', 'a call is refused here', withError],
  'orgid-bearer:unauthorized': ['warn', 'a partner answered 401', all],
  'orgid-bearer:skew': ['warn', "a partner's clock differs", all],
  'orgid-bearer:signer-failed': ['warn', 'no signature could be had', withError],
  'orgid-bearer:store-failed': ['warn', 'the shared store failed', all],
  'orgid-bearer:key-activated': ['info', 'a key begins to sign', all],
  'orgid-bearer:fallback': ['warn', 'a partner gets tokens of another key', all],
}

/** Logs all auths of this process from now on. @returns ends it. */
export function logTo(log: Log): () => void {
  const ends = Object.keys(lines).map((name) => follow(name as keyof OrgidEvents, log))
  return () => {
    for (const end of ends) end()
  }
}

function follow<Name extends keyof OrgidEvents>(name: Name, log: Log): () => void {
  const [level, message, facts] = lines[name] as Line<OrgidEvents[Name]>
  return onEvent(name, (event) => log[level]({ event: name, ...facts(event) }, message))
}
