import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { type Address, listen, type PortVariable } from './port.ts'

/** An HTTP server on its port. Made before it listens, so that no connection escapes it. */
export class Listener {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    // Node.js looks for idle connections at the moment of closing; those that are busy then become idle later.
    server.on('request', (_, response) => {
      response.once('close', () => {
        if (!server.listening) server.closeIdleConnections()
      })
    })
  }

  /** Starts listening and answers with the URL to reach it by. Rejects with PortError where that is impossible. */
  async open(address: Address, variable: PortVariable): Promise<string> {
    await listen(this.#server, address, variable)
    return urlOf(this.#server, address.host)
  }

  /** Stops listening, waits for the requests under way, and cuts off what is left after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const server = this.#server
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    this.#closeUnused()
    const timer = setTimeout(() => server.closeAllConnections(), graceMs)
    await closed
    clearTimeout(timer)
  }

  /** Browsers open connections in advance. One that never said anything is not idle to Node.js, but about to be used. */
  #closeUnused(): void {
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy()
  }
}

function urlOf(server: Server, host: string): string {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const isEverywhere = host === '0.0.0.0' || host === '::' || host === ''
  const name = isEverywhere ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}
