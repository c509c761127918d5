import pg from 'pg'
import type { Migration, MigrationStatus } from '../store/migrations/migration.ts'
import { BackupError } from './backup-error.ts'
import { readTables } from './catalogue.ts'
import type { BackupConnection } from './connection.ts'
import type { Manifest } from './manifest.ts'

type Origin = Pick<Manifest, 'parleyVersion' | 'migrations'>

/** Throws BackupError if the backup is of a newer version, or has a migration with other content. */
export function requireKnownVersion(
  { parleyVersion, migrations }: Origin,
  ourVersion: string,
  known: readonly Migration[],
): void {
  const checksums = new Map(known.map(({ name, checksum }) => [name, checksum]))
  const unknown = migrations.filter(({ name }) => !checksums.has(name))
  if (unknown.length > 0 || isNewer(parleyVersion, ourVersion)) {
    const names = unknown.length > 0 ? ` (${unknown.map(({ name }) => name).join(', ')})` : ''
    throw new BackupError(
      `The backup was made by Parley ${parleyVersion}, which is newer than this one, ${ourVersion}${names}. Restore it with ` +
        `that version, or a newer one.`,
    )
  }
  const changed = migrations.filter(({ name, checksum }) => checksums.get(name) !== checksum)
  if (changed.length === 0) return
  throw new BackupError(
    `The backup was made with other migrations of the same name: ${changed.map(({ name }) => name).join(', ')}. Restore it ` +
      `with the Parley that made it.`,
  )
}

/** Throws BackupError if the database has migrations that the backup does not have, or faulty ones. */
export function requireMatchingMigrations(
  { migrations }: Origin,
  { applied, unknown, edited, failed }: MigrationStatus,
): void {
  const theirs = new Set(migrations.map(({ name }) => name))
  const wrong = [...unknown, ...edited, ...failed, ...applied.filter((name) => !theirs.has(name))]
  if (wrong.length === 0) return
  throw new BackupError(
    `The database has migrations that do not belong to the backup: ${wrong.join(', ')}. Restore into a new ` +
      `database without tables. Nothing was written.`,
  )
}

/** Compares the three numbers of versions. */
function isNewer(one: string, other: string): boolean {
  const [ones, others] = [numbersOf(one), numbersOf(other)]
  const differing = ones.findIndex((number, index) => number !== others[index])
  return differing >= 0 && (ones[differing] ?? 0) > (others[differing] ?? 0)
}

function numbersOf(version: string): readonly number[] {
  const [, ...numbers] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []
  return numbers.map(Number)
}

// Every gateway keeps connections with these names. Those of other roles show no name, and are not seen.
const GATEWAYS = `
  SELECT count(*)::int AS connections FROM pg_stat_activity
  WHERE datname = current_database() AND application_name IN ('parley-writer', 'parley-reader', 'parley-probe')`

/** Throws BackupError if a gateway is connected to the database, as far as this role can see. */
export async function requireNoGateway({ client }: BackupConnection): Promise<void> {
  const { rows } = await client.query<{ connections: number }>(GATEWAYS)
  if ((rows[0]?.connections ?? 0) === 0) return
  throw new BackupError(
    'A gateway is running on this database. Stop every gateway first. Nothing was written.',
  )
}

/** Tables with rows that a gateway writes at its first start, before anyone uses it. A restore replaces them. */
const FILLED_AT_START: ReadonlySet<string> = new Set(['media_keys'])

/** Throws BackupError if a table has a row, unless a gateway has just written it at its start. */
export async function requireNoRows(connection: BackupConnection): Promise<void> {
  const filled: string[] = []
  for (const { name } of await readTables(connection)) {
    if (FILLED_AT_START.has(name)) continue
    const sql = `SELECT EXISTS (SELECT FROM ${pg.escapeIdentifier(name)}) AS "hasRows"`
    const { rows } = await connection.client.query<{ hasRows: boolean }>(sql)
    if (rows[0]?.hasRows === true) filled.push(name)
  }
  if (filled.length === 0) return
  throw new BackupError(
    `The database is not empty: there are rows in ${filled.join(', ')}. Create a new database and set DATABASE_URL to ` +
      `it, or, for an embedded one, set DATA_DIR to a new folder. Nothing was written.`,
  )
}
