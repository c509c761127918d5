import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** Where to listen. Port 0 takes any free port. */
export type Address = Readonly<{ host: string; port: number }>

/** The variable that sets a port, with the one that sets its host. */
const HOST_OF = { PORT: 'HOST', ADMIN_PORT: 'ADMIN_HOST', SERVER_PORT: 'SERVER_HOST' } as const

/** The variable that sets the port. */
export type PortVariable = keyof typeof HOST_OF

/** The address is not available. The message is for the operator: what is wrong, and what to do. */
export class PortError extends Error {
  override readonly name = 'PortError'
  readonly what: string
  readonly hint: string
  readonly isTaken: boolean

  constructor({ what, hint, isTaken = false }: Problem, cause: unknown) {
    super(`${what}. ${hint}`, { cause })
    this.what = what
    this.hint = hint
    this.isTaken = isTaken
  }
}

type Problem = Readonly<{ what: string; hint: string; isTaken?: boolean }>

/** Resolves when the server listens. Rejects with PortError if the address is not available. */
export async function listen(server: Server, { host, port }: Address, variable: PortVariable): Promise<void> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    const problem = problemOf(error, { host, port }, variable)
    throw problem === undefined ? error : new PortError(problem, error)
  }
}

/**
 * Rejects with PortError if the address is not available now. For an early error, before slower parts start. Another
 * program may still take the port afterwards.
 */
export async function requirePort(address: Address, variable: PortVariable): Promise<void> {
  const server = createServer()
  await listen(server, address, variable)
  const closed = once(server, 'close')
  server.close()
  await closed
}

function problemOf(error: unknown, { host, port }: Address, variable: PortVariable): Problem | undefined {
  const hostVariable = HOST_OF[variable]
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'EADDRINUSE':
      return {
        what: `Port ${port} is taken`,
        hint: `Stop the program that listens on it, perhaps another Parley, or set ${variable} to another port.`,
        isTaken: true,
      }
    case 'EACCES':
      return {
        what: `This user may not listen on port ${port}`,
        hint: `Set ${variable} to a port above 1023.`,
      }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        what: `${host} is not an address of this machine`,
        hint: `Set ${hostVariable} to 127.0.0.1 for this machine only, or to 0.0.0.0 for all networks.`,
      }
    default:
      return undefined
  }
}
