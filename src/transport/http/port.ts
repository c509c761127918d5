import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** Where to listen. Port 0: any free one. */
export type Address = Readonly<{ host: string; port: number }>

/** The variable that sets a port; its sibling sets the host. */
export type PortVariable = 'PORT' | 'ADMIN_PORT'

/** Nobody can listen there. The message is for the operator: what is wrong, and what to do about it. */
export class PortError extends Error {
  override readonly name = 'PortError'
  readonly what: string
  readonly hint: string
  readonly isTaken: boolean

  constructor({ what, mend, isTaken = false }: Trouble, cause: unknown) {
    super(`${what}. ${mend}`, { cause })
    this.what = what
    this.hint = mend
    this.isTaken = isTaken
  }
}

type Trouble = Readonly<{ what: string; mend: string; isTaken?: boolean }>

/** Resolves when the server listens. Rejects with PortError where it can't. */
export async function listen(server: Server, { host, port }: Address, variable: PortVariable): Promise<void> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    const trouble = troubleOf(error, { host, port }, variable)
    throw trouble === undefined ? error : new PortError(trouble, error)
  }
}

/**
 * Rejects with PortError where nobody could listen there now. To find that out early, before anything that takes longer
 * was started; somebody else may still be quicker.
 */
export async function requirePort(address: Address, variable: PortVariable): Promise<void> {
  const server = createServer()
  await listen(server, address, variable)
  const closed = once(server, 'close')
  server.close()
  await closed
}

function troubleOf(error: unknown, { host, port }: Address, variable: PortVariable): Trouble | undefined {
  const hostVariable = variable === 'PORT' ? 'HOST' : 'ADMIN_HOST'
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'EADDRINUSE':
      return {
        what: `Port ${port} is taken`,
        mend: `Another program listens on it, perhaps another Parley: end that one, or set ${variable} to another port.`,
        isTaken: true,
      }
    case 'EACCES':
      return {
        what: `Port ${port} is not for this user to take`,
        mend: `Set ${variable} to one above 1023.`,
      }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        what: `${host} is no address of this machine`,
        mend: `Set ${hostVariable} to one that is: 127.0.0.1 for this machine alone, 0.0.0.0 for everybody who reaches it.`,
      }
    default:
      return undefined
  }
}
