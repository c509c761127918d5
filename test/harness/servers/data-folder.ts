import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startFolderReaper } from './reaper.ts'

/** A temporary folder for the data of a server. Only this user can read it. */
export type DataFolder = Readonly<{ path: string }> & AsyncDisposable

export async function createDataFolder(): Promise<DataFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-folder-'))
  startFolderReaper(folder)
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

/**
 * Kills the server of a data folder as a power cut would. It kills the child processes too: they would keep responding
 * until they notice that their parent is gone.
 */
export async function killPostgres(dataDir: string): Promise<void> {
  const [pid] = (await readFile(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  process.kill(Number(pid), 'SIGKILL')
  for (const child of children.trim().split(' ')) killIfRunning(Number(child))
}

/** Some processes of a server are short-lived, so this one may have ended already. */
function killIfRunning(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
