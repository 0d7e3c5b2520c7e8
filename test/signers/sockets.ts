import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'

/** Listens on loopback, and keeps its sockets at hand. */
export async function listen(server: Server) {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // a client that hangs up in the middle is what some of the tests do
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const each = (act: (socket: Socket) => void) => {
    for (const socket of sockets) act(socket)
  }
  return {
    port: (server.address() as AddressInfo).port,
    /** RST, as from a load balancer that restarts. */
    reset: () => each((socket) => socket.resetAndDestroy()),
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      each((socket) => socket.destroy())
      await closed
    },
  }
}
