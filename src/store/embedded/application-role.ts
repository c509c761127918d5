import pg from 'pg'

/** The name of Parley's role and database. */
export const APPLICATION = 'parley'

/**
 * Creates an ordinary role that owns a database, if it is missing. Parley's statements run as that role, because a
 * superuser can read the server's files, which may be root's. Called with the server lock held, so not concurrently.
 */
export async function ensureApplicationRole(connection: pg.Client, password: string): Promise<void> {
  const { rows } = await connection.query<{ hasRole: boolean; hasDatabase: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS "hasRole",
      EXISTS (SELECT FROM pg_database WHERE datname = $1) AS "hasDatabase"`,
    [APPLICATION],
  )
  if (rows[0]?.hasRole !== true) {
    await connection.query(`CREATE ROLE ${APPLICATION} LOGIN PASSWORD ${pg.escapeLiteral(password)}`)
  }
  if (rows[0]?.hasDatabase !== true)
    await connection.query(`CREATE DATABASE ${APPLICATION} OWNER ${APPLICATION}`)
}
