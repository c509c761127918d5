import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { hasCode } from '../../lib/error-info.ts'

/** A server that runs on a data folder. */
export type RunningServer = Readonly<{ pid: number; port: number; isReady: boolean }>

/** Larger than any process number that a system gives out. */
const NOBODY = '2147483647'

/**
 * The server that runs on the folder, from whichever Parley, by the file in which it says so. A server that was
 * killed leaves its file behind; if its number now belongs to another program of the same user, as it soon does in a
 * container, PostgreSQL would take that for a server and refuse to start. So the number is taken out, and the rest
 * left: by it PostgreSQL sees whether processes of the killed server still use the data.
 */
export async function findRunningServer(folder: string): Promise<RunningServer | undefined> {
  const file = path.join(folder, 'postmaster.pid')
  const [pidLine, ...lines] = (await readIfThere(file))?.split('\n') ?? []
  const pid = Number(pidLine)
  if (pidLine === undefined || !isAlive(pid)) return undefined
  if (await isServer(pid)) return { pid, port: Number(lines[2]), isReady: lines[6]?.trim() === 'ready' }
  await writeFile(file, [NOBODY, ...lines].join('\n'))
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
