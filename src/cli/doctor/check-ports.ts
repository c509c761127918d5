import type { Config } from '../../config/config.ts'
import { type Address, PortError, type PortVariable, requirePort } from '../../transport/http/port.ts'
import { type Finding, ok, problem, warning } from './finding.ts'

const PROBE_TIMEOUT_MS = 1_000

/** Checks that a gateway could listen on the configured ports. */
export async function* checkPorts({
  http,
  admin,
  serverApi,
}: Pick<Config, 'http' | 'admin' | 'serverApi'>): AsyncGenerator<Finding> {
  yield await checkPort(http, 'PORT')
  if (admin !== undefined) yield await checkPort(admin, 'ADMIN_PORT')
  if (serverApi !== undefined) yield await checkPort(serverApi, 'SERVER_PORT')
}

async function checkPort(address: Address, variable: PortVariable): Promise<Finding> {
  const { port } = address
  try {
    await requirePort(address, variable)
    return ok(port === 0 ? `${variable} is any free port` : `port ${port} is free (${variable})`)
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return error.isTaken && (await isParley(address))
      ? warning(`port ${port} is taken by a Parley that is already running (${variable})`, RUNNING_ALREADY)
      : problem(`${error.what} (${variable})`, error.hint)
  }
}

const RUNNING_ALREADY =
  'No action is needed if this gateway should run. To start a second one, set PORT, ADMIN_PORT and SERVER_PORT.'

/** Recognises Parley by its liveness response, which no other program gives. */
async function isParley({ host, port }: Address): Promise<boolean> {
  const isEverywhere = host === '0.0.0.0' || host === '::'
  const name = isEverywhere ? 'localhost' : host
  try {
    const url = `http://${name.includes(':') ? `[${name}]` : name}:${port}/health/live`
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
    return (await response.text()) === '{"status":"alive"}'
  } catch {
    return false
  }
}
