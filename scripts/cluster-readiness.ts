import { connect } from 'node:net'
import { once } from 'node:events'
import { pause } from '../src/lib/async.ts'
import type { Child } from './cluster-child.ts'

const RETRY_MS = 50
const DEADLINE_MS = 60_000

/**
 * Resolves when the program accepts connections on this port and `isReady` resolves with true. Rejects if it ends
 * before, or is not ready after a minute.
 */
export async function until(
  { name, ended }: Pick<Child, 'name' | 'ended'>,
  port: number,
  isReady: () => Promise<boolean> = () => listens(port),
): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  let end: string | undefined
  void ended.then((how) => (end = how))
  while (!(await isReady())) {
    if (end !== undefined) throw new Error(`${name} ended ${end} before it was ready. See its log.`)
    if (performance.now() > deadline) throw new Error(`${name} is not ready after a minute. See its log.`)
    await pause(RETRY_MS)
  }
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Returns whether the gateway on this port reports that it is ready. */
export async function isGatewayReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok
  } catch {
    return false
  }
}
