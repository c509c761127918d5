import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startReaper } from './reaper.ts'

/** A folder of one's own for a server's data, closed to everybody else as mkdtemp makes it. */
export type DataFolder = Readonly<{ path: string }> & AsyncDisposable

export async function createDataFolder(): Promise<DataFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-folder-'))
  startReaper(folder)
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

/**
 * Kills the server that runs below a data folder, as a power cut would: with all of its processes, which otherwise
 * go on answering until they notice that their parent is gone.
 */
export async function killPostgres(dataDir: string): Promise<void> {
  const [pid] = (await readFile(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  process.kill(Number(pid), 'SIGKILL')
  for (const child of children.trim().split(' ')) killIfThere(Number(child))
}

/** Some processes of a server live for a moment only, and this one may have gone by itself. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
