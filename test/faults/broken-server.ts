import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server that fails, by path, in the ways in which real ones do. */
export interface BrokenServer {
  readonly origin: string
  /** The Authorization headers received, in order. */
  readonly received: (string | undefined)[]
  /** Resolves when a request has arrived. */
  seen(): Promise<unknown>
  close(): Promise<void>
}

const faults: Readonly<
  Record<string, (request: IncomingMessage, response: ServerResponse) => void>
> = {
  /** The connection is reset before an answer. */
  '/reset': (request) => request.socket.resetAndDestroy(),
  /** The connection is closed before an answer. */
  '/close': (request) => request.socket.destroy(),
  /** No answer, and the connection stays open. */
  '/silent': () => {},
  /** The head of an answer, bit by bit, and never all of it. */
  '/slow-head': ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nx-a: ')
    const timer = setInterval(() => socket.write('a'), 20)
    socket.once('close', () => clearInterval(timer))
  },
  /** Less of a body than was announced. */
  '/truncated': (request, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('half')
    setTimeout(() => request.socket.destroy(), 20)
  },
  /** A body that does not end. */
  '/open-body': (_, response) => {
    response.writeHead(200)
    response.write('half')
  },
  /** No HTTP at all. */
  '/garbage': ({ socket }) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
  /** A refusal whose body breaks off. */
  '/truncated-401': (request, response) => {
    response.writeHead(401, { 'content-length': 100 })
    response.write('half')
    setTimeout(() => request.socket.destroy(), 20)
  },
  /** A refusal whose body does not end. */
  '/open-401': (_, response) => {
    response.writeHead(401)
    response.write('half')
  },
  '/401': (_, response) => void response.writeHead(401).end('no'),
  '/500': (_, response) => void response.writeHead(500).end('no'),
  '/json': (_, response) =>
    void response.setHeader('content-type', 'application/json').end('{"ok":true}'),
}

export async function startBrokenServer(): Promise<BrokenServer> {
  const received: (string | undefined)[] = []
  const server = createServer((request, response) => {
    received.push(request.headers.authorization)
    request.resume()
    const path = String(request.url).split('?')[0] as string
    // `/once/401`: that fault for the first request, and then an answer
    const isOver = path.startsWith('/once') && received.length > 1
    const fault = isOver ? '/json' : path.replace('/once', '')
    ;(faults[fault] ?? faults['/json'])?.(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    seen: () => once(server, 'request'),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
