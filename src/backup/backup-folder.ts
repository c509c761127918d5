import { chmod, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { codeOf } from '../lib/error-info.ts'
import { BackupError, explainUnusableFolder } from './backup-error.ts'
import { type Manifest, parseManifest } from './manifest.ts'

const MANIFEST = 'manifest.json'
/** There from the first moment until the manifest is. */
const UNFINISHED = 'UNFINISHED'
const NOTE =
  'This backup was not finished, and can not be restored. Delete the folder, and make another one.\n'

/**
 * Makes the folder, for its owner alone, and says in it that it is unfinished. Throws BackupError where there is
 * something in it already, and where it can't be made or written to.
 */
export async function beginFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder)
    await requireEmpty(folder)
    await chmod(folder, 0o700)
    await writeFile(path.join(folder, UNFINISHED), NOTE, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw explainUnusableFolder(error, folder)
  }
}

/**
 * Makes it, and whatever it lies in. Not by the `recursive` of Node.js, which tries for ever, and can't be broken off,
 * where a folder that is there has no room for others, as that of an automounter.
 */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 })
  } catch (error) {
    const parent = path.dirname(folder)
    if (codeOf(error) === 'EEXIST') return
    if (codeOf(error) !== 'ENOENT' || parent === folder) throw error
    await makeFolder(parent)
    await mkdir(folder, { mode: 0o700 })
  }
}

async function requireEmpty(folder: string): Promise<void> {
  if ((await readdir(folder)).length === 0) return
  throw new BackupError(
    `There is something in ${folder} already. A backup takes an empty folder, or one that is still to be made.`,
  )
}

/** The last step. The manifest appears by a rename, when everything else is on the disk: with it the backup is whole. */
export async function finishFolder(folder: string, manifest: Manifest): Promise<void> {
  const [file, draft] = [path.join(folder, MANIFEST), path.join(folder, `${MANIFEST}.new`)]
  await writeFile(draft, `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600, flush: true })
  await syncFolder(folder)
  await rename(draft, file)
  await rm(path.join(folder, UNFINISHED))
  await syncFolder(folder)
}

/** Throws BackupError where there is no backup in the folder, or one that was never finished. */
export async function readManifest(folder: string): Promise<Manifest> {
  const names = await namesIn(folder)
  const file = path.join(folder, MANIFEST)
  if (names.includes(MANIFEST)) return parseManifest(await readFile(file, 'utf8'), file)
  if (names.includes(UNFINISHED)) {
    throw new BackupError(
      `The backup in ${folder} was never finished: it was broken off, or is being made. Restore another one.`,
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

/** So that names survive a power cut as well as what they name. Windows has no such thing. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
