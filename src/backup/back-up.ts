import path from 'node:path'
import { compareMigrations, type MigrationStatus } from '../store/migrations/migration.ts'
import { readHistory } from '../store/migrations/migration-history.ts'
import { knownMigrations } from '../store/migrations/migrate.ts'
import { BackupError, explainWriteFailure } from './backup-error.ts'
import { beginFolder, finishFolder } from './backup-folder.ts'
import { readSequences, readTables, type Table } from './catalogue.ts'
import { digestTable, takeLogCensus } from './digest.ts'
import { FORMAT, type Manifest, type TableEntry } from './manifest.ts'
import { createProgress, type Progress } from './progress.ts'
import { beginSnapshot, commit, openSession, type Session } from './session.ts'
import { writeTableFile } from './table-file.ts'

export type BackUpOptions = Readonly<{
  url: string
  /** Missing, or empty. */
  folder: string
  parleyVersion: string
  /** Breaks the backup off; the folder says then that it is unfinished. */
  signal: AbortSignal
  /** Called with a line now and then, at most once in `tellEveryMs`. */
  tell: (line: string) => void
  tellEveryMs: number
  /** Of migrations; those that came with this version of Parley unless given. */
  directory?: string
}>

type Work = Readonly<{ session: Session; folder: string; signal: AbortSignal; progress: Progress }>

/**
 * Copies the database, as it is at one moment, into a folder, while whoever uses it goes on. Everything that was
 * committed before the start is in it, and nothing that was committed after the snapshot. The manifest comes last: a
 * folder without one is no backup.
 * Throws BackupError where the folder is not empty, has no room, or the database is not the one of this Parley.
 */
export async function backUp(options: BackUpOptions): Promise<Manifest> {
  const { signal } = options
  const folder = path.resolve(options.folder)
  try {
    return await writeBackup({ ...options, folder })
  } catch (error) {
    signal.throwIfAborted()
    throw explainWriteFailure(error, folder)
  }
}

async function writeBackup(options: BackUpOptions): Promise<Manifest> {
  const { url, folder, signal, directory } = options
  await using session = await openSession(url, 'parley-backup', signal)
  await beginSnapshot(session)
  const moment = await readMoment(session)
  const records = await readHistory(session.client)
  requireUpToDate(compareMigrations(await knownMigrations(directory), records))
  await beginFolder(folder)
  const migrations = records.map(({ name, checksum }) => ({ name, checksum }))
  const manifest = { ...moment, migrations, ...(await copy(options, session)) }
  await finishFolder(folder, manifest)
  return manifest
}

type Contents = Omit<Manifest, keyof Moment | 'migrations'>

async function copy(options: BackUpOptions, session: Session): Promise<Contents> {
  const { folder, signal, tell, tellEveryMs, parleyVersion } = options
  const tables = await readTables(session)
  const totalRows = tables.reduce((sum, table) => sum + table.estimatedRows, 0)
  const progress = createProgress({ totalRows, everyMs: tellEveryMs, tell })
  const entries: TableEntry[] = []
  for (const table of tables) entries.push(await copyTable(table, { session, folder, signal, progress }))
  progress.note('looking through the logs')
  const logs = await takeLogCensus(session)
  const sequences = await readSequences(session)
  await commit(session)
  return { format: FORMAT, parleyVersion, tables: entries, sequences, logs }
}

async function copyTable(table: Table, { progress, ...where }: Work): Promise<TableEntry> {
  const { name, columns } = table
  const file = await writeTableFile(table, { ...where, onPiece: progress.of(name) })
  progress.note(`${name}: comparing`)
  const { rows, digest } = await digestTable(where.session, table)
  if (rows === file.rows) return { name, columns: [...columns], ...file, digest }
  throw new BackupError(`Of the table ${name} ${file.rows} rows were copied, and it has ${rows}.`)
}

type Moment = Pick<Manifest, 'takenAt' | 'serverVersion' | 'walPosition' | 'timeline'>

/*
 * The transaction's first statement, so it takes the snapshot: after the moment that it answers with, and before the
 * position. The timeline is that of the segment which is written; a standby writes none, and does not say it to ordinary
 * roles.
 */
const MOMENT = `
  SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "takenAt",
    current_setting('server_version') AS "serverVersion",
    (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END)::text AS "walPosition",
    CASE WHEN pg_is_in_recovery() THEN 0
      ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END AS timeline`

async function readMoment({ client }: Session): Promise<Moment> {
  const { rows } = await client.query<Moment>(MOMENT)
  if (rows[0] === undefined) throw new Error('The database answered without a row')
  return rows[0]
}

function requireUpToDate({ pending, unknown, edited, failed }: MigrationStatus): void {
  if (unknown.length > 0) {
    throw new BackupError(
      `The database was migrated by a newer Parley (${unknown.join(', ')}). Back it up with that version.`,
    )
  }
  const wrong = [...pending, ...edited, ...failed]
  if (wrong.length === 0) return
  throw new BackupError(
    `The database is not what this Parley makes of it (${wrong.join(', ')}). "parley doctor" says what is wrong; where ` +
      `migrations are only missing, run "parley migrate" first, or back it up with the version that it belongs to.`,
  )
}
