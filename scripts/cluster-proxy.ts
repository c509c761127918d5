import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Replaces nginx if it is not installed. Passes whole connections to the gateways in turn. */
export type Proxy = Readonly<{ port: number; stop(): Promise<void> }>

const CONNECT_TIMEOUT_MS = 1_000

/** Listens on loopback. A connection goes to the next gateway that accepts it, or is closed if none does. */
export async function startProxy(port: number, targets: readonly number[]): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let turn = 0

  async function serve(client: Socket): Promise<void> {
    keep(client)
    const gateway = await nextGateway()
    if (gateway === undefined || client.destroyed) {
      client.destroy()
      gateway?.destroy()
      return
    }
    keep(gateway)
    client.pipe(gateway).pipe(client)
    client.on('close', () => gateway.destroy())
    gateway.on('close', () => client.destroy())
  }

  async function nextGateway(): Promise<Socket | undefined> {
    const first = turn
    turn = (turn + 1) % targets.length
    for (let index = 0; index < targets.length; index += 1) {
      const socket = await reach(targets[(first + index) % targets.length] ?? 0)
      if (socket !== undefined) return socket
    }
    return undefined
  }

  /** Errors are ignored, because 'close' follows and is handled. */
  function keep(socket: Socket): void {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  }

  const server = createServer((client) => void serve(client))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** Returns a connection to a gateway, or undefined if it accepts none. */
async function reach(port: number): Promise<Socket | undefined> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) })
    return socket
  } catch {
    socket.destroy()
    return undefined
  }
}
