import type { ChatId } from '../ids.ts'
import type { Writer } from '../store/sql/writer.ts'

/**
 * The age in seconds above which an event is deleted. It must be that old by the database's and the gateway's clock.
 */
export type Age = Readonly<{ seconds: number; now: Date }>

/** The next chats of the round. No other gateway takes them. */
export type RetentionPage = Readonly<{ overdue: readonly ChatId[] }>

export type RetentionStore = Readonly<{
  /**
   * Takes the next `limit` chats of the round and returns those whose oldest event is older than `age`. Returns
   * undefined if the next round is not due yet, or if another gateway is taking chats at this moment.
   */
  nextPage(limit: number, age: Age): Promise<RetentionPage | undefined>
  /**
   * Deletes the oldest events of one chat that are older than `age`, at most `limit`, and moves the log's floor in the
   * same commit. Returns how many it deleted; 0 if another gateway is trimming this chat.
   */
  trim(chatId: ChatId, limit: number, age: Age): Promise<number>
}>

/** From the end of a round that found nothing to the start of the next one, in seconds. */
const ROUND_REST_S = 3_600
/**
 * The same after a round that found old events. A gateway that dies or fails leaves its page undone, and the next round
 * finds it again.
 */
const SHORT_ROUND_REST_S = 60
/** The lowest id there is. No chat has it. */
const LOWEST_ID = '00000000-0000-0000-0000-000000000000'
/** The class of the advisory locks that are held while one chat's log is trimmed. Nothing else uses it. */
const TRIM_LOCKS = 7_065_002

// Inserts the one row of log_sweeps if it is missing. Waits only for another gateway that inserts it at the same time.
const BEGIN = {
  name: 'log_retention_begin',
  text: `INSERT INTO log_sweeps (id, after_chat_id, due_at) VALUES (1, $1, now()) ON CONFLICT DO NOTHING`,
}

// Locks the one row of log_sweeps, without waiting: if another gateway holds it, the result is empty. Then reads a
// range of the primary key of chats, and per chat its floor and the first event after that, both by primary key.
// Locks no chat.
const NEXT_PAGE = {
  name: 'log_retention_next_page',
  text: `
    WITH turn AS MATERIALIZED (
      SELECT after_chat_id, has_found FROM log_sweeps WHERE id = 1 AND due_at <= now() FOR NO KEY UPDATE SKIP LOCKED
    ), page AS MATERIALIZED (
      SELECT id FROM chats WHERE id > (SELECT after_chat_id FROM turn) ORDER BY id LIMIT $1
    ), taken AS MATERIALIZED (
      SELECT count(*) = $1 AS is_full, (SELECT id FROM page ORDER BY id DESC LIMIT 1) AS last_id FROM page
    ), overdue AS MATERIALIZED (
      SELECT p.id FROM page p
      WHERE (
        SELECT e.at FROM chat_events e
        WHERE e.chat_id = p.id AND e.seq > COALESCE((SELECT f.floor_seq FROM log_floors f WHERE f.chat_id = p.id), 0)
        ORDER BY e.seq LIMIT 1
      ) < LEAST(now(), $6::timestamptz) - make_interval(secs => $5)
    ), found AS MATERIALIZED (
      SELECT turn.has_found OR EXISTS (SELECT FROM overdue) AS has_found FROM turn
    ), moved AS (
      UPDATE log_sweeps s SET
        after_chat_id = CASE WHEN t.is_full THEN t.last_id ELSE $2::uuid END,
        has_found = t.is_full AND f.has_found,
        due_at = CASE
          WHEN t.is_full THEN s.due_at
          ELSE now() + make_interval(secs => CASE WHEN f.has_found THEN $4::float8 ELSE $3::float8 END)
        END
      FROM taken t, found f WHERE s.id = 1
    )
    SELECT ARRAY(SELECT id FROM overdue)::text[] AS overdue FROM turn`,
}

/*
 * One statement and one commit per chat.
 *
 * Locks: an advisory lock for the chat, without waiting, so that one gateway at a time trims it. A gateway that gets
 * the lock with an older snapshot finds the rows gone and leaves the floor unchanged, because the floor never
 * decreases. The statement touches no row that a send touches: not the chat's row, and only the oldest events of the
 * log. So no send waits for it.
 *
 * Indexes: a range of the primary key of chat_events, from the floor on, so that it skips the dead rows that vacuum
 * has not removed yet. Deletes by seq, so that the planner cannot make it delete more than `limit` rows.
 *
 * Always deletes from the start of the log, up to the first event that is too young, whatever the age of later ones.
 * So a reader finds a range of the log either whole or without its start.
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
    ), deleted AS (
      DELETE FROM chat_events
      WHERE chat_id = $1 AND seq = ANY(ARRAY(SELECT seq FROM oldest WHERE seq <= (SELECT seq FROM leaving)))
      RETURNING seq
    )
    SELECT count(*)::int AS count FROM deleted`,
}

export function createRetentionStore({ writer }: { writer: Writer }): RetentionStore {
  return {
    async nextPage(limit, { seconds, now }) {
      await writer.query(BEGIN, [LOWEST_ID])
      const values = [limit, LOWEST_ID, ROUND_REST_S, SHORT_ROUND_REST_S, seconds, now]
      return (await writer.query<RetentionPage>(NEXT_PAGE, values))[0]
    },

    async trim(chatId, limit, { seconds, now }) {
      const values = [chatId, limit, seconds, now, TRIM_LOCKS]
      return (await writer.query<{ count: number }>(TRIM, values))[0]?.count ?? 0
    },
  }
}
