import type { Config } from '../config/config.ts'
import { type Address, PortError, type PortVariable, requirePort } from '../transport/http/port.ts'
import { bad, doubtful, type Finding, good } from './finding.ts'

const ANSWER_DEADLINE_MS = 1_000

/** Whether an instance could listen where it is meant to. */
export async function* examinePorts({
  http,
  admin,
}: Pick<Config, 'http' | 'admin'>): AsyncGenerator<Finding> {
  yield await examine(http, 'PORT')
  if (admin !== undefined) yield await examine(admin, 'ADMIN_PORT')
}

async function examine(address: Address, variable: PortVariable): Promise<Finding> {
  const { port } = address
  try {
    await requirePort(address, variable)
    return good(port === 0 ? `${variable} is any free port` : `port ${port} is free (${variable})`)
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return error.isTaken && (await isParley(address))
      ? doubtful(`port ${port} is taken by a Parley that runs already (${variable})`, ANOTHER_ONE)
      : bad(`${error.what} (${variable})`, error.hint)
  }
}

const ANOTHER_ONE = 'If that is the one you mean, all is well; a second one needs ports of its own.'

/** By what it says of its health, which no other program says. */
async function isParley({ host, port }: Address): Promise<boolean> {
  const isEverywhere = host === '0.0.0.0' || host === '::'
  const name = isEverywhere ? 'localhost' : host
  try {
    const url = `http://${name.includes(':') ? `[${name}]` : name}:${port}/health/live`
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_DEADLINE_MS) })
    return (await response.text()) === '{"status":"alive"}'
  } catch {
    return false
  }
}
