import { chmod, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { codeOf } from '../lib/error-info.ts'
import { BackupError, explainUnusableFolder } from './backup-error.ts'
import { type Manifest, parseManifest } from './manifest.ts'

const MANIFEST = 'manifest.json'
/** Exists from the beginning until the manifest is written. */
const UNFINISHED = 'UNFINISHED'
const NOTE = 'This backup is unfinished and cannot be restored. Delete the folder and make another backup.\n'

/**
 * Creates the folder, accessible only to its owner, and marks it as unfinished. Throws BackupError if it is not empty
 * or cannot be created or written to.
 */
export async function beginFolder(folder: string): Promise<void> {
  try {
    await createFolder(folder)
    await requireEmpty(folder)
    await chmod(folder, 0o700)
    await writeFile(path.join(folder, UNFINISHED), NOTE, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw explainUnusableFolder(error, folder)
  }
}

/**
 * Creates the folder and its parents. Node's `recursive` option is not used: it loops without end, and cannot be
 * aborted, if an existing parent does not allow new folders (an automounter).
 */
async function createFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 })
  } catch (error) {
    const parent = path.dirname(folder)
    if (codeOf(error) === 'EEXIST') return
    if (codeOf(error) !== 'ENOENT' || parent === folder) throw error
    await createFolder(parent)
    await mkdir(folder, { mode: 0o700 })
  }
}

async function requireEmpty(folder: string): Promise<void> {
  if ((await readdir(folder)).length === 0) return
  throw new BackupError(
    `The folder ${folder} is not empty. Name an empty folder, or one that does not exist yet.`,
  )
}

/** The last step. The manifest appears by a rename, after everything else is on disk: a backup with one is complete. */
export async function finishFolder(folder: string, manifest: Manifest): Promise<void> {
  const [file, draft] = [path.join(folder, MANIFEST), path.join(folder, `${MANIFEST}.new`)]
  await writeFile(draft, `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600, flush: true })
  await syncFolder(folder)
  await rename(draft, file)
  await rm(path.join(folder, UNFINISHED))
  await syncFolder(folder)
}

/** Throws BackupError if the folder holds no backup, or an unfinished one. */
export async function readManifest(folder: string): Promise<Manifest> {
  const names = await namesIn(folder)
  const file = path.join(folder, MANIFEST)
  if (names.includes(MANIFEST)) return parseManifest(await readFile(file, 'utf8'), file)
  if (names.includes(UNFINISHED)) {
    throw new BackupError(
      `The backup in ${folder} was never finished: it was interrupted, or is still being made. Restore another one.`,
    )
  }
  throw new BackupError(
    `There is no backup in ${folder}: it has no ${MANIFEST}. Name the folder that "parley backup" was given.`,
  )
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    throw new BackupError(
      `The folder ${folder} can't be read (${codeOf(error) ?? String(error)}). Name the folder that "parley backup" was given.`,
      { cause: error },
    )
  }
}

/** Makes the names of files durable, as fsync does for their content. Windows does not support it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
