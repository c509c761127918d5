import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'pg'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'

/** Any number, as long as it stays the same; in the `postgres` database nobody else uses such locks. */
const LOCK_KEY = 1_346_458_188
const ATTEMPTS = 20
const RETRY_MS = 50

/**
 * Makes this the one instance on an embedded server, for as long as the connection lives: the server itself frees
 * the lock of a process that is gone, however it went. It may take a moment to notice, so the refusal waits a second.
 * Throws EmbeddedPostgresError while another instance runs.
 */
export async function lockInstance(connection: Client, dataDir: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { rows } = await connection.query<{ locked: boolean }>(
      'SELECT pg_try_advisory_lock($1) AS locked',
      [LOCK_KEY],
    )
    if (rows[0]?.locked === true) return
    await delay(RETRY_MS)
  }
  throw new EmbeddedPostgresError(
    `Another Parley is running on the data in ${dataDir}. The embedded database serves one instance: stop the other ` +
      `one, or set DATABASE_URL to a PostgreSQL that both can use.`,
  )
}
