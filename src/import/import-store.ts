import { type ChatId, type Seq, SYSTEM_USER_ID, type UserId } from '../ids.ts'
import type { JsonObject } from '../lib/bounded-json.ts'
import type { Statement } from '../store/sql/statement.ts'
import type { Writer } from '../store/sql/writer.ts'
import type { ChatRecord, UserRecord } from './records.ts'

/** A message with its place in the log. */
export type PlacedMessage = Readonly<{
  chatId: ChatId
  seq: Seq
  senderId: UserId
  clientMessageId: string
  fingerprint: Buffer
  body: string
  replyToSeq: Seq | null
  type: string | null
  data: JsonObject | null
  sentAt: Date
}>

/** The head of a stored chat, and the key of the message there; null if that event is no message. */
export type StoredChat = Readonly<{ headSeq: Seq; lastKey: string | null }>

/** Each method may be repeated: it adds only what is missing. */
export type ImportStore = Readonly<{
  /** Adds users. Those that exist keep their names. */
  addUsers(users: readonly UserRecord[]): Promise<void>
  /** Adds a chat with its members, without messages. Returns its id, or that of the chat of an earlier import. */
  addChat(newId: ChatId, record: ChatRecord): Promise<ChatId>
  find(chatId: ChatId): Promise<StoredChat>
  /** Appends messages. Returns how many of them are in the logs now; the others have another message in their place. */
  append(messages: readonly PlacedMessage[]): Promise<number>
  /** Marks all messages of the chats as read by all members. */
  markRead(chatIds: readonly ChatId[]): Promise<void>
}>

// By the primary key of users. The time of an epoch, so that any token and any upsert is newer.
const ADD_USERS: Statement = {
  name: 'import_users',
  text: `
    INSERT INTO users (id, name, avatar_url, data, claims_issued_at)
    SELECT u.*, 'epoch'
    FROM unnest($1::text[], $2::text[], $3::text[], $4::json[]) AS u(id, name, avatar_url, data)
    ORDER BY u.id ON CONFLICT DO NOTHING`,
}

// Inserts into created_groups, chats, members and chat_events, in this order, as creating a group does.
const ADD_GROUP: Statement = {
  name: 'import_group',
  text: `
    WITH created AS (
      INSERT INTO created_groups (creator_id, client_chat_id, chat_id, fingerprint) VALUES ($1, $2, $3, '')
      ON CONFLICT DO NOTHING RETURNING chat_id
    ), chat AS (
      INSERT INTO chats
        (id, kind, title, creator_id, head_seq, members_seq, member_count, created_at, last_activity_at, data)
      SELECT chat_id, 'GROUP', $4, $1, 1, 1, cardinality($6::text[]), $5, $5, $8::json FROM created RETURNING id
    ), added AS (
      INSERT INTO members (chat_id, user_id, role, joined_at)
      SELECT chat.id, m.id, m.role::"MemberRole", $5 FROM chat, unnest($6::text[], $7::text[]) AS m(id, role)
    )
    INSERT INTO chat_events (chat_id, seq, type, at, actor_id) SELECT id, 1, 'CHAT_UPDATED', $5, $1 FROM chat`,
}

const FIND_GROUP: Statement = {
  name: 'import_group_find',
  text: `SELECT chat_id AS "chatId" FROM created_groups WHERE creator_id = $1 AND client_chat_id = $2`,
}

// Inserts into direct_chats, chats and members, in this order, as starting a direct chat does.
const ADD_DIRECT: Statement = {
  name: 'import_direct_chat',
  text: `
    WITH pair AS (
      INSERT INTO direct_chats (low_user_id, high_user_id, chat_id) VALUES ($1, $2, $3)
      ON CONFLICT DO NOTHING RETURNING chat_id
    ), chat AS (
      INSERT INTO chats (id, kind, creator_id, member_count, created_at, last_activity_at, data)
      SELECT chat_id, 'DIRECT', $1, 2, $4, $4, $5::json FROM pair RETURNING id
    )
    INSERT INTO members (chat_id, user_id, joined_at)
    SELECT chat.id, m.id, $4 FROM chat, unnest(ARRAY[$1, $2]) AS m(id)`,
}

const FIND_DIRECT: Statement = {
  name: 'import_direct_chat_find',
  text: `SELECT chat_id AS "chatId" FROM direct_chats WHERE low_user_id = $1 AND high_user_id = $2`,
}

// One row each of chats and messages, by their primary keys.
const FIND: Statement = {
  name: 'import_find',
  text: `
    SELECT c.head_seq AS "headSeq", m.client_message_id AS "lastKey"
    FROM chats c LEFT JOIN messages m ON m.chat_id = c.id AND m.seq = c.head_seq WHERE c.id = $1`,
}

// Locks the rows of chats in order of id, as all statements that lock several chats. A message whose place or key is
// taken is left out; COUNT_STORED finds it. Imported messages are not due to followers, so their positions move along.
const APPEND: Statement = {
  name: 'import_append',
  text: `
    WITH added AS (
      SELECT * FROM unnest(
        $1::uuid[], $2::int[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::int[], $8::timestamptz[],
        $9::text[], $10::json[]
      ) AS m(chat_id, seq, sender_id, client_message_id, fingerprint, body, reply_to_seq, sent_at, type, data)
    ), locked AS MATERIALIZED (
      SELECT id FROM chats WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
    ), stored AS (
      INSERT INTO messages
        (chat_id, seq, sender_id, client_message_id, fingerprint, body, reply_to_seq, sent_at, type, data)
      SELECT m.* FROM added m CROSS JOIN (SELECT count(*) FROM locked) AS every_lock_taken
      ON CONFLICT DO NOTHING RETURNING chat_id, seq, sender_id, sent_at
    ), events AS (
      INSERT INTO chat_events (chat_id, seq, type, actor_id, at, message_seq)
      SELECT chat_id, seq, 'MESSAGE_SENT', sender_id, sent_at, seq FROM stored
    ), newest AS (
      SELECT chat_id, max(seq) AS seq, max(sent_at) AS at FROM stored GROUP BY chat_id
    ), positions AS (
      INSERT INTO follower_positions AS p (chat_id, follower_id, seq)
      SELECT n.chat_id, f.id, n.seq FROM newest n JOIN followers f ON f.source = 'LOGS' ORDER BY n.chat_id, f.id
      ON CONFLICT (chat_id, follower_id) DO UPDATE SET seq = GREATEST(p.seq, EXCLUDED.seq)
    )
    UPDATE chats c SET head_seq = GREATEST(c.head_seq, n.seq), last_activity_at = GREATEST(c.last_activity_at, n.at)
    FROM newest n WHERE c.id = n.chat_id`,
}

const COUNT_STORED: Statement = {
  name: 'import_count_stored',
  text: `
    SELECT count(*)::int AS count
    FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[]) AS a(chat_id, seq, sender_id, client_message_id)
      JOIN messages m ON m.chat_id = a.chat_id AND m.seq = a.seq
        AND m.sender_id = a.sender_id AND m.client_message_id = a.client_message_id`,
}

// All members of each chat by the primary key of members.
const MARK_READ: Statement = {
  name: 'import_mark_read',
  text: `
    UPDATE members m SET delivered_seq = GREATEST(m.delivered_seq, c.head_seq), read_seq = GREATEST(m.read_seq, c.head_seq)
    FROM chats c WHERE c.id = m.chat_id AND m.chat_id = ANY ($1::uuid[]) AND m.read_seq < c.head_seq`,
}

export function createImportStore({
  writer,
}: {
  writer: Pick<Writer, 'query' | 'transaction'>
}): ImportStore {
  async function findOrThrow(statement: Statement, values: readonly unknown[]): Promise<ChatId> {
    const [found] = await writer.query<{ chatId: ChatId }>(statement, values)
    if (found === undefined) throw new Error('A chat disappeared between two statements')
    return found.chatId
  }

  return {
    async addUsers(users) {
      const columns = [users.map(({ id }) => id), users.map(({ name }) => name)]
      const data = users.map((user) => jsonOf(user.data))
      await writer.query(ADD_USERS, [...columns, users.map(({ avatarUrl }) => avatarUrl), data])
    },

    async addChat(newId, { id, kind, title, createdAt, members, data }) {
      if (kind === 'DIRECT') {
        const pair = members.map((member) => member.id).sort()
        await writer.query(ADD_DIRECT, [...pair, newId, createdAt, jsonOf(data)])
        return findOrThrow(FIND_DIRECT, pair)
      }
      const columns = [members.map((member) => member.id), members.map(({ role }) => role)]
      await writer.query(ADD_GROUP, [SYSTEM_USER_ID, id, newId, title, createdAt, ...columns, jsonOf(data)])
      return findOrThrow(FIND_GROUP, [SYSTEM_USER_ID, id])
    },

    async find(chatId) {
      const [chat] = await writer.query<StoredChat>(FIND, [chatId])
      if (chat === undefined) throw new Error('A chat disappeared between two statements')
      return chat
    },

    append: (messages) =>
      writer.transaction(async (tx) => {
        const keys = [
          messages.map(({ chatId }) => chatId),
          messages.map(({ seq }) => seq),
          messages.map(({ senderId }) => senderId),
          messages.map(({ clientMessageId }) => clientMessageId),
        ]
        await tx.query(APPEND, [
          ...keys,
          messages.map(({ fingerprint }) => fingerprint),
          messages.map(({ body }) => body),
          messages.map(({ replyToSeq }) => replyToSeq),
          messages.map(({ sentAt }) => sentAt),
          messages.map(({ type }) => type),
          messages.map(({ data }) => jsonOf(data)),
        ])
        return (await tx.query<{ count: number }>(COUNT_STORED, keys))[0]?.count ?? 0
      }),

    async markRead(chatIds) {
      await writer.query(MARK_READ, [chatIds])
    },
  }
}

function jsonOf(data: JsonObject | null): string | null {
  return data === null ? null : JSON.stringify(data)
}
