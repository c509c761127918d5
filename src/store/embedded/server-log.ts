import { open, readFile, rename, type FileHandle } from 'node:fs/promises'
import { handOver, type Account } from './account.ts'

const LARGE_BYTES = 10 * 2 ** 20

/** The server's log file, open during a start. */
export type ServerLog = Readonly<{
  fd: number
  /** Reads what was written since the start. */
  read(): Promise<string>
  /** Closes this process's handle. The server keeps its own. */
  close(): Promise<void>
}>

/** Opens the log for appending. A large one is renamed first, and replaces the one that was renamed before. */
export async function openServerLog(file: string, account: Account): Promise<ServerLog> {
  const handle = await openRotated(file)
  await handOver(account, file)
  const { size } = await handle.stat()
  const read = async () => (await readFile(file)).subarray(size).toString()
  return { fd: handle.fd, read, close: () => handle.close() }
}

async function openRotated(file: string): Promise<FileHandle> {
  const handle = await open(file, 'a', 0o600)
  if ((await handle.stat()).size < LARGE_BYTES) return handle
  await handle.close()
  await rename(file, `${file}.1`)
  return open(file, 'a', 0o600)
}
