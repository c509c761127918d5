import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Writer } from '../store/sql/writer.ts'

/** A message on its way into the log. Its order within a batch is its order in the chat. */
export type NewMessage = Readonly<{
  chatId: ChatId
  senderId: UserId
  clientMessageId: string
  body: string
  fingerprint: Buffer
  replyToSeq: Seq | null
}>

/** What became of one draft. */
export type AppendOutcome =
  /** In the log, durably, at `seq`. `joined` are those who see the chat from this event on. */
  | Readonly<{
      type: 'stored'
      seq: Seq
      at: Date
      expiresAt: Date | null
      joined: readonly UserId[]
      /** The newest change of members before it. */
      membersSeq: Seq
    }>
  /**
   * The sender had used the key before, for the message at `seq`, which was sent with this fingerprint, which is empty once it was
   * erased, so long ago. `isFromThisSend`: by an attempt of this very send, whose answer was lost.
   */
  | Readonly<{ type: 'duplicate'; seq: Seq; fingerprint: Buffer; ageMs: number; isFromThisSend?: true }>
  | Readonly<{ type: 'no-such-chat' }>
  /** The chat is none of the sender's. */
  | Readonly<{ type: 'not-a-member' }>
  /** The sender has been a member, and is none any more. */
  | Readonly<{ type: 'has-left' }>
  | Readonly<{ type: 'no-such-reply-target' }>
  /** Nothing was written: members changed while the statement waited for the chat's lock. See `appendLocked`. */
  | Readonly<{ type: 'retry' }>

export type MessageLog = Readonly<{
  /**
   * Appends a batch in one statement and one commit; answers in the order of the drafts. No two drafts of a batch
   * may have the same chat, sender and key. Where this rejects, none of the batch was written, or the outcome is
   * unknown: see the error's class.
   */
  append(drafts: readonly NewMessage[]): Promise<readonly AppendOutcome[]>
  /**
   * The same with the chats locked by a statement of its own before, at the price of a longer transaction: whatever
   * was waited for is over when the batch is looked at, so none of it has to be tried again.
   */
  appendLocked(drafts: readonly NewMessage[]): Promise<readonly AppendOutcome[]>
}>

type Row = Readonly<{
  chatFound: boolean
  /** Null: never was one. */
  isMember: boolean | null
  replyFound: boolean
  repeatedSeq: Seq | null
  repeatedFingerprint: Buffer | null
  repeatedAgeMs: number | null
  seq: Seq | null
  at: Date | null
  expiresAt: Date | null
  membersSeq: Seq | null
  joined: readonly UserId[] | null
}>

/*
 * One statement for the whole batch, and yet exact under concurrency. A statement in READ COMMITTED sees the
 * database as of its start, except for the rows that it locks: those it sees as of when it got the lock. So a
 * writer that waited for a chat behind another writer knows the chat's row as it is, and everything else as it was.
 *
 * 1. `locked` takes the chats' rows in order of id (all writers do, so they can't deadlock), with head and
 *    members_seq as they are now.
 * 2. `known` is what the snapshot says of each draft: is the sender a member, was the key used, is the message that
 *    is replied to there for the sender to see. What may have become wrong while waiting is noticed: a changed membership by members_seq,
 *    which then differs from the snapshot's (the draft is left out and reported), a key used meanwhile by the unique
 *    constraint on it (the statement fails as a whole, and the retry sees the first message). A message that is
 *    replied to never goes away.
 * 3. `fresh` hands out seqs, without gap, to the drafts that pass.
 * 4. The heads move, events and messages are inserted: all or nothing, in one commit.
 *
 * The locks are counted so that they are taken also where nothing is fresh. A lock is written to the server's log behind
 * whatever the chat holds, so the commit of a statement that only found the first message of its key waits until the
 * standby has that message; without, a retry would be told "sent" of what may yet be lost with the primary.
 *
 * Indexes: primary keys of chats, members and messages, and the unique key of a sender's keys; each lookup names
 * the chat. The lookups are scalar subqueries on purpose: the planner can't turn those into scans of whole tables.
 */
const APPEND = {
  name: 'message_append',
  text: `
    WITH draft AS (
      SELECT * FROM unnest($1::int[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::int[])
        AS d(ordinal, chat_id, sender_id, client_message_id, body, fingerprint, reply_to_seq)
    ), locked AS MATERIALIZED (
      SELECT id, kind, head_seq, members_seq,
        GREATEST(clock_timestamp()::timestamptz(3), last_activity_at) AS at,
        make_interval(secs => message_ttl_seconds) AS ttl
      FROM chats WHERE id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE
    ), known AS MATERIALIZED (
      SELECT d.*,
        (SELECT c.members_seq FROM chats c WHERE c.id = d.chat_id) AS members_seq,
        (
          SELECT m.left_seq IS NULL FROM members m WHERE m.chat_id = d.chat_id AND m.user_id = d.sender_id
        ) AS is_member,
        (
          SELECT m.seq FROM messages m
          WHERE m.chat_id = d.chat_id AND m.sender_id = d.sender_id AND m.client_message_id = d.client_message_id
        ) AS repeated_seq,
        d.reply_to_seq IS NULL OR EXISTS (
          SELECT FROM messages m WHERE m.chat_id = d.chat_id AND m.seq = d.reply_to_seq AND EXISTS (
            SELECT FROM members p WHERE p.chat_id = d.chat_id AND p.user_id = d.sender_id
              AND (p.joined_seq <= m.seq OR p.earlier_stays @> m.seq)
          )
        ) AS reply_found
      FROM draft d
    ), fresh AS MATERIALIZED (
      SELECT k.*, l.kind, l.at, l.at + l.ttl AS expires_at,
        (l.head_seq + row_number() OVER (PARTITION BY k.chat_id ORDER BY k.ordinal))::int AS seq
      FROM known k JOIN locked l ON l.id = k.chat_id AND l.members_seq = k.members_seq
      WHERE k.is_member AND k.reply_found AND k.repeated_seq IS NULL
    ), heads AS (
      UPDATE chats c SET head_seq = f.seq, last_activity_at = f.at
      FROM (SELECT chat_id, max(seq) AS seq, max(at) AS at FROM fresh GROUP BY chat_id) f
      WHERE c.id = f.chat_id
    ), events AS (
      INSERT INTO chat_events (chat_id, seq, type, actor_id, at, message_seq)
      SELECT chat_id, seq, 'MESSAGE_SENT', sender_id, at, seq FROM fresh
    ), stored AS (
      INSERT INTO messages
        (chat_id, seq, sender_id, client_message_id, fingerprint, body, reply_to_seq, sent_at, expires_at)
      SELECT chat_id, seq, sender_id, client_message_id, fingerprint, body, reply_to_seq, at, expires_at
      FROM fresh
    )
    SELECT k.members_seq IS NOT NULL AS "chatFound", k.is_member AS "isMember", k.reply_found AS "replyFound",
      k.repeated_seq AS "repeatedSeq",
      CASE WHEN k.repeated_seq IS NOT NULL THEN (
        SELECT m.fingerprint FROM messages m WHERE m.chat_id = k.chat_id AND m.seq = k.repeated_seq
      ) END AS "repeatedFingerprint",
      CASE WHEN k.repeated_seq IS NOT NULL THEN (
        SELECT extract(epoch FROM clock_timestamp() - m.sent_at)::float8 * 1000
        FROM messages m WHERE m.chat_id = k.chat_id AND m.seq = k.repeated_seq
      ) END AS "repeatedAgeMs",
      f.seq, f.at, f.expires_at AS "expiresAt", f.members_seq AS "membersSeq",
      CASE WHEN f.seq = 1 AND f.kind = 'DIRECT' THEN (
        SELECT array_agg(m.user_id) FROM members m WHERE m.chat_id = f.chat_id
      ) END AS joined
    FROM known k
      CROSS JOIN (SELECT count(*) FROM locked) AS every_lock_taken
      LEFT JOIN fresh f ON f.ordinal = k.ordinal
    ORDER BY k.ordinal`,
}

// By the primary key, in the order in which all writers lock chats.
const LOCK = {
  name: 'message_lock_chats',
  text: `SELECT FROM chats WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
}

export function createMessageLog({ writer }: { writer: Writer }): MessageLog {
  return {
    async append(drafts) {
      const rows = await writer.query<Row>(APPEND, columnsOf(drafts))
      return drafts.map((_, index) => outcomeOf(rows[index]))
    },

    async appendLocked(drafts) {
      const chatIds = drafts.map((draft) => draft.chatId)
      const rows = await writer.transaction(async (tx) => {
        await tx.query(LOCK, [chatIds])
        return tx.query<Row>(APPEND, columnsOf(drafts))
      })
      return drafts.map((_, index) => outcomeOf(rows[index]))
    },
  }
}

function columnsOf(drafts: readonly NewMessage[]): unknown[] {
  return [
    drafts.map((_, index) => index),
    drafts.map((draft) => draft.chatId),
    drafts.map((draft) => draft.senderId),
    drafts.map((draft) => draft.clientMessageId),
    drafts.map((draft) => draft.body),
    drafts.map((draft) => draft.fingerprint),
    drafts.map((draft) => draft.replyToSeq),
  ]
}

function outcomeOf(row: Row | undefined): AppendOutcome {
  if (row === undefined) throw new Error('The statement answered for fewer drafts than it was given')
  const { seq, at, expiresAt, membersSeq } = row
  if (seq !== null && at !== null && membersSeq !== null) {
    return { type: 'stored', seq, at, expiresAt, membersSeq, joined: row.joined ?? [] }
  }
  if (!row.chatFound) return { type: 'no-such-chat' }
  if (row.isMember === null) return { type: 'not-a-member' }
  // Before anything that may be refused: what was stored is answered with, also to who has left since.
  const { repeatedSeq, repeatedFingerprint: fingerprint, repeatedAgeMs: ageMs } = row
  if (repeatedSeq !== null && fingerprint !== null && ageMs !== null) {
    return { type: 'duplicate', seq: repeatedSeq, fingerprint, ageMs }
  }
  if (!row.isMember) return { type: 'has-left' }
  return row.replyFound ? { type: 'retry' } : { type: 'no-such-reply-target' }
}
