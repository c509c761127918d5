import path from 'node:path'
import pg from 'pg'
import { knownMigrations, migrate, migrationStatus } from '../store/migrations/migrate.ts'
import { BackupError } from './backup-error.ts'
import { readManifest } from './backup-folder.ts'
import { forgetDevices } from './reset-devices.ts'
import { readTables } from './catalogue.ts'
import {
  requireMatchingMigrations,
  requireKnownVersion,
  requireNoGateway,
  requireNoRows,
} from './preconditions.ts'
import type { Manifest } from './manifest.ts'
import { createProgress, type Progress } from './progress.ts'
import { beginRestore, commit, openConnection, type BackupConnection } from './connection.ts'
import { readTableFile } from './table-file.ts'
import { checkFiles, verifyContents } from './verify.ts'

export type RestoreOptions = Readonly<{
  /** A database without rows. */
  url: string
  folder: string
  parleyVersion: string
  /** Aborts the restore. The database is then empty. */
  signal: AbortSignal
  /** Called with a line of progress, at most once per `reportIntervalMs`. */
  report: (line: string) => void
  reportIntervalMs: number
  /** The folder of the migrations. Default: those of this version. */
  directory?: string
}>

type Work = Readonly<{ folder: string; manifest: Manifest; signal: AbortSignal; progress: Progress }>

/*
 * The order matters:
 * 1. Check everything that can be checked without writing.
 * 2. Create the tables with the migrations of the backup.
 * 3. Fill the tables, compare them with the manifest, and commit, in one transaction. A crash or a difference leaves
 *    empty tables, so the restore can be repeated.
 * 4. Apply the migrations that the backup does not have, over its rows.
 */

/**
 * Restores a backup into an empty database, completely or not at all, and migrates it to this version. Throws
 * BackupError if the backup is unfinished, damaged or of a newer version, if the database has rows or is in use, or
 * if the restored rows differ from the original.
 */
export async function restore(options: RestoreOptions): Promise<Manifest> {
  const { url, parleyVersion, signal, directory, report, reportIntervalMs } = options
  const place = directory === undefined ? { url } : { url, directory }
  const folder = path.resolve(options.folder)
  const manifest = await readManifest(folder)
  requireKnownVersion(manifest, parleyVersion, await knownMigrations(directory))
  const totalRows = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
  const progress = createProgress({ totalRows, reportIntervalMs, report })
  await checkFiles({ folder, manifest, signal, progress })
  await using connection = await openConnection(url, 'parley-restore', signal)
  try {
    await prepare(connection, manifest, place)
    await fill(connection, { folder, manifest, signal, progress })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
  progress.step('migrating and analysing')
  await migrate(place)
  await connection.client.query('ANALYZE')
  return manifest
}

/** Creates the tables of the backup, in a database that no gateway uses. */
async function prepare(
  connection: BackupConnection,
  manifest: Manifest,
  place: Readonly<{ url: string; directory?: string }>,
): Promise<void> {
  await requireNoGateway(connection)
  await requireNoRows(connection)
  requireMatchingMigrations(manifest, await migrationStatus(place))
  await migrate({ ...place, only: manifest.migrations.map(({ name }) => name) })
}

async function fill(
  connection: BackupConnection,
  { folder, manifest, signal, progress }: Work,
): Promise<void> {
  await beginRestore(connection)
  await lockTables(connection, manifest)
  for (const table of manifest.tables)
    await readTableFile(table, { connection, folder, signal, onPiece: progress.onPieceOf(table.name) })
  await setSequences(connection, manifest)
  await verifyContents(connection, manifest, progress)
  await forgetDevices(connection)
  await commit(connection)
}

/**
 * Locks the tables exclusively, in the order of the manifest, and checks again that they are empty. TRUNCATE allows
 * COPY with FREEZE, which writes rows that need no vacuum.
 */
async function lockTables(connection: BackupConnection, manifest: Manifest): Promise<void> {
  await requireTables(connection, manifest)
  const names = manifest.tables.map(({ name }) => pg.escapeIdentifier(name)).join(', ')
  await connection.client.query(`LOCK TABLE ${names} IN ACCESS EXCLUSIVE MODE`)
  await requireNoRows(connection)
  await connection.client.query(`TRUNCATE ${names}`)
}

async function requireTables(connection: BackupConnection, { tables }: Manifest): Promise<void> {
  const existing = new Set((await readTables(connection)).map(({ name }) => name))
  const missing = tables.filter(({ name }) => !existing.has(name)).map(({ name }) => name)
  if (missing.length === 0) return
  throw new BackupError(
    `The backup has tables that Parley does not create: ${missing.join(', ')}. Create them empty first. Nothing was ` +
      `written.`,
  )
}

async function setSequences({ client }: BackupConnection, { sequences }: Manifest): Promise<void> {
  for (const { name, lastValue } of sequences)
    await client.query('SELECT setval($1::regclass, $2)', [pg.escapeIdentifier(name), lastValue])
}
