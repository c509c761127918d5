import type { UserId } from '../ids.ts'
import type { Reader } from '../store/sql/reader.ts'
import type { Writer } from '../store/sql/writer.ts'
import type { LastSeen } from '../events/presence-state.ts'

/** When users were last active, in the database. For a user who is online it is up to a minute old. */
export type LastSeenStore = Readonly<{
  /** Never moves a last activity back. */
  save(lastSeen: readonly LastSeen[]): Promise<void>
  /** Omits users who were never active. */
  read(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, Date>>
}>

// Uses the primary key. Locks only the rows that change, in order of their ids. No index covers the column.
const SAVE = {
  name: 'user_last_active',
  text: `
    WITH seen AS (
      SELECT * FROM unnest($1::text[], $2::timestamptz[]) AS s(id, at)
    ), locked AS MATERIALIZED (
      SELECT u.id, s.at FROM seen s JOIN users u ON u.id = s.id
      WHERE u.last_active_at IS NULL OR u.last_active_at < s.at
      ORDER BY u.id FOR NO KEY UPDATE OF u
    )
    UPDATE users u SET last_active_at = GREATEST(u.last_active_at, l.at) FROM locked l WHERE u.id = l.id`,
}

// Uses the primary key.
const READ = {
  name: 'user_last_active_read',
  text: `
    SELECT id AS "userId", last_active_at AS "lastSeenAt"
    FROM users WHERE id = ANY ($1::text[]) AND last_active_at IS NOT NULL`,
}

export function createLastSeenStore({ writer, reader }: { writer: Writer; reader: Reader }): LastSeenStore {
  return {
    async save(lastSeen) {
      const values = [lastSeen.map(({ userId }) => userId), lastSeen.map(({ lastSeenAt }) => lastSeenAt)]
      if (lastSeen.length > 0) await writer.query(SAVE, values)
    },
    async read(userIds) {
      if (userIds.length === 0) return new Map()
      const rows = await reader.query<LastSeen>(READ, [userIds])
      return new Map(rows.map(({ userId, lastSeenAt }) => [userId, lastSeenAt]))
    },
  }
}
