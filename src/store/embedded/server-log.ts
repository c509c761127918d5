import { open, readFile, rename, type FileHandle } from 'node:fs/promises'
import { handOver, type Account } from './account.ts'

const LARGE_BYTES = 10 * 2 ** 20

/** The file that a server is to write its log to, open for one start. */
export type ServerLog = Readonly<{
  fd: number
  /** What was written since it was opened. */
  read(): Promise<string>
  /** Closes our end; a server goes on writing to its own. */
  close(): Promise<void>
}>

/** Opens the log at its end. One that has grown large is put aside first, in the place of the one before. */
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
