import { createServer } from 'node:net'

/**
 * Returns a free port of loopback, below the range that the system gives to outgoing connections. From that range, the
 * port of a stopped server could be taken by a connection, even by a client that tries to reach the server.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<boolean>()
  server.once('error', () => resolve(false))
  server.listen(port, '127.0.0.1', () => resolve(true))
  const isBound = await promise
  if (isBound) await new Promise((done) => server.close(done))
  return isBound
}
