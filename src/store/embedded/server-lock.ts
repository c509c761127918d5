import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'pg'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'

/** An arbitrary constant. Nothing else takes advisory locks in the database `postgres`. */
const LOCK_KEY = 1_346_458_188
const ATTEMPTS = 20
const RETRY_MS = 50

/**
 * Makes this gateway the only one on an embedded server, for as long as the connection lives. The server releases the
 * lock of a dead process, which can take a moment, so this retries for a second. Throws EmbeddedPostgresError while
 * another gateway holds the lock.
 */
export async function lockServer(connection: Client, dataDir: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { rows } = await connection.query<{ locked: boolean }>(
      'SELECT pg_try_advisory_lock($1) AS locked',
      [LOCK_KEY],
    )
    if (rows[0]?.locked === true) return
    await delay(RETRY_MS)
  }
  throw new EmbeddedPostgresError(
    `Another Parley is running on the data in ${dataDir}. The embedded database serves one gateway: stop the ` +
      `other one, or set DATABASE_URL to a PostgreSQL server that both can use.`,
  )
}
