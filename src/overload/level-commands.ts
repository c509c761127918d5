import type { Statement } from '../store/sql/statement.ts'
import type { Writer } from '../store/sql/writer.ts'
import type { ServiceLevel } from './levels.ts'

/** What the operator wants, for as long as it says. */
export type LevelCommand = Readonly<{ level: ServiceLevel; remainingMs: number }>

/**
 * The operator's word on the service level. There is one at a time: the newest takes the place of the one before. It
 * is kept in the database, which every gateway has; the database's clock says when it ends, so that gateways agree.
 */
export type LevelCommands = Readonly<{
  /** The command in force, if any. */
  current(): Promise<LevelCommand | undefined>
  /** Answers with the moment at which it will end. */
  set(level: ServiceLevel, lifetimeS: number): Promise<Date>
  /** From now on the load decides. */
  clear(): Promise<void>
}>

// The table's one row, by its primary key.
const CURRENT: Statement = {
  name: 'service_level_current',
  text: `
    SELECT level, (EXTRACT(EPOCH FROM expires_at - clock_timestamp()) * 1000)::float8 AS "remainingMs"
    FROM service_level_commands WHERE id = 1 AND expires_at > clock_timestamp()`,
}

// Locks the one row.
const GIVE: Statement = {
  name: 'service_level_give',
  text: `
    INSERT INTO service_level_commands AS c (id, level, issued_at, expires_at)
    VALUES (1, $1::"ServiceLevel", clock_timestamp(), clock_timestamp() + make_interval(secs => $2))
    ON CONFLICT (id) DO UPDATE
      SET level = EXCLUDED.level, issued_at = EXCLUDED.issued_at, expires_at = EXCLUDED.expires_at
    RETURNING expires_at AS "expiresAt"`,
}

// Locks the one row.
const TAKE_BACK: Statement = {
  name: 'service_level_take_back',
  text: 'DELETE FROM service_level_commands WHERE id = 1',
}

export function createLevelCommands({ writer }: { writer: Pick<Writer, 'query'> }): LevelCommands {
  return {
    current: async () => (await writer.query<LevelCommand>(CURRENT))[0],
    async set(level, lifetimeS) {
      const [row] = await writer.query<{ expiresAt: Date }>(GIVE, [level, lifetimeS])
      if (row === undefined) throw new Error('An insert answered without its row')
      return row.expiresAt
    },
    clear: async () => void (await writer.query(TAKE_BACK)),
  }
}
