import { connect } from 'node:net'
import { once } from 'node:events'
import { pause } from '../src/lib/async.ts'
import type { Child } from './cluster-child.ts'

const RETRY_MS = 50
const DEADLINE_MS = 60_000

/**
 * Resolves when the program takes connections on this port and `isReady` agrees. Rejects when it ends instead, or
 * is not there after a minute.
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
    if (end !== undefined) throw new Error(`${name} ended ${end} before it was ready; its log says why.`)
    if (performance.now() > deadline)
      throw new Error(`${name} is not ready after a minute; its log says why.`)
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

/** Whether the gateway on this port says that it may be sent something. */
export async function isGatewayReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok
  } catch {
    return false
  }
}
