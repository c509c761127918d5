import pg from 'pg'
import { BackupError } from './backup-error.ts'
import { readTables } from './catalogue.ts'
import type { Session } from './session.ts'

// What every instance is connected as, for as long as it runs. Whoever is another role shows no name, and is not seen.
const INSTANCES = `
  SELECT count(*)::int AS connections FROM pg_stat_activity
  WHERE datname = current_database() AND application_name IN ('parley-writer', 'parley-reader', 'parley-probe')`

/** Throws BackupError where an instance uses the database, as far as that can be seen from here. */
export async function requireNobodyServing({ client }: Session): Promise<void> {
  const { rows } = await client.query<{ connections: number }>(INSTANCES)
  if ((rows[0]?.connections ?? 0) === 0) return
  throw new BackupError(
    'A Parley is running on this database. Stop every instance first; nothing was written.',
  )
}

/** Throws BackupError where a table has a row. Looks at the first of each. */
export async function requireNoRows(session: Session): Promise<void> {
  const filled: string[] = []
  for (const { name } of await readTables(session)) {
    const sql = `SELECT EXISTS (SELECT FROM ${pg.escapeIdentifier(name)}) AS "hasRows"`
    const { rows } = await session.client.query<{ hasRows: boolean }>(sql)
    if (rows[0]?.hasRows === true) filled.push(name)
  }
  if (filled.length === 0) return
  throw new BackupError(
    `The database is not empty: there is something in ${filled.join(', ')}. Create a new database and name it in ` +
      `DATABASE_URL, or, for the embedded one, name a new folder in DATA_DIR; nothing was written.`,
  )
}
