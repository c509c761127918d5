import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { hasCode } from '../../lib/error-info.ts'

/** A server that runs on a data folder. */
export type RunningServer = Readonly<{ pid: number; port: number; isReady: boolean }>

/** Larger than any process id of a system. */
const NO_PROCESS = '2147483647'

/**
 * Finds the server that runs on the folder, by its file postmaster.pid. A killed server leaves the file behind. If
 * its process id now belongs to another program of the same user, which is common in containers, PostgreSQL would
 * take that program for a server and refuse to start. So the id is replaced. The rest of the file stays: PostgreSQL
 * uses it to check whether processes of the killed server still use the data.
 */
export async function findRunningServer(folder: string): Promise<RunningServer | undefined> {
  const file = path.join(folder, 'postmaster.pid')
  const [pidLine, ...lines] = (await readIfExists(file))?.split('\n') ?? []
  const pid = Number(pidLine)
  if (pidLine === undefined || !isAlive(pid)) return undefined
  if (await isServer(pid)) return { pid, port: Number(lines[2]), isReady: lines[6]?.trim() === 'ready' }
  await writeFile(file, [NO_PROCESS, ...lines].join('\n'))
  return undefined
}

async function isServer(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return true
  const status = await readIfExists(`/proc/${pid}/stat`)
  return status !== undefined && /^\d+ \(postgres\) [^ZX]/.test(status)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return hasCode(error, 'EPERM')
  }
}

async function readIfExists(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return undefined
    throw error
  }
}
