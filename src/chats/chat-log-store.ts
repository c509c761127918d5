import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Message } from '../events/message.ts'
import type { Reader } from '../store/sql/reader.ts'
import type { Transaction } from '../store/sql/transaction.ts'
import type { MemberRole } from '../events/chat.ts'
import type { ChatEvent, ChatEventType } from '../events/chat-event.ts'
import type { ChatRow, LogRange, NewEventRow } from './log-rows.ts'
import type { MemberAccess } from './roles.ts'

export type ChatLogStore = Readonly<{
  /** Returns the first events of the range in order of seq, at most `limit`. */
  read(range: LogRange, limit: number): Promise<readonly ChatEvent[]>
  /** Returns the seq of the last event that retention deleted; 0 if there is none. */
  floor(chatId: ChatId): Promise<Seq>
  /**
   * Locks the chat's row until the transaction ends. Returns undefined if the chat does not exist, or if the actor was
   * never a member. Without an actor, memberships do not count.
   */
  lock(tx: Transaction, chatId: ChatId, actorId: UserId | undefined): Promise<ChatRow | undefined>
  /** Returns a user's membership in a locked chat; undefined if the user was never a member. */
  memberAccess(tx: Transaction, chatId: ChatId, userId: UserId): Promise<MemberAccess | undefined>
  /** Appends events after `head`, which must be the locked chat's, and moves the head. */
  append(tx: Transaction, head: LogHead, rows: readonly NewEventRow[]): Promise<void>
}>

/** The newest seq of a log, and the time of the events that are appended next. */
export type LogHead = Readonly<{ chatId: ChatId; afterSeq: Seq; at: Date }>

const DATABASE_TYPE = {
  MessageSent: 'MESSAGE_SENT',
  MessageEdited: 'MESSAGE_EDITED',
  MessageDeleted: 'MESSAGE_DELETED',
  ReactionChanged: 'REACTION_CHANGED',
  MemberAdded: 'MEMBER_ADDED',
  MemberRemoved: 'MEMBER_REMOVED',
  MemberRoleChanged: 'MEMBER_ROLE_CHANGED',
  ChatUpdated: 'CHAT_UPDATED',
  ChatDeleted: 'CHAT_DELETED',
} as const satisfies Record<ChatEventType, string>

type DatabaseType = (typeof DATABASE_TYPE)[ChatEventType]
type EventRow = Readonly<{
  chatId: ChatId
  seq: Seq
  type: DatabaseType
  actorId: UserId
  at: Date
  subjectId: UserId | null
  role: MemberRole | null
  emoji: string | null
  added: boolean | null
  initialMembers: readonly UserId[] | null
}> &
  MessagePart

/** The columns of messages. Null unless the event names a message. */
type MessagePart = Readonly<{ messageSeq: Seq | null; messageType: string | null }> &
  Omit<Message, 'chatId' | 'seq' | 'type' | 'attachments' | 'isJustSent' | 'isConcealed'>

// Primary keys, all within one chat: a range of chat_events, one row of messages per event that names a message, and
// for seq 1 alone all members, to find the initial ones. Takes no lock. One statement, so that events and messages
// are of the same snapshot.
const READ = {
  name: 'chat_log_read',
  text: `
    SELECT e.chat_id AS "chatId", e.seq, e.type, e.actor_id AS "actorId", e.at,
      e.subject_id AS "subjectId", e.role, e.emoji, e.added, e.message_seq AS "messageSeq",
      m.sender_id AS "senderId", m.client_message_id AS "clientMessageId", m.body,
      m.reply_to_seq AS "replyToSeq", m.sent_at AS "sentAt", m.edited_at AS "editedAt",
      m.deleted_at AS "deletedAt", m.expires_at AS "expiresAt", m.attachment_count AS "attachmentCount",
      m.type AS "messageType", m.data,
      CASE WHEN e.seq = 1 THEN (
        SELECT array_agg(p.user_id) FROM members p
        WHERE p.chat_id = e.chat_id AND (p.joined_seq = 1 OR p.earlier_stays @> 1)
      ) END AS "initialMembers"
    FROM chat_events e
      LEFT JOIN messages m ON m.chat_id = e.chat_id AND m.seq = e.message_seq
    WHERE e.chat_id = $1 AND e.seq > $2 AND e.seq <= $3
    ORDER BY e.seq
    LIMIT $4`,
}

// One row by the primary key of log_floors. Takes no lock.
const FLOOR = {
  name: 'chat_log_floor',
  text: `SELECT floor_seq AS "floorSeq" FROM log_floors WHERE chat_id = $1`,
}

// Locks one row of chats, by its primary key, and looks for one row of members, by its primary key. Users who were
// never a member lock nothing and wait for no lock. Otherwise they could delay the chat, and tell by the time of the
// answer whether it exists. `now` never goes back inside a chat, even if the clock does.
const LOCK = {
  name: 'chat_log_lock',
  text: `
    SELECT kind, title, head_seq AS "headSeq", member_count AS "memberCount",
      message_ttl_seconds AS "messageTtlSeconds", data, deleted_at IS NOT NULL AS "isDeleted",
      GREATEST(clock_timestamp()::timestamptz(3), last_activity_at) AS now
    FROM chats
    WHERE id = $1 AND ($2::text IS NULL OR (SELECT true FROM members m WHERE m.chat_id = $1 AND m.user_id = $2))
    FOR NO KEY UPDATE`,
}

// The transaction must hold the lock on the chat's row. Updates that row by its primary key and inserts one row per
// event into chat_events.
const WRITE = {
  name: 'chat_log_write',
  text: `
    WITH event AS (
      SELECT $2::int + ordinal::int AS seq, e.*
      FROM unnest($4::"ChatEventType"[], $5::text[], $6::int[], $7::text[], $8::"MemberRole"[], $9::text[], $10::bool[])
        WITH ORDINALITY AS e(type, actor_id, message_seq, subject_id, role, emoji, added, ordinal)
    ), head AS (
      UPDATE chats SET head_seq = (SELECT max(seq) FROM event), last_activity_at = $3 WHERE id = $1
    )
    INSERT INTO chat_events (chat_id, seq, type, at, actor_id, message_seq, subject_id, role, emoji, added)
    SELECT $1, seq, type, $3, actor_id, message_seq, subject_id, role, emoji, added FROM event`,
}

export function createChatLogStore({ reader }: { reader: Reader }): ChatLogStore {
  return {
    async read({ chatId, afterSeq, untilSeq }, limit) {
      const rows = await reader.query<EventRow>(READ, [chatId, afterSeq, untilSeq, limit])
      return rows.map(toEvent)
    },

    async floor(chatId) {
      return (await reader.query<{ floorSeq: Seq }>(FLOOR, [chatId]))[0]?.floorSeq ?? 0
    },

    async lock(tx, chatId, actorId) {
      return (await tx.query<ChatRow>(LOCK, [chatId, actorId]))[0]
    },

    async memberAccess(tx, chatId, userId) {
      // A statement of its own after LOCK. A statement that waits for a row lock sees that row as it is after the
      // wait, but all other rows as they were before it.
      const where = { chatId_userId: { chatId, userId } }
      const member = await tx.prisma.member.findUnique({ where, select: { role: true, leftSeq: true } })
      return member ?? undefined
    },

    async append(tx, { chatId, afterSeq, at }, rows) {
      const column = (key: keyof NewEventRow): unknown[] => rows.map((row) => row[key] ?? null)
      await tx.query(WRITE, [
        chatId,
        afterSeq,
        at,
        rows.map(({ type }) => DATABASE_TYPE[type]),
        column('actorId'),
        column('messageSeq'),
        column('subjectId'),
        column('role'),
        column('emoji'),
        column('added'),
      ])
    },
  }
}

function toEvent(row: EventRow): ChatEvent {
  const { chatId, seq, actorId, at, initialMembers } = row
  const common = { chatId, seq, actorId, at, joined: initialMembers ?? [] }
  switch (row.type) {
    case 'MESSAGE_SENT':
      return { ...common, type: 'MessageSent', message: toMessage(row) }
    case 'MESSAGE_EDITED':
      return { ...common, type: 'MessageEdited', message: toMessage(row) }
    case 'MESSAGE_DELETED':
      return { ...common, type: 'MessageDeleted', message: toMessage(row) }
    case 'REACTION_CHANGED': {
      const emoji = required(row, 'emoji')
      return {
        ...common,
        type: 'ReactionChanged',
        message: toMessage(row),
        emoji,
        added: required(row, 'added'),
      }
    }
    case 'MEMBER_ADDED': {
      const userId = required(row, 'subjectId')
      return { ...common, type: 'MemberAdded', userId, joined: [userId] }
    }
    case 'MEMBER_REMOVED':
      return { ...common, type: 'MemberRemoved', userId: required(row, 'subjectId') }
    case 'MEMBER_ROLE_CHANGED': {
      const userId = required(row, 'subjectId')
      return { ...common, type: 'MemberRoleChanged', userId, role: required(row, 'role') }
    }
    case 'CHAT_UPDATED':
      return { ...common, type: 'ChatUpdated' }
    case 'CHAT_DELETED':
      return { ...common, type: 'ChatDeleted' }
    default:
      return row.type satisfies never
  }
}

function toMessage(row: EventRow): Message {
  const {
    chatId,
    senderId,
    clientMessageId,
    body,
    attachmentCount,
    replyToSeq,
    messageType: type,
    data,
  } = row
  const { sentAt, editedAt, deletedAt, expiresAt } = row
  const seq = required(row, 'messageSeq')
  const content = { body, attachmentCount, replyToSeq, type, data }
  return { chatId, seq, senderId, clientMessageId, ...content, sentAt, editedAt, deletedAt, expiresAt }
}

function required<Key extends keyof EventRow>(row: EventRow, key: Key): NonNullable<EventRow[Key]> {
  const value = row[key]
  if (value === null) throw new Error(`Event ${row.seq} of chat ${row.chatId} has no ${key}`)
  return value
}
