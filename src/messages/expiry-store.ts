import type { Writer } from '../store/sql/writer.ts'

export type ExpiryStore = Readonly<{
  /**
   * Erases messages that expired more than `SETTLED_S` seconds ago, the oldest first: what they said and who reacted.
   * Answers with how many there were, at most `limit`; 0 while another gateway is at it.
   */
  eraseExpired(limit: number): Promise<number>
}>

/** No change of a message that began before it expired is under way after this many seconds: all answer within ten. */
const SETTLED_S = 10

/** Held by whichever gateway sweeps; any number that nothing else uses. */
const SWEEP_LOCK = 7_065_001

// The partial index on what has yet to be erased, then the primary keys of messages and reactions. The lock is asked for
// once, before anything is read. Rows that somebody has locked are left for the next round, so this waits for nobody.
const ERASE_EXPIRED = {
  name: 'message_erase_expired',
  text: `
    WITH expired AS MATERIALIZED (
      SELECT chat_id, seq FROM messages
      WHERE (SELECT pg_try_advisory_xact_lock($2)) AND expires_at IS NOT NULL AND body IS NOT NULL
        AND expires_at < now() - make_interval(secs => $3)
      ORDER BY expires_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
    ), erased AS (
      UPDATE messages m SET body = NULL, fingerprint = '' FROM expired e WHERE m.chat_id = e.chat_id AND m.seq = e.seq
    ), reactions_gone AS (
      DELETE FROM reactions r USING expired e WHERE r.chat_id = e.chat_id AND r.message_seq = e.seq
    )
    SELECT count(*)::int AS count FROM expired`,
}

export function createExpiryStore({ writer }: { writer: Writer }): ExpiryStore {
  return {
    async eraseExpired(limit) {
      const rows = await writer.query<{ count: number }>(ERASE_EXPIRED, [limit, SWEEP_LOCK, SETTLED_S])
      return rows[0]?.count ?? 0
    },
  }
}
