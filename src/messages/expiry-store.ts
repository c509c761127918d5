import type { Writer } from '../store/sql/writer.ts'

export type ExpiryStore = Readonly<{
  /**
   * Erases the bodies, attachments and reactions of messages that expired more than `SETTLED_S` seconds ago, oldest
   * first. Returns how many it erased, at most `limit`; 0 if another gateway is erasing.
   */
  eraseExpired(limit: number): Promise<number>
}>

/** All operations end within 10 s. So a change that began before the expiry is over after this many seconds. */
const SETTLED_S = 10

/** The advisory lock of the gateway that erases. Nothing else uses this number. */
const EXPIRY_LOCK = 7_065_001

// The partial index of messages on expires_at, which holds unerased messages only; then the primary keys of messages,
// attachments, uploads and reactions. Takes an advisory lock first, then row locks of messages in order of expiry.
// Waits for neither: it does nothing without the advisory lock and skips locked rows until the next round.
const ERASE_EXPIRED = {
  name: 'message_erase_expired',
  text: `
    WITH expired AS MATERIALIZED (
      SELECT chat_id, seq FROM messages
      WHERE (SELECT pg_try_advisory_xact_lock($2)) AND expires_at IS NOT NULL AND body IS NOT NULL
        AND expires_at < now() - make_interval(secs => $3)
      ORDER BY expires_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
    ), erased AS (
      UPDATE messages m SET body = NULL, type = NULL, data = NULL, fingerprint = '', attachment_count = 0
      FROM expired e WHERE m.chat_id = e.chat_id AND m.seq = e.seq
    ), erased_attachments AS (
      DELETE FROM attachments a USING expired e WHERE a.chat_id = e.chat_id AND a.message_seq = e.seq RETURNING a.id
    ), released AS (
      UPDATE uploads SET released_at = now() WHERE id = ANY (ARRAY(SELECT id FROM erased_attachments))
    ), erased_reactions AS (
      DELETE FROM reactions r USING expired e WHERE r.chat_id = e.chat_id AND r.message_seq = e.seq
    )
    SELECT count(*)::int AS count FROM expired`,
}

export function createExpiryStore({ writer }: { writer: Writer }): ExpiryStore {
  return {
    async eraseExpired(limit) {
      const rows = await writer.query<{ count: number }>(ERASE_EXPIRED, [limit, EXPIRY_LOCK, SETTLED_S])
      return rows[0]?.count ?? 0
    },
  }
}
