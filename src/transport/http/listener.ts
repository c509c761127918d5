import { once } from 'node:events'
import type { RequestListener, Server } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Pipelining } from './pipelining.ts'
import { type Address, listen, type PortVariable } from './port.ts'

/**
 * An HTTP server on its port, whose requests `handle` gets. Create it before the server listens, so that it sees every
 * connection.
 */
export class Listener {
  readonly #server: Server
  /** Connections that are not WebSockets. */
  readonly #sockets = new Set<Duplex>()

  constructor(server: Server, handle: RequestListener) {
    this.#server = server
    const pipelining = new Pipelining()
    const forget = (socket: Duplex): void => {
      socket.removeListener('close', forgetThis)
      this.#sockets.delete(socket)
    }
    function forgetThis(this: Duplex): void {
      forget(this)
    }
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', forgetThis)
    })
    // A WebSocket may live for days, and has been used.
    server.on('upgrade', (_, socket) => forget(socket))
    // Node.js closes connections that are idle when the server closes. Those that are busy then must be closed later.
    server.on('request', (request, response) => {
      const { socket } = request
      response.once('close', () => {
        pipelining.end(socket)
        if (!server.listening) server.closeIdleConnections()
      })
      pipelining.add(socket, () => handle(request, response))
    })
  }

  /** Starts listening. Resolves with the URL of the server. Rejects with PortError if the port is not available. */
  async open(address: Address, variable: PortVariable): Promise<string> {
    await listen(this.#server, address, variable)
    return urlOf(this.#server, address.host)
  }

  /** Stops listening and waits for running requests. After `graceMs` the remaining ones are cut off. */
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

  /** Browsers open connections in advance. Node.js does not count a connection without any request as idle. */
  #closeUnused(): void {
    for (const socket of this.#sockets)
      if (socket instanceof Socket && socket.bytesRead === 0) socket.destroy()
  }
}

function urlOf(server: Server, host: string): string {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const isAnyHost = host === '0.0.0.0' || host === '::' || host === ''
  const name = isAnyHost ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}
