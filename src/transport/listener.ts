import { once } from 'node:events'
import type { Server } from 'node:http'

type Address = Readonly<{ host: string; port: number }>

/** Starts listening and answers with the URL to reach it by. `variable` names what sets the port, for the error. */
export async function listen(server: Server, { host, port }: Address, variable: string): Promise<string> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw isTaken(error)
      ? new Error(`Port ${port} is taken. Free it, or set ${variable} to another one.`)
      : error
  }
  return urlOf(server, host)
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}

function urlOf(server: Server, host: string): string {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const isEverywhere = host === '0.0.0.0' || host === '::' || host === ''
  const name = isEverywhere ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/** Stops listening, waits for the requests under way, and cuts off what is left after `graceMs`. */
export async function close(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(timer)
}
