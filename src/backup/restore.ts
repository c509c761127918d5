import path from 'node:path'
import pg from 'pg'
import { knownMigrations, migrate, migrationStatus } from '../store/migrations/migrate.ts'
import { BackupError } from './backup-error.ts'
import { readManifest } from './backup-folder.ts'
import { startNewHistory } from './start-new-history.ts'
import { readTables } from './catalogue.ts'
import { checkFiles } from './check-files.ts'
import { requireFittingDatabase, requireKnownOrigin } from './version-check.ts'
import type { Manifest } from './manifest.ts'
import { createProgress, type Progress } from './progress.ts'
import { requireNobodyServing, requireNoRows } from './require-unused.ts'
import { beginRestore, commit, openSession, type Session } from './session.ts'
import { readTableFile } from './table-file.ts'
import { verifyContents } from './verify-contents.ts'

export type RestoreOptions = Readonly<{
  /** A database without a row. */
  url: string
  folder: string
  parleyVersion: string
  /** Breaks the restore off: the database is empty then. */
  signal: AbortSignal
  /** Called with a line now and then, at most once in `tellEveryMs`. */
  tell: (line: string) => void
  tellEveryMs: number
  /** Of migrations; those that came with this version of Parley unless given. */
  directory?: string
}>

type Work = Readonly<{ folder: string; manifest: Manifest; signal: AbortSignal; progress: Progress }>

/*
 * The order is the point. Everything that can be found out without writing is found out first. Then the tables are made as
 * they were when the backup was. Then one transaction fills them, compares them with what they were, and commits: who
 * dies on the way, or finds a difference, leaves empty tables, into which the next attempt goes as if there had been
 * none. Migrations that the backup did not have come last, over its rows, as they would have come without it.
 */

/**
 * Fills an empty database with what a backup holds, all of it or nothing, and brings it up to this version of Parley.
 * Throws BackupError where the backup is unfinished, damaged or of a newer Parley, where the database has rows or is in
 * use, and where what it holds at the end is not what it was.
 */
export async function restore(options: RestoreOptions): Promise<Manifest> {
  const { url, parleyVersion, signal, directory, tell, tellEveryMs } = options
  const place = directory === undefined ? { url } : { url, directory }
  const folder = path.resolve(options.folder)
  const manifest = await readManifest(folder)
  requireKnownOrigin(manifest, parleyVersion, await knownMigrations(directory))
  const totalRows = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
  const progress = createProgress({ totalRows, everyMs: tellEveryMs, tell })
  await checkFiles({ folder, manifest, signal, progress })
  await using session = await openSession(url, 'parley-restore', signal)
  try {
    await prepare(session, manifest, place)
    await fill(session, { folder, manifest, signal, progress })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
  progress.note('migrating and analysing')
  await migrate(place)
  await session.client.query('ANALYZE')
  return manifest
}

/** The tables of the backup, empty, in a database that nobody uses. */
async function prepare(
  session: Session,
  manifest: Manifest,
  place: Readonly<{ url: string; directory?: string }>,
): Promise<void> {
  await requireNobodyServing(session)
  await requireNoRows(session)
  requireFittingDatabase(manifest, await migrationStatus(place))
  await migrate({ ...place, only: manifest.migrations.map(({ name }) => name) })
}

async function fill(session: Session, { folder, manifest, signal, progress }: Work): Promise<void> {
  await beginRestore(session)
  await takeTables(session, manifest)
  for (const table of manifest.tables)
    await readTableFile(table, { session, folder, signal, onPiece: progress.of(table.name) })
  await setSequences(session, manifest)
  await verifyContents(session, manifest, progress)
  await startNewHistory(session)
  await commit(session)
}

/**
 * Nobody else reads or writes the tables from here on; that they are empty is looked at again behind the locks, which
 * are taken in the order of the manifest. Emptying what is empty lets COPY write rows that need no vacuum.
 */
async function takeTables(session: Session, manifest: Manifest): Promise<void> {
  await requireTables(session, manifest)
  const names = manifest.tables.map(({ name }) => pg.escapeIdentifier(name)).join(', ')
  await session.client.query(`LOCK TABLE ${names} IN ACCESS EXCLUSIVE MODE`)
  await requireNoRows(session)
  await session.client.query(`TRUNCATE ${names}`)
}

async function requireTables(session: Session, { tables }: Manifest): Promise<void> {
  const there = new Set((await readTables(session)).map(({ name }) => name))
  const missing = tables.filter(({ name }) => !there.has(name)).map(({ name }) => name)
  if (missing.length === 0) return
  throw new BackupError(
    `The backup has tables that are none of Parley's: ${missing.join(', ')}. Make them in the database first, empty; nothing ` +
      `was written.`,
  )
}

async function setSequences({ client }: Session, { sequences }: Manifest): Promise<void> {
  for (const { name, lastValue } of sequences)
    await client.query('SELECT setval($1::regclass, $2)', [pg.escapeIdentifier(name), lastValue])
}
