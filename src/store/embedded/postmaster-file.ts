import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { hasCode } from './failure.ts'

/** A server that runs on a data folder; `port` is undefined for the moment before it has written it down. */
export type RunningServer = Readonly<{ pid: number; port: number | undefined }>

/**
 * The server that runs on the folder, from whichever Parley, by the file in which it says so. A server that was
 * killed leaves its file behind; if its number now belongs to another program of the same user, as it soon does in a
 * container, PostgreSQL would take that for a server and refuse to start, so such a file is removed here.
 */
export async function findRunningServer(folder: string): Promise<RunningServer | undefined> {
  const file = path.join(folder, 'postmaster.pid')
  const lines = (await readIfThere(file))?.split('\n')
  if (lines === undefined) return undefined
  const [pid, port] = [Number(lines[0]), Number(lines[3])]
  if (!isAlive(pid)) return undefined
  if (await isServer(pid)) return { pid, port: port > 0 ? port : undefined }
  await rm(file, { force: true })
  return undefined
}

async function isServer(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return true
  const status = await readIfThere(`/proc/${pid}/stat`)
  return status !== undefined && /^\d+ \(postgres\) [^ZX]/.test(status)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return hasCode(error, 'EPERM')
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return undefined
    throw error
  }
}
