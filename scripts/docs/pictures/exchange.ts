import type { RecordedRequest, TestPartner } from '../../../src/testing/index.js'
import { arrow, colour, line, svg, text } from './svg.js'

/** A server that took part, and what the picture calls it. */
interface Participant {
  readonly name: string
  readonly server: TestPartner
}

/** What a picture of an exchange says beside what was recorded. */
export interface Exchange {
  readonly title: string
  readonly participants: readonly Participant[]
  /** What the code asked for, and what it got. */
  readonly asked: string
  readonly got: string
  /** What happens between one request and the next. */
  readonly between: (answered: RecordedRequest, index: number) => string
}

const width = 820
const rowHeight = 42

/** Requests as the servers have recorded them, from top to bottom. */
export function exchange({ title, participants, asked, got, between }: Exchange): string {
  const requests = participants
    .flatMap(({ name, server }) => server.requests.map((request) => ({ name, request })))
    .sort((a, b) => a.request.receivedAt - b.request.receivedAt)
  const columns = ['your code', 'orgid-bearer', ...participants.map(({ name }) => name)]
  const [code, library, last] = [70, 230, width - 80]
  const x = (name: string) => {
    const index = columns.indexOf(name)
    return index === 0 ? code : library + (index - 1) * ((last - library) / participants.length)
  }
  const letters = new Map<string, string>()
  const tokenOf = ({ token, claims }: RecordedRequest): string => {
    if (token === undefined) return 'no token'
    const letter = letters.get(token) ?? String.fromCharCode(65 + letters.size)
    letters.set(token, letter)
    const audience = participants.find(({ server }) => server.did === claims?.aud)?.name
    return `token ${letter}, for ${audience}`
  }

  const spoken: string[] = []
  const said: string[] = []
  let y = 78
  const message = (from: string, to: string, words: string, stroke: string = colour.blue) => {
    said.push(`${from} to ${to}: ${words}.`)
    spoken.push(
      arrow([x(from), y], [x(to) + (x(to) > x(from) ? -2 : 2), y], stroke),
      text(Math.min(x(from), x(to)) + 14, y - 11, words, {
        size: 12,
        over: true,
        ...(stroke === colour.red && { fill: colour.red }),
      }),
    )
    y += rowHeight
  }
  message('your code', 'orgid-bearer', asked)
  requests.forEach(({ name, request }, index) => {
    message('orgid-bearer', name, `${request.method} ${request.url}, ${tokenOf(request)}`)
    const { status = 0 } = request
    message(name, 'orgid-bearer', String(status), status === 401 ? colour.red : colour.quiet)
    const note = between(request, index)
    if (note === '') return
    said.push(`${note}.`)
    spoken.push(
      text(library + 14, y - 17, note, { size: 12, fill: colour.quiet, bold: true, over: true }),
    )
    y += 16
  })
  message('orgid-bearer', 'your code', got)

  const height = y + 4
  return svg({
    width,
    height,
    title,
    description: said.join(' '),
    parts: [
      ...columns.flatMap((name) => [
        text(x(name), 26, name, { anchor: 'middle', bold: true }),
        line([x(name), 42], [x(name), height - 16], colour.frame),
      ]),
      ...spoken,
    ],
  })
}
