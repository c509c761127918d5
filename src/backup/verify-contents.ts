import { isDeepStrictEqual } from 'node:util'
import { BackupError } from './backup-error.ts'
import { digestTable, takeLogCensus } from './digest.ts'
import type { Manifest } from './manifest.ts'
import type { Progress } from './progress.ts'
import type { Session } from './session.ts'

/**
 * Compares what the session's transaction sees with what the database of the backup held: rows and digest of each table,
 * and the logs. Throws BackupError that names every difference.
 */
export async function verifyContents(
  session: Session,
  { tables, logs }: Manifest,
  progress: Progress,
): Promise<void> {
  const differences: string[] = []
  for (const table of tables) {
    progress.note(`${table.name}: comparing`)
    const found = await digestTable(session, table)
    if (found.rows !== table.rows)
      differences.push(`${table.name} has ${found.rows} rows instead of ${table.rows}`)
    else if (found.digest !== table.digest) differences.push(`${table.name} has other rows than it had`)
  }
  if (!isDeepStrictEqual(await takeLogCensus(session), logs))
    differences.push('the logs are not those that were')
  if (differences.length === 0) return
  throw new BackupError(
    `The database does not hold what it held: ${differences.join('; ')}. Nothing was kept of it; the files are as they ` +
      `were written, so restore another backup, and tell us.`,
  )
}
