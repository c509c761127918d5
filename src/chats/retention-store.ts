import type { ChatId } from '../ids.ts'
import type { Writer } from '../store/sql/writer.ts'

/** Entries older than so many seconds leave, by the database's clock and by the gateway's alike. */
export type Age = Readonly<{ seconds: number; now: Date }>

/** The next chats of the round of all chats, which no other gateway has been given. */
export type RetentionPage = Readonly<{ overdue: readonly ChatId[] }>

export type RetentionStore = Readonly<{
  /**
   * Takes the next `limit` chats of the round; answers with those whose oldest entry is older than `age`. Undefined
   * where the round is over and the next one not due yet, or where another gateway is just being given chats.
   */
  nextPage(limit: number, age: Age): Promise<RetentionPage | undefined>
  /**
   * Takes the oldest entries of one chat away that are older than `age`, at most `limit`; answers with how many. Where
   * the log begins from then on moves in the same commit. 0 while another gateway is at this chat.
   */
  trim(chatId: ChatId, limit: number, age: Age): Promise<number>
}>

/** Between the end of a round and the next one, in seconds. */
const ROUND_REST_S = 3_600
/** The id of no chat, and the lowest there is. */
const NOWHERE = '00000000-0000-0000-0000-000000000000'
/** The class of the advisory locks that are held for one chat while its log is trimmed; nothing else uses it. */
const TRIM_LOCKS = 7_065_002

// The round begins where nobody has begun it. Waits for nobody but another gateway's very first.
const BEGIN = {
  name: 'log_retention_begin',
  text: `INSERT INTO log_sweeps (id, after_chat_id, due_at) VALUES (1, $1, now()) ON CONFLICT DO NOTHING`,
}

// Locks the one row of log_sweeps, and waits for nobody: who finds it locked takes no turn. Then chats by their primary
// key, for each its floor by the primary key, and the first entry behind it by theirs. Locks no chat.
const NEXT_PAGE = {
  name: 'log_retention_next_page',
  text: `
    WITH turn AS MATERIALIZED (
      SELECT after_chat_id FROM log_sweeps WHERE id = 1 AND due_at <= now() FOR NO KEY UPDATE SKIP LOCKED
    ), page AS MATERIALIZED (
      SELECT id FROM chats WHERE id > (SELECT after_chat_id FROM turn) ORDER BY id LIMIT $1
    ), taken AS MATERIALIZED (
      SELECT count(*) = $1 AS is_full, (SELECT id FROM page ORDER BY id DESC LIMIT 1) AS last_id FROM page
    ), moved AS (
      UPDATE log_sweeps s SET
        after_chat_id = CASE WHEN t.is_full THEN t.last_id ELSE $2::uuid END,
        due_at = CASE WHEN t.is_full THEN s.due_at ELSE now() + make_interval(secs => $3) END
      FROM taken t, turn WHERE s.id = 1
    )
    SELECT ARRAY(
      SELECT p.id FROM page p
      WHERE (
        SELECT e.at FROM chat_events e
        WHERE e.chat_id = p.id AND e.seq > COALESCE((SELECT f.floor_seq FROM log_floors f WHERE f.chat_id = p.id), 0)
        ORDER BY e.seq LIMIT 1
      ) < LEAST(now(), $5::timestamptz) - make_interval(secs => $4)
    )::text[] AS overdue
    FROM turn`,
}

/*
 * One statement and one commit for one chat. It touches nothing that a send touches: not the chat's row, and of the log
 * only its oldest entries, which nobody writes to. So it makes no send wait, however long its commit takes.
 *
 * Reads a range of the primary key of chat_events, from the floor on, so that it does not go through what vacuum has
 * yet to clear away, and deletes entries by their names, at most `limit` whatever the planner makes of it. What leaves is always the beginning of what is there, up to the first entry that is young enough
 * whatever comes after it: so whoever reads the log finds a stretch of it whole, or lacking its beginning.
 *
 * Of several gateways at one chat one gets the advisory lock, and the others do nothing. Whoever gets it while they hold
 * an older snapshot finds the rows gone, and leaves the floor where it is, which never goes down.
 */
const TRIM = {
  name: 'log_retention_trim',
  text: `
    WITH turn AS MATERIALIZED (
      SELECT pg_try_advisory_xact_lock($5, hashtext($1::uuid::text)) AS is_ours
    ), floor AS MATERIALIZED (
      SELECT COALESCE((SELECT floor_seq FROM log_floors WHERE chat_id = $1), 0) AS seq FROM turn WHERE is_ours
    ), oldest AS MATERIALIZED (
      SELECT seq, at < LEAST(now(), $4::timestamptz) - make_interval(secs => $3) AS is_old
      FROM chat_events WHERE chat_id = $1 AND seq > (SELECT seq FROM floor)
      ORDER BY seq LIMIT $2
    ), leaving AS MATERIALIZED (
      SELECT max(seq) AS seq FROM oldest
      WHERE seq < COALESCE((SELECT min(seq) FROM oldest WHERE NOT is_old), 2147483647)
    ), moved AS (
      INSERT INTO log_floors AS f (chat_id, floor_seq) SELECT $1, seq FROM leaving WHERE seq IS NOT NULL
      ON CONFLICT (chat_id) DO UPDATE SET floor_seq = GREATEST(f.floor_seq, EXCLUDED.floor_seq)
    ), gone AS (
      DELETE FROM chat_events
      WHERE chat_id = $1 AND seq = ANY(ARRAY(SELECT seq FROM oldest WHERE seq <= (SELECT seq FROM leaving)))
      RETURNING seq
    )
    SELECT count(*)::int AS count FROM gone`,
}

export function createRetentionStore({ writer }: { writer: Writer }): RetentionStore {
  return {
    async nextPage(limit, { seconds, now }) {
      await writer.query(BEGIN, [NOWHERE])
      const values = [limit, NOWHERE, ROUND_REST_S, seconds, now]
      return (await writer.query<RetentionPage>(NEXT_PAGE, values))[0]
    },

    async trim(chatId, limit, { seconds, now }) {
      const values = [chatId, limit, seconds, now, TRIM_LOCKS]
      return (await writer.query<{ count: number }>(TRIM, values))[0]?.count ?? 0
    },
  }
}
