import { execFile } from 'node:child_process'
import { open, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { createDataFolder, type DataFolder } from './data-folder.ts'

/** A data folder on a separate small disk, which tests can fill. */
export type SmallDisk = DataFolder &
  Readonly<{
    /** Uses all remaining space. */
    fill(): Promise<void>
    /** Frees the space again. */
    free(): Promise<void>
  }>

const run = promisify(execFile)
const CHUNKS = [1024 * 1024, 4096]

/** Mounts a disk of this size in memory. Throws unless this is root, because mounting needs root. */
export async function createSmallDisk(mebibytes: number): Promise<SmallDisk> {
  if (process.geteuid?.() !== 0) {
    throw new Error('This test mounts a small disk, which needs root. Run it as root.')
  }
  await using resources = new AsyncDisposableStack()
  const folder = resources.use(await createDataFolder())
  await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'tmpfs', folder.path])
  resources.defer(async () => void (await run('umount', ['--lazy', folder.path])))
  const ballast = path.join(folder.path, 'ballast')
  const kept = resources.move()
  return {
    path: folder.path,
    fill: () => fill(ballast),
    free: () => rm(ballast, { force: true }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

async function fill(file: string): Promise<void> {
  await using handle = await open(file, 'a')
  for (const size of CHUNKS) {
    const chunk = Buffer.alloc(size)
    while (await fits(() => handle.appendFile(chunk))) continue
  }
}

async function fits(write: () => Promise<void>): Promise<boolean> {
  try {
    await write()
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false
    throw error
  }
}
