import path from 'node:path'
import { BackupError } from './backup-error.ts'
import type { Manifest, TableEntry } from './manifest.ts'
import type { Progress } from './progress.ts'
import { sealOf } from './table-file.ts'

type Work = Readonly<{ folder: string; manifest: Manifest; signal: AbortSignal; progress: Progress }>

/** Compares every file of a backup with what the manifest says of it. Throws BackupError that names all that is damaged. */
export async function checkFiles({ folder, manifest, signal, progress }: Work): Promise<void> {
  const damages: string[] = []
  for (const table of manifest.tables) {
    progress.note(`${table.file}: checking`)
    const damage = await damageOf(folder, table, signal)
    if (damage !== undefined) damages.push(`${table.file} ${damage}`)
  }
  if (damages.length === 0) return
  throw new BackupError(
    `The backup in ${folder} is damaged: ${damages.join('; ')}. Nothing was written. Restore another one.`,
  )
}

async function damageOf(
  folder: string,
  { file, fileBytes, sha256 }: TableEntry,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const seal = await sealOf(path.join(folder, file), signal)
    if (seal.fileBytes !== fileBytes) return `has ${seal.fileBytes} bytes instead of ${fileBytes}`
    return seal.sha256 === sha256 ? undefined : 'is not what was written (SHA-256)'
  } catch (error) {
    signal.throwIfAborted()
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    return isMissing
      ? 'is missing'
      : `can't be read (${error instanceof Error ? error.message : String(error)})`
  }
}
