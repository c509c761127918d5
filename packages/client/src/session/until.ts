import type { ConnectionState } from '../api.ts'
import type { ClientParts } from './parts.ts'

/** Resolves once the state of the connection is as wanted, or once the client is closed. */
export function until(
  { connection, signal }: Pick<ClientParts, 'connection' | 'signal'>,
  isWanted: (state: ConnectionState) => boolean,
): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (!isWanted(connection.getSnapshot()) && !signal.aborted) return
      dispose()
      resolve()
    }
    // Closing changes the state too.
    const dispose = connection.subscribe(check)
    check()
  })
}
