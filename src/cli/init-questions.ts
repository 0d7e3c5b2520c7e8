import { createInterface, type Interface } from 'node:readline/promises'
import { isOrgidAuthError } from '../errors.js'
import {
  type Answers,
  checkPartner,
  type NewPartner,
  readIssuer,
  readPartnerName,
} from './init-answers.js'
import { type Io, usageError } from './io.js'

/**
 * Asks at the terminal for what was not given, again and again until the library takes it.
 *
 * @throws CliError `ERR_USAGE` if the input ends before.
 */
export async function askForInit(
  io: Io,
  given: { readonly [K in keyof Answers]: Answers[K] | undefined },
  hasKey: boolean,
): Promise<Answers> {
  // on stderr: stdout is for what the command gives
  const terminal = createInterface({ input: io.stdin, output: io.stderr })
  const ask = asker(terminal)
  const tell = (text: string) => io.stderr.write(`${text}\n`)
  try {
    const issuer =
      given.issuer ??
      (await untilGood(tell, async () =>
        readIssuer(
          await ask('Your ORGiD, and the name of your key (did:orgid:0x…#webserver): '),
          hasKey,
        ),
      ))
    if (given.partners !== undefined) return { issuer, partners: given.partners }
    const partners: NewPartner[] = []
    for (;;) {
      const number = partners.length === 0 ? 'a' : 'another'
      const name = await untilGood(tell, async () => {
        const text = await ask(`The name of ${number} partner, such as hotels (Enter for none): `)
        return text === '' ? text : readPartnerName(text, partners)
      })
      if (name === '') return { issuer, partners }
      partners.push(await untilGood(tell, () => askForPartner(ask, name, partners)))
    }
  } finally {
    terminal.close()
  }
}

type Ask = (question: string) => Promise<string>

async function askForPartner(
  ask: Ask,
  name: string,
  others: readonly NewPartner[],
): Promise<NewPartner> {
  const did = await ask(`The ORGiD of ${name} (did:orgid:0x…): `)
  const origin = await ask(`Where its API is (https://api.${name}.example): `)
  return checkPartner({ name, did, origin }, others)
}

async function untilGood<T>(tell: (text: string) => void, read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await read()
    } catch (error) {
      if (!isOrgidAuthError(error)) throw error
      tell(error.message)
    }
  }
}

/** By lines, and not by `question`, which never settles when the input ends. */
function asker(terminal: Interface): Ask {
  const lines = terminal[Symbol.asyncIterator]()
  return async (question) => {
    terminal.setPrompt(question)
    terminal.prompt()
    const { value, done } = await lines.next()
    if (!done) return value.trim()
    throw usageError('init: expected an answer, got the end of the input; nothing was written')
  }
}
