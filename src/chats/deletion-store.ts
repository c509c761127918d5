import type { ChatId, Seq } from '../ids.ts'
import type { ChatKind } from '../events/chat.ts'
import type { Transaction } from '../store/sql/transaction.ts'
import type { Writer } from '../store/sql/writer.ts'

/** The last event of a deleted chat. */
export type LastEvent = Readonly<{ chatId: ChatId; seq: Seq; at: Date; kind: ChatKind }>

/** A deleted chat whose rows are due to leave. */
export type DueChat = Readonly<{ chatId: ChatId; lastSeq: Seq; isEmptied: boolean }>

export type DeletionStore = Readonly<{
  /**
   * Marks the chat as deleted. Each present member sees the last event of its log and no other, former ones see
   * nothing. The transaction must hold the lock on the chat's row.
   */
  markDeleted(tx: Transaction, last: LastEvent): Promise<void>
  /**
   * Deletes up to `limit` events and messages of a chat that is due. Returns how many; undefined if none is due. If it
   * fails, the chat is due again in a minute, so that it does not hold back the others.
   */
  step(limit: number): Promise<number | undefined>
}>

/** All gateways have delivered the last event by then, and repaired their gaps from the log. In seconds. */
const CONTENTS_LEAVE_AFTER_S = 60
/** A device that was away for this long does not get the last event. It finds the chat missing. In seconds. */
const LAST_EVENT_LEAVES_AFTER_S = 90 * 24 * 3_600
/** In seconds. */
const DUE_AGAIN_AFTER_S = 60

// Updates the chat's row, which the transaction has locked, and the chat's rows of members, which it locks in order of
// user id, as all statements that lock several members do. Then adds a row to deleted_chats. All by primary keys.
const MARK = {
  name: 'chat_mark_deleted',
  text: `
    WITH chat AS (
      UPDATE chats SET deleted_at = $3, members_seq = $2, member_count = 0 WHERE id = $1
    ), locked AS MATERIALIZED (
      SELECT user_id, left_seq FROM members WHERE chat_id = $1 ORDER BY user_id FOR UPDATE
    ), former AS (
      DELETE FROM members m USING locked l
      WHERE m.chat_id = $1 AND m.user_id = l.user_id AND l.left_seq IS NOT NULL
    ), present AS (
      UPDATE members m SET joined_seq = $2, left_seq = $2, left_at = $3, earlier_stays = '{}', left_member_count = 0
      FROM locked l WHERE m.chat_id = $1 AND m.user_id = l.user_id AND l.left_seq IS NULL
    )
    INSERT INTO deleted_chats (chat_id, last_seq, due_at) VALUES ($1, $2, now() + make_interval(secs => $4))`,
}

// The chat's members and one row of direct_chats, by their primary keys. Without it, the users can begin a new chat.
const FORGET_PAIR = {
  name: 'chat_deletion_forget_pair',
  text: `
    DELETE FROM direct_chats d USING members a, members b
    WHERE a.chat_id = $1 AND b.chat_id = $1 AND d.low_user_id = a.user_id AND d.high_user_id = b.user_id
      AND d.chat_id = $1`,
}

// The index of deleted_chats on due_at. Locks the row that it returns, and skips those of other gateways.
const DUE = {
  name: 'chat_deletion_due',
  text: `
    SELECT chat_id AS "chatId", last_seq AS "lastSeq", is_emptied AS "isEmptied" FROM deleted_chats
    WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
}

// One row of log_floors by its primary key. All events but the last have left for readers, before the first one leaves.
const RAISE_FLOOR = {
  name: 'chat_deletion_raise_floor',
  text: `
    INSERT INTO log_floors AS f (chat_id, floor_seq) VALUES ($1, $2)
    ON CONFLICT (chat_id) DO UPDATE SET floor_seq = EXCLUDED.floor_seq WHERE f.floor_seq < EXCLUDED.floor_seq`,
}

// A range of the primary key of chat_events.
const DELETE_EVENTS = {
  name: 'chat_deletion_events',
  text: `
    WITH gone AS (
      DELETE FROM chat_events WHERE chat_id = $1 AND seq = ANY (ARRAY(
        SELECT seq FROM chat_events WHERE chat_id = $1 AND seq < $2 ORDER BY seq LIMIT $3
      )) RETURNING 1
    )
    SELECT count(*)::int AS count FROM gone`,
}

// A range of the primary key of messages; then attachments, uploads and reactions of these by their primary keys. From
// the commit on, the files are released, and the media sweep deletes their bytes.
const DELETE_MESSAGES = {
  name: 'chat_deletion_messages',
  text: `
    WITH gone AS MATERIALIZED (
      SELECT seq FROM messages WHERE chat_id = $1 ORDER BY seq LIMIT $2
    ), messages_gone AS (
      DELETE FROM messages WHERE chat_id = $1 AND seq = ANY (ARRAY(SELECT seq FROM gone))
    ), files AS (
      DELETE FROM attachments WHERE chat_id = $1 AND message_seq = ANY (ARRAY(SELECT seq FROM gone)) RETURNING id
    ), released AS (
      UPDATE uploads SET released_at = now() WHERE id = ANY (ARRAY(SELECT id FROM files))
    ), reactions_gone AS (
      DELETE FROM reactions WHERE chat_id = $1 AND message_seq = ANY (ARRAY(SELECT seq FROM gone))
    )
    SELECT count(*)::int AS count FROM gone`,
}

// Rows of one chat by the primary keys of member_change_keys and deleted_chats.
const MARK_EMPTIED = {
  name: 'chat_deletion_mark_emptied',
  text: `
    WITH keys AS (DELETE FROM member_change_keys WHERE chat_id = $1)
    UPDATE deleted_chats SET is_emptied = true, due_at = now() + make_interval(secs => $2) WHERE chat_id = $1`,
}

// One row of deleted_chats by its primary key.
const POSTPONE = {
  name: 'chat_deletion_postpone',
  text: 'UPDATE deleted_chats SET due_at = now() + make_interval(secs => $2) WHERE chat_id = $1',
}

// Rows of one chat by the primary keys of these tables, all of which lead with the chat. Few are left: the last event,
// and a row for each member and device.
const DELETE_REST = {
  name: 'chat_deletion_rest',
  text: `
    WITH positions AS (DELETE FROM device_positions WHERE chat_id = $1),
      members_gone AS (DELETE FROM members WHERE chat_id = $1),
      events AS (DELETE FROM chat_events WHERE chat_id = $1),
      floors AS (DELETE FROM log_floors WHERE chat_id = $1),
      marks AS (DELETE FROM chat_marks WHERE chat_id = $1),
      followed AS (DELETE FROM follower_positions WHERE chat_id = $1),
      pushes_gone AS (DELETE FROM pushes WHERE chat_id = $1),
      chat AS (DELETE FROM chats WHERE id = $1)
    DELETE FROM deleted_chats WHERE chat_id = $1`,
}

type Count = Readonly<{ count: number }>
const NONE: Count = { count: 0 }

export function createDeletionStore({ writer }: { writer: Writer }): DeletionStore {
  async function deleteContents(
    tx: Transaction,
    { chatId, lastSeq }: DueChat,
    limit: number,
  ): Promise<number> {
    await tx.query(RAISE_FLOOR, [chatId, lastSeq - 1])
    const [{ count: events } = NONE] = await tx.query<Count>(DELETE_EVENTS, [chatId, lastSeq, limit])
    if (events === limit) return events
    const [{ count: messages } = NONE] = await tx.query<Count>(DELETE_MESSAGES, [chatId, limit])
    if (messages < limit) await tx.query(MARK_EMPTIED, [chatId, LAST_EVENT_LEAVES_AFTER_S])
    return events + messages
  }

  return {
    async markDeleted(tx, { chatId, seq, at, kind }) {
      if (kind === 'DIRECT') await tx.query(FORGET_PAIR, [chatId])
      await tx.query(MARK, [chatId, seq, at, CONTENTS_LEAVE_AFTER_S])
    },

    async step(limit) {
      let due: DueChat | undefined
      try {
        return await writer.transaction(async (tx) => {
          due = (await tx.query<DueChat>(DUE, []))[0]
          if (due === undefined) return undefined
          if (!due.isEmptied) return deleteContents(tx, due, limit)
          await tx.query(DELETE_REST, [due.chatId])
          return 1
        })
      } catch (error) {
        // If this fails as well, the database is away, and all chats wait anyway.
        const postponed = due && writer.query(POSTPONE, [due.chatId, DUE_AGAIN_AFTER_S])
        await postponed?.catch(() => undefined)
        throw error
      }
    },
  }
}
