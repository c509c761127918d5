import pg from 'pg'

/** The role and the database that Parley works with. */
export const APPLICATION = 'parley'

/**
 * Makes sure that there is a role without special rights that owns a database. Parley's own statements run as that
 * role: a superuser may read the server's files, and where root started it those may be root's.
 * Under the instance lock, so nobody else does it at the same time.
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
