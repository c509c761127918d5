import { join } from 'node:path'
import { once as onlyOnce, pause } from '../src/lib/async.ts'
import { type Child, startChild } from './cluster-child.ts'
import { freePort } from './cluster-ports.ts'
import { isGatewayReady, until } from './cluster-readiness.ts'

const PARLEY = join(import.meta.dirname, '..', 'bin', 'parley.js')
/** Wait before a restart, so that a gateway that fails to start is not restarted in a tight loop. */
const RESTART_DELAY_MS = 500

export type GatewayOptions = Readonly<{
  name: string
  /** The preferred port. Another one is used if it is taken. */
  port: number
  folder: string
  env: Readonly<Record<string, string | undefined>>
  tell: (line: string) => void
}>

/** A gateway that is restarted on the same ports whenever it dies. */
export type Gateway = Readonly<{
  name: string
  port: number
  adminPort: number
  pid(): number
  stop(): Promise<void>
}>

/** Resolves when the gateway is ready. Rejects if it cannot be started. */
export async function startGateway({
  name,
  port: wanted,
  folder,
  env,
  tell,
}: GatewayOptions): Promise<Gateway> {
  const port = await freePort(wanted)
  const adminPort = await freePort()
  const stopping = new AbortController()
  let child = await launch()
  const running = keep()

  async function launch(): Promise<Child> {
    const started = await startChild({
      name,
      file: process.execPath,
      args: [PARLEY, 'serve'],
      env: { ...env, PORT: `${port}`, ADMIN_PORT: `${adminPort}`, GATEWAY_ID: name },
      logFile: join(folder, `${name}.log`),
    })
    try {
      await until(started, port, () => isGatewayReady(port))
    } catch (error) {
      await started.stop()
      throw error
    }
    return started
  }

  async function keep(): Promise<void> {
    for (;;) {
      const how = await child.ended
      if (stopping.signal.aborted) return
      tell(`${name} (pid ${child.pid}) ended ${how}; starting it again …`)
      await restart()
    }
  }

  async function restart(): Promise<void> {
    await pause(RESTART_DELAY_MS, stopping.signal)
    if (stopping.signal.aborted) return
    try {
      child = await launch()
      tell(`${name} is back, as pid ${child.pid}`)
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error))
    }
  }

  /** Stops the gateway. A restart in progress is finished first. */
  const stop = onlyOnce(async () => {
    stopping.abort()
    await child.stop()
    await running
    await child.stop()
  })

  return { name, port, adminPort, pid: () => child.pid, stop }
}
