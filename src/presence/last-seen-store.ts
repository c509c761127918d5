import type { UserId } from '../ids.ts'
import type { Reader } from '../store/sql/reader.ts'
import type { Writer } from '../store/sql/writer.ts'
import type { LastSeen } from '../events/presence-state.ts'

/** What is known for good of when people were last active: a minute old at most, for whoever is active now. */
export type LastSeenStore = Readonly<{
  /** Only ever moves forward. */
  save(seen: readonly LastSeen[]): Promise<void>
  /** Those who ever were active. */
  read(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, Date>>
}>

// By the primary key. Locks the rows in order of their ids, and only those that move; no index covers the column.
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

// By the primary key.
const READ = {
  name: 'user_last_active_read',
  text: `
    SELECT id AS "userId", last_active_at AS "lastSeenAt"
    FROM users WHERE id = ANY ($1::text[]) AND last_active_at IS NOT NULL`,
}

export function createLastSeenStore({ writer, reader }: { writer: Writer; reader: Reader }): LastSeenStore {
  return {
    async save(seen) {
      const values = [seen.map(({ userId }) => userId), seen.map(({ lastSeenAt }) => lastSeenAt)]
      if (seen.length > 0) await writer.query(SAVE, values)
    },
    async read(userIds) {
      if (userIds.length === 0) return new Map()
      const rows = await reader.query<LastSeen>(READ, [userIds])
      return new Map(rows.map(({ userId, lastSeenAt }) => [userId, lastSeenAt]))
    },
  }
}
