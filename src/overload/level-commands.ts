import type { Statement } from '../store/sql/statement.ts'
import type { Writer } from '../store/sql/writer.ts'
import type { ServiceLevel } from './levels.ts'

/** A service level that the operator has set for a while. */
export type LevelCommand = Readonly<{ level: ServiceLevel; remainingMs: number }>

/**
 * The operator's command on the service level. There is at most one; a newer one replaces it. It is kept in the
 * database, because every gateway has one, and expires by the database's clock, so that all gateways agree.
 */
export type LevelCommands = Readonly<{
  /** The command in force, if any. */
  current(): Promise<LevelCommand | undefined>
  /** Sets the level for `lifetimeS` seconds. Returns when it expires. */
  set(level: ServiceLevel, lifetimeS: number): Promise<Date>
  /** Removes the command. From now on each gateway follows its own signals. */
  clear(): Promise<void>
}>

// Reads the table's only row by its primary key.
const CURRENT: Statement = {
  name: 'service_level_current',
  text: `
    SELECT level, (EXTRACT(EPOCH FROM expires_at - clock_timestamp()) * 1000)::float8 AS "remainingMs"
    FROM service_level_commands WHERE id = 1 AND expires_at > clock_timestamp()`,
}

// Locks the table's only row.
const SET: Statement = {
  name: 'service_level_set',
  text: `
    INSERT INTO service_level_commands AS c (id, level, issued_at, expires_at)
    VALUES (1, $1::"ServiceLevel", clock_timestamp(), clock_timestamp() + make_interval(secs => $2))
    ON CONFLICT (id) DO UPDATE
      SET level = EXCLUDED.level, issued_at = EXCLUDED.issued_at, expires_at = EXCLUDED.expires_at
    RETURNING expires_at AS "expiresAt"`,
}

// Locks the table's only row.
const CLEAR: Statement = {
  name: 'service_level_clear',
  text: 'DELETE FROM service_level_commands WHERE id = 1',
}

export function createLevelCommands({ writer }: { writer: Pick<Writer, 'query'> }): LevelCommands {
  return {
    current: async () => (await writer.query<LevelCommand>(CURRENT))[0],
    async set(level, lifetimeS) {
      const [row] = await writer.query<{ expiresAt: Date }>(SET, [level, lifetimeS])
      if (row === undefined) throw new Error('The database returned no row for an insert')
      return row.expiresAt
    },
    clear: async () => void (await writer.query(CLEAR)),
  }
}
