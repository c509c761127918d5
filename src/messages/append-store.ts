import type { Attachment } from '../events/attachment.ts'
import type { ClaimUploads } from '../media/sent-attachments.ts'
import { type Seq, SYSTEM_USER_ID, type UserId } from '../ids.ts'
import type { JsonObject } from '../lib/bounded-json.ts'
import type { StatementCall } from '../store/sql/statement.ts'
import type { Writer } from '../store/sql/writer.ts'
import type { NewMessage } from './new-message.ts'
import { APPEND_ONE_WARM_UP, appendOne, type StoredRow } from './append-one.ts'

/** The result of appending one message. */
export type AppendOutcome =
  /** Durably in the log at `seq`. `joined` are the users who see the chat from this event on. */
  | Readonly<{
      type: 'stored'
      seq: Seq
      at: Date
      expiresAt: Date | null
      joined: readonly UserId[]
      /** The newest membership change before it. */
      membersSeq: Seq
      /** Undefined if the message has none. */
      attachments?: readonly Attachment[]
    }>
  /**
   * Duplicate key: the message already exists at `seq`. `fingerprint` is its content hash, empty once erased; `ageMs`
   * is its age. `isFromThisSend`: an earlier attempt of this send stored it, and its confirmation was lost.
   */
  | Readonly<{ type: 'duplicate'; seq: Seq; fingerprint: Buffer; ageMs: number; isFromThisSend?: true }>
  | Readonly<{ type: 'no-such-chat' }>
  /** The sender was never a member. */
  | Readonly<{ type: 'not-a-member' }>
  /** The sender was a member and has left. */
  | Readonly<{ type: 'has-left' }>
  | Readonly<{ type: 'no-such-reply-target' }>
  /** Not stored: an upload is not the sender's own, not complete, or was sent before. */
  | Readonly<{ type: 'unusable-attachments' }>
  /** Not stored: the members changed while the statement waited for the chat's lock. See `appendLocked`. */
  | Readonly<{ type: 'retry' }>

export type AppendStore = Readonly<{
  /**
   * Appends a batch of messages without attachments in one statement and one commit. A message that is alone and
   * cannot be stored needs a second statement, for the reason. Returns the outcomes in the order of the messages. No
   * two messages of a batch may have the same chat, sender and key. If this rejects, nothing was stored, or the
   * outcome is unknown: see `classifyDatabaseError`.
   */
  append(newMessages: readonly NewMessage[]): Promise<readonly AppendOutcome[]>
  /**
   * As `append`, but locks the chats in a separate statement first. The transaction takes longer, but the batch is read
   * after the wait for the locks, so no outcome is `retry`.
   */
  appendLocked(newMessages: readonly NewMessage[]): Promise<readonly AppendOutcome[]>
  /** Appends a message and claims its uploads in one transaction. No outcome is `retry`. */
  appendWithAttachments(newMessage: NewMessage): Promise<AppendOutcome>
}>

type Row = Readonly<{
  chatFound: boolean
  /** Null if the sender was never a member. */
  isMember: boolean | null
  replyFound: boolean
  duplicateSeq: Seq | null
  duplicateFingerprint: Buffer | null
  duplicateAgeMs: number | null
  seq: Seq | null
  at: Date | null
  expiresAt: Date | null
  membersSeq: Seq | null
  joined: readonly UserId[] | null
}>

/*
 * One statement for the whole batch, and yet exact under concurrency. In READ COMMITTED a statement sees the database
 * as of its start, except for the rows that it locks: it sees those as of the moment when it got the lock. So after
 * waiting for another writer it knows the current row of the chat, but everything else as it was before the wait.
 *
 * 1. `locked` locks the rows of the chats and reads their current head and members_seq.
 * 2. `known` reads from the snapshot whether the sender is a member, the key was used, and the sender may see the
 *    message that is replied to. Waiting can make this stale in two ways, and both are detected:
 *    - A membership changed. Then members_seq differs from the snapshot's, and the message gets the outcome `retry`.
 *    - The key was used. Then the unique key fails the whole statement, and the retry finds the first message. A
 *      message that is replied to never disappears.
 * 3. `fresh` assigns seqs without a gap to the messages that pass.
 * 4. The heads move, and events and messages are inserted: all of them or none, in one commit.
 *
 * Locks: the rows of chats in order of id, as in all statements that lock several chats. So two of them never deadlock.
 * Only chats of which a sender is or was a member: a stranger locks nothing and waits for no lock. The system is no
 * member, and may send to any chat and reply to any message.
 * `every_lock_taken` forces the locks even if no message is fresh. A lock makes the statement write to the server's
 * log, after the commit of the first message. So with a synchronous standby the commit of a duplicate confirms the
 * first message. Otherwise a retry could report a message as sent that is lost with the primary.
 *
 * Indexes: the primary keys of chats, members and messages, and the unique key (chat, sender, client key) of
 * messages. Each look-up names its chat. The look-ups are scalar subqueries on purpose: the planner cannot turn those
 * into scans of whole tables.
 */
const APPEND = {
  name: 'message_append',
  text: `
    WITH new_message AS (
      SELECT * FROM unnest($1::int[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::int[], $8::int[], $9::text[], $10::json[])
        AS d(ordinal, chat_id, sender_id, client_message_id, body, fingerprint, reply_to_seq, attachment_count, type, data)
    ), locked AS MATERIALIZED (
      SELECT id, kind, head_seq, members_seq,
        GREATEST(clock_timestamp()::timestamptz(3), last_activity_at) AS at,
        make_interval(secs => message_ttl_seconds) AS ttl
      FROM chats WHERE deleted_at IS NULL AND id = ANY ($2::uuid[]) AND id = ANY (ARRAY(
        SELECT d.chat_id FROM new_message d WHERE d.sender_id = '${SYSTEM_USER_ID}'
          OR (SELECT true FROM members m WHERE m.chat_id = d.chat_id AND m.user_id = d.sender_id)
      )) ORDER BY id FOR NO KEY UPDATE
    ), known AS MATERIALIZED (
      SELECT d.*,
        (SELECT c.members_seq FROM chats c WHERE c.id = d.chat_id AND c.deleted_at IS NULL) AS members_seq,
        d.sender_id = '${SYSTEM_USER_ID}' OR (
          SELECT m.left_seq IS NULL FROM members m WHERE m.chat_id = d.chat_id AND m.user_id = d.sender_id
        ) AS is_member,
        (
          SELECT m.seq FROM messages m
          WHERE m.chat_id = d.chat_id AND m.sender_id = d.sender_id AND m.client_message_id = d.client_message_id
        ) AS duplicate_seq,
        d.reply_to_seq IS NULL OR EXISTS (
          SELECT FROM messages m WHERE m.chat_id = d.chat_id AND m.seq = d.reply_to_seq AND (d.sender_id = '${SYSTEM_USER_ID}' OR EXISTS (
            SELECT FROM members p WHERE p.chat_id = d.chat_id AND p.user_id = d.sender_id
              AND (p.joined_seq <= m.seq OR p.earlier_stays @> m.seq)
          ))
        ) AS reply_found
      FROM new_message d
    ), fresh AS MATERIALIZED (
      SELECT k.*, l.kind, l.at, l.at + l.ttl AS expires_at,
        (l.head_seq + row_number() OVER (PARTITION BY k.chat_id ORDER BY k.ordinal))::int AS seq
      FROM known k JOIN locked l ON l.id = k.chat_id AND l.members_seq = k.members_seq
      WHERE k.is_member AND k.reply_found AND k.duplicate_seq IS NULL
    ), heads AS (
      UPDATE chats c SET head_seq = f.seq, last_activity_at = f.at
      FROM (SELECT chat_id, max(seq) AS seq, max(at) AS at FROM fresh GROUP BY chat_id) f
      WHERE c.id = f.chat_id
    ), events AS (
      INSERT INTO chat_events (chat_id, seq, type, actor_id, at, message_seq)
      SELECT chat_id, seq, 'MESSAGE_SENT', sender_id, at, seq FROM fresh
    ), stored AS (
      INSERT INTO messages
        (chat_id, seq, sender_id, client_message_id, fingerprint, body, reply_to_seq, attachment_count, type, data,
          sent_at, expires_at)
      SELECT chat_id, seq, sender_id, client_message_id, fingerprint, body, reply_to_seq, attachment_count, type, data,
        at, expires_at
      FROM fresh
    )
    SELECT k.members_seq IS NOT NULL AS "chatFound", k.is_member AS "isMember", k.reply_found AS "replyFound",
      k.duplicate_seq AS "duplicateSeq",
      CASE WHEN k.duplicate_seq IS NOT NULL THEN (
        SELECT m.fingerprint FROM messages m WHERE m.chat_id = k.chat_id AND m.seq = k.duplicate_seq
      ) END AS "duplicateFingerprint",
      CASE WHEN k.duplicate_seq IS NOT NULL THEN (
        SELECT extract(epoch FROM clock_timestamp() - m.sent_at)::float8 * 1000
        FROM messages m WHERE m.chat_id = k.chat_id AND m.seq = k.duplicate_seq
      ) END AS "duplicateAgeMs",
      f.seq, f.at, f.expires_at AS "expiresAt", f.members_seq AS "membersSeq",
      CASE WHEN f.seq = 1 AND f.kind = 'DIRECT' THEN (
        SELECT array_agg(m.user_id) FROM members m WHERE m.chat_id = f.chat_id
      ) END AS joined
    FROM known k
      CROSS JOIN (SELECT count(*) FROM locked) AS every_lock_taken
      LEFT JOIN fresh f ON f.ordinal = k.ordinal
    ORDER BY k.ordinal`,
}

// Locks rows of chats by their primary key, in order of id, as all statements that lock several chats do. Only chats of
// which the sender is or was a member, by the primary key of members: see `LOCK` of chat-log-store.ts.
const LOCK = {
  name: 'message_lock_chats',
  text: `
    SELECT FROM chats WHERE id = ANY ($1::uuid[]) AND id = ANY (ARRAY(
      SELECT d.chat_id FROM unnest($1::uuid[], $2::text[]) AS d(chat_id, sender_id)
      WHERE d.sender_id = '${SYSTEM_USER_ID}' OR (SELECT true FROM members m WHERE m.chat_id = d.chat_id AND m.user_id = d.sender_id)
    )) ORDER BY id FOR NO KEY UPDATE`,
}

/** The statements of sends, with values for which they lock and store nothing. */
export const APPEND_WARM_UP: readonly StatementCall[] = [
  ...APPEND_ONE_WARM_UP,
  { statement: APPEND, values: columnsOf([]) },
]

type Dependencies = Readonly<{ writer: Writer; claimUploads: ClaimUploads }>

/** Rolls the transaction back. Never leaves the store. */
class UnusableAttachments extends Error {}

export function createAppendStore({ writer, claimUploads }: Dependencies): AppendStore {
  /** Undefined if the message was not stored, for whatever reason. */
  async function storeOnly([only, ...others]: readonly NewMessage[]): Promise<AppendOutcome | undefined> {
    if (only === undefined || others.length > 0) return undefined
    const [row] = await writer.query<StoredRow>(...appendOne(only))
    return row === undefined ? undefined : { type: 'stored', ...row, joined: [] }
  }

  return {
    async append(newMessages) {
      const stored = await storeOnly(newMessages)
      if (stored !== undefined) return [stored]
      const rows = await writer.query<Row>(APPEND, columnsOf(newMessages))
      return newMessages.map((_, index) => outcomeOf(rows[index]))
    },

    async appendLocked(newMessages) {
      const chatIds = newMessages.map((newMessage) => newMessage.chatId)
      const senderIds = newMessages.map((newMessage) => newMessage.senderId)
      const rows = await writer.transaction(async (tx) => {
        await tx.query(LOCK, [chatIds, senderIds])
        return tx.query<Row>(APPEND, columnsOf(newMessages))
      })
      return newMessages.map((_, index) => outcomeOf(rows[index]))
    },

    // A statement cannot undo a claim of which a part failed, so this takes a transaction.
    async appendWithAttachments(newMessage) {
      const { chatId, senderId, attachmentIds } = newMessage
      try {
        return await writer.transaction(async (tx) => {
          await tx.query(LOCK, [[chatId], [senderId]])
          const outcome = outcomeOf((await tx.query<Row>(APPEND, columnsOf([newMessage])))[0])
          if (outcome.type !== 'stored') return outcome
          const id = { chatId, seq: outcome.seq }
          const attachments = await claimUploads(tx, id, senderId, attachmentIds)
          if (attachments === undefined) throw new UnusableAttachments()
          return { ...outcome, attachments }
        })
      } catch (error) {
        if (error instanceof UnusableAttachments) return { type: 'unusable-attachments' }
        throw error
      }
    },
  }
}

function columnsOf(newMessages: readonly NewMessage[]): unknown[] {
  return [
    newMessages.map((_, index) => index),
    newMessages.map((newMessage) => newMessage.chatId),
    newMessages.map((newMessage) => newMessage.senderId),
    newMessages.map((newMessage) => newMessage.clientMessageId),
    newMessages.map((newMessage) => newMessage.body),
    newMessages.map((newMessage) => newMessage.fingerprint),
    newMessages.map((newMessage) => newMessage.replyToSeq),
    newMessages.map((newMessage) => newMessage.attachmentIds.length),
    newMessages.map((newMessage) => newMessage.type),
    newMessages.map(({ data }) => jsonOf(data)),
  ]
}

/** The driver would write an object as JSON by itself, but a list of objects not. */
function jsonOf(data: JsonObject | null): string | null {
  return data === null ? null : JSON.stringify(data)
}

function outcomeOf(row: Row | undefined): AppendOutcome {
  if (row === undefined) throw new Error('The statement returned fewer rows than the batch has messages')
  const { seq, at, expiresAt, membersSeq } = row
  if (seq !== null && at !== null && membersSeq !== null) {
    return { type: 'stored', seq, at, expiresAt, membersSeq, joined: row.joined ?? [] }
  }
  if (!row.chatFound) return { type: 'no-such-chat' }
  if (row.isMember === null) return { type: 'not-a-member' }
  // Before any rejection: a retry finds the stored message, even if the sender has left since.
  const { duplicateSeq, duplicateFingerprint: fingerprint, duplicateAgeMs: ageMs } = row
  if (duplicateSeq !== null && fingerprint !== null && ageMs !== null) {
    return { type: 'duplicate', seq: duplicateSeq, fingerprint, ageMs }
  }
  if (!row.isMember) return { type: 'has-left' }
  return row.replyFound ? { type: 'retry' } : { type: 'no-such-reply-target' }
}
