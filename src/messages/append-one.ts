import type { Seq } from '../ids.ts'
import type { NewMessage } from './new-message.ts'
import type { Statement, StatementCall } from '../store/sql/statement.ts'
import { parseTimestamp } from '../store/sql/timestamps.ts'

/** The row of a message that was stored. */
export type StoredRow = Readonly<{ seq: Seq; at: Date; expiresAt: Date | null; membersSeq: Seq }>

/*
 * Stores one message if nothing stands in its way, and otherwise does nothing and returns no row. `message_append` then
 * finds the reason. Most batches of a gateway that is not busy have one message, and a batch's statement costs one and
 * a half times as much.
 *
 * It is as exact as `message_append`. `head` moves the chat's head under the lock of its row, and in READ COMMITTED an
 * UPDATE evaluates its conditions again after a wait for the lock. It then sees the current row of the chat, and all
 * else as of its start:
 *
 * - A membership that changed meanwhile has moved members_seq, so the row no longer has the snapshot's value.
 * - A key that was used meanwhile fails the whole statement by the unique key.
 * - A message that is replied to never disappears.
 *
 * The first message of a direct chat is left to `message_append`, which reads who sees the chat from then on.
 *
 * Locks: the row of one chat. Indexes: the primary keys of chats, members and messages, and the unique key (chat,
 * sender, client key) of messages.
 */
const textOf = (parts: Readonly<{ condition: string; replyToSeq: string }>): string => `
  WITH head AS (
    UPDATE chats c
    SET head_seq = c.head_seq + 1,
      last_activity_at = GREATEST(clock_timestamp()::timestamptz(3), c.last_activity_at)
    WHERE c.id = $1 AND c.head_seq > 0
      AND c.members_seq = (SELECT s.members_seq FROM chats s WHERE s.id = $1)
      AND (SELECT m.left_seq IS NULL FROM members m WHERE m.chat_id = $1 AND m.user_id = $2)
      AND (
        SELECT m.seq FROM messages m WHERE m.chat_id = $1 AND m.sender_id = $2 AND m.client_message_id = $3
      ) IS NULL
      ${parts.condition}
    RETURNING c.head_seq AS seq, c.members_seq, c.last_activity_at AS at,
      c.last_activity_at + make_interval(secs => c.message_ttl_seconds) AS expires_at
  ), event AS (
    INSERT INTO chat_events (chat_id, seq, type, actor_id, at, message_seq)
    SELECT $1, h.seq, 'MESSAGE_SENT', $2, h.at, h.seq FROM head h
  ), message AS (
    INSERT INTO messages
      (chat_id, seq, sender_id, client_message_id, fingerprint, body, type, data, reply_to_seq, sent_at, expires_at)
    SELECT $1, h.seq, $2, $3, $4, $5, $6, $7::json, ${parts.replyToSeq}, h.at, h.expires_at FROM head h
  )
  SELECT h.seq, h.at, h.expires_at AS "expiresAt", h.members_seq AS "membersSeq" FROM head h`

const COLUMNS = { seq: Number, at: parseTimestamp, expiresAt: parseTimestamp, membersSeq: Number }

const APPEND_ONE: Statement = {
  name: 'message_append_one',
  columns: COLUMNS,
  text: textOf({ condition: '', replyToSeq: 'NULL' }),
}

const APPEND_REPLY: Statement = {
  name: 'message_append_reply',
  columns: COLUMNS,
  text: textOf({
    condition: `
      AND (
        SELECT EXISTS (
          SELECT FROM members p WHERE p.chat_id = $1 AND p.user_id = $2
            AND (p.joined_seq <= m.seq OR p.earlier_stays @> m.seq)
        )
        FROM messages m WHERE m.chat_id = $1 AND m.seq = $8
      )`,
    replyToSeq: '$8::int',
  }),
}

/** Returns the statement that stores the message, with its values. */
export function appendOne(newMessage: NewMessage): readonly [Statement, readonly unknown[]] {
  const { chatId, senderId, clientMessageId, fingerprint, body, type, data, replyToSeq } = newMessage
  const values = [chatId, senderId, clientMessageId, fingerprint, body, type, data]
  return replyToSeq === null ? [APPEND_ONE, values] : [APPEND_REPLY, [...values, replyToSeq]]
}

const NO_CHAT = ['00000000-0000-0000-0000-000000000000', '', '', Buffer.of(), '', null, null]

/** The statements with values for which they do nothing. */
export const APPEND_ONE_WARM_UP: readonly StatementCall[] = [
  { statement: APPEND_ONE, values: NO_CHAT },
  { statement: APPEND_REPLY, values: [...NO_CHAT, 0] },
]
