import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { hasCode, messageOf } from '../lib/error-info.ts'
import { BackupError } from './backup-error.ts'
import type { BackupConnection } from './connection.ts'
import { countLogs, digestTable } from './digest.ts'
import type { Manifest, TableEntry } from './manifest.ts'
import type { Progress } from './progress.ts'
import { checksumOf } from './table-file.ts'

type Work = Readonly<{ folder: string; manifest: Manifest; signal: AbortSignal; progress: Progress }>

/** Compares every file of a backup with the manifest. Throws BackupError that names every damaged file. */
export async function checkFiles({ folder, manifest, signal, progress }: Work): Promise<void> {
  const problems: string[] = []
  for (const table of manifest.tables) {
    progress.step(`${table.file}: checking`)
    const problem = await problemOf(folder, table, signal)
    if (problem !== undefined) problems.push(`${table.file} ${problem}`)
  }
  if (problems.length === 0) return
  throw new BackupError(
    `The backup in ${folder} is damaged: ${problems.join('; ')}. Nothing was written. Restore another one.`,
  )
}

async function problemOf(
  folder: string,
  { file, fileBytes, sha256 }: TableEntry,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const found = await checksumOf(path.join(folder, file), signal)
    if (found.fileBytes !== fileBytes) return `has ${found.fileBytes} bytes instead of ${fileBytes}`
    return found.sha256 === sha256 ? undefined : 'is not what was written (SHA-256)'
  } catch (error) {
    signal.throwIfAborted()
    return hasCode(error, 'ENOENT') ? 'is missing' : `can't be read (${messageOf(error)})`
  }
}

/**
 * Compares the rows and digest of each table, and the counts of the logs, with the manifest. Reads in the transaction
 * of the connection. Throws BackupError that names every difference.
 */
export async function verifyContents(
  connection: BackupConnection,
  { tables, logs }: Manifest,
  progress: Progress,
): Promise<void> {
  const differences: string[] = []
  for (const table of tables) {
    progress.step(`${table.name}: comparing`)
    const found = await digestTable(connection, table)
    if (found.rows !== table.rows)
      differences.push(`${table.name} has ${found.rows} rows instead of ${table.rows}`)
    else if (found.digest !== table.digest) differences.push(`${table.name} has other rows than the original`)
  }
  if (!isDeepStrictEqual(await countLogs(connection), logs)) differences.push('the chat logs differ')
  if (differences.length === 0) return
  throw new BackupError(
    `The restored rows differ from the backed-up ones: ${differences.join('; ')}. Nothing was kept. The files of the ` +
      `backup are intact, so this is a bug: report it, and restore another backup.`,
  )
}
