import path from 'node:path'
import { compareMigrations, type MigrationStatus } from '../store/migrations/migration.ts'
import { readHistory } from '../store/migrations/migration-history.ts'
import { knownMigrations } from '../store/migrations/migrate.ts'
import { BackupError, explainWriteFailure } from './backup-error.ts'
import { beginFolder, finishFolder } from './backup-folder.ts'
import { readSequences, readTables, type Table } from './catalogue.ts'
import { digestTable, countLogs } from './digest.ts'
import { FORMAT, type Manifest, type TableEntry } from './manifest.ts'
import { createProgress, type Progress } from './progress.ts'
import { beginSnapshot, commit, openConnection, type BackupConnection } from './connection.ts'
import { writeTableFile } from './table-file.ts'

export type BackUpOptions = Readonly<{
  url: string
  /** Must be empty or missing. */
  folder: string
  parleyVersion: string
  /** Aborts the backup. The folder is then marked as unfinished. */
  signal: AbortSignal
  /** Called with a line of progress, at most once per `reportIntervalMs`. */
  report: (line: string) => void
  reportIntervalMs: number
  /** The folder of the migrations. Default: those of this version. */
  directory?: string
}>

type Work = Readonly<{
  connection: BackupConnection
  folder: string
  signal: AbortSignal
  progress: Progress
}>

/**
 * Copies one snapshot of the database into a folder, while gateways use the database. The backup has everything that
 * was committed before the start, and nothing that was committed after the snapshot. The manifest is written last: a
 * folder without one is not a backup. Throws BackupError if the folder is not empty or has no room, or if the
 * migrations are not those of this version.
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
  await using connection = await openConnection(url, 'parley-backup', signal)
  await beginSnapshot(connection)
  const moment = await readMoment(connection)
  const records = await readHistory(connection.client)
  requireUpToDate(compareMigrations(await knownMigrations(directory), records))
  await beginFolder(folder)
  const migrations = records.map(({ name, checksum }) => ({ name, checksum }))
  const manifest = { ...moment, migrations, ...(await copy(options, connection)) }
  await finishFolder(folder, manifest)
  return manifest
}

type Contents = Omit<Manifest, keyof Moment | 'migrations'>

async function copy(options: BackUpOptions, connection: BackupConnection): Promise<Contents> {
  const { folder, signal, report, reportIntervalMs, parleyVersion } = options
  const tables = await readTables(connection)
  const totalRows = tables.reduce((sum, table) => sum + table.estimatedRows, 0)
  const progress = createProgress({ totalRows, reportIntervalMs, report })
  const entries: TableEntry[] = []
  for (const table of tables) entries.push(await copyTable(table, { connection, folder, signal, progress }))
  progress.step('checking the chat logs')
  const logs = await countLogs(connection)
  const sequences = await readSequences(connection)
  await commit(connection)
  return { format: FORMAT, parleyVersion, tables: entries, sequences, logs }
}

async function copyTable(table: Table, { progress, ...where }: Work): Promise<TableEntry> {
  const { name, columns } = table
  const file = await writeTableFile(table, { ...where, onPiece: progress.onPieceOf(name) })
  progress.step(`${name}: comparing`)
  const { rows, digest } = await digestTable(where.connection, table)
  if (rows === file.rows) return { name, columns: [...columns], ...file, digest }
  throw new BackupError(
    `${file.rows} rows of the table ${name} were copied, but it has ${rows}. This is a bug: report it.`,
  )
}

type Moment = Pick<Manifest, 'takenAt' | 'serverVersion' | 'walPosition' | 'timeline'>

/*
 * The first statement of the transaction takes the snapshot: after `takenAt`, and before `walPosition` is read. The
 * timeline is that of the segment being written. It is 0 on a standby, which writes none.
 */
const MOMENT = `
  SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "takenAt",
    current_setting('server_version') AS "serverVersion",
    (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END)::text AS "walPosition",
    CASE WHEN pg_is_in_recovery() THEN 0
      ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END AS timeline`

async function readMoment({ client }: BackupConnection): Promise<Moment> {
  const { rows } = await client.query<Moment>(MOMENT)
  if (rows[0] === undefined) throw new Error('The database returned no row')
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
    `The migrations of the database are not those of this version (${wrong.join(', ')}). Run "parley doctor" to see what ` +
      `is wrong. If migrations are only missing, run "parley migrate" first, or back up with the matching version.`,
  )
}
