import { Prisma } from '../store/generated/client.ts'
import type { JsonObject } from '../lib/bounded-json.ts'
import type { ChatId, MemberId, UserId } from '../ids.ts'
import type { Statement } from '../store/sql/statement.ts'
import type { Reader } from '../store/sql/reader.ts'
import type { Transaction } from '../store/sql/transaction.ts'
import type { Writer } from '../store/sql/writer.ts'
import type { Range } from '../lib/range.ts'
import type {
  Chat,
  ChatListPosition,
  ChatView,
  LowestWatermarks,
  Member,
  ViewedMember,
  WatermarkKey,
} from '../events/chat.ts'
import {
  asSeen,
  CHAT_COLUMNS,
  MEMBER_COLUMNS,
  type MemberRow,
  type MembershipRow,
  toMember,
  toView,
  VIEW_COLUMNS,
  type ViewRow,
} from './view-rows.ts'

export type ChatStore = Readonly<{
  /** Returns the chats that exist and are not deleted, in no particular order. */
  chats(chatIds: readonly ChatId[]): Promise<readonly Chat[]>
  /** Returns each chat as the named member sees it. Omits chats of which that user was never a member. */
  views(viewers: readonly MemberId[]): Promise<readonly ChatView[]>
  /** Returns a page of the user's chats, most recently active first. */
  list(userId: UserId, range: Range<ChatListPosition>): Promise<readonly ChatView[]>
  /** Returns a page of the present members in order of id. */
  members(chatId: ChatId, range: Range<UserId>): Promise<readonly Member[]>
  /** Returns each membership as its viewer sees it; see `asSeen`. Omits those that the viewer cannot know of. */
  memberships(keys: readonly ViewedMemberId[]): Promise<readonly ViewedMember[]>
  /** Returns the lowest watermarks of all members but `exceptId`; see `LowestWatermarks`. */
  lowestWatermarks(keys: readonly WatermarkKey[]): Promise<readonly LowestWatermarks[]>
  /**
   * Returns the direct chat of two users, or undefined. When this resolves, the chat that it returns is as durable as a
   * commit of its own: see `FIND_DIRECT_CHAT`.
   */
  findDirectChat(pair: readonly [UserId, UserId]): Promise<ChatId | undefined>
  /** Creates the direct chat of two users, or returns the existing one as `findDirectChat` does. */
  createDirectChat(id: ChatId, creatorId: UserId, pair: readonly [UserId, UserId]): Promise<ChatId>
}>

/** The settings of a chat that members may change. */
export type ChatSettings = Pick<Chat, 'title' | 'messageTtlSeconds' | 'data'>

/** A membership, and the user who looks at it. */
export type ViewedMemberId = MemberId & Readonly<{ viewerId: UserId }>

// Per viewer, one row by the primary keys of chats and members. Takes no lock.
const VIEWS: Statement = {
  name: 'chat_views',
  columns: VIEW_COLUMNS,
  text: `
    SELECT ${CHAT_COLUMNS}, ${MEMBER_COLUMNS}
    FROM unnest($1::uuid[], $2::text[]) AS wanted(id, viewer_id)
      JOIN chats c ON c.id = wanted.id
      JOIN members m ON m.chat_id = c.id AND m.user_id = wanted.viewer_id`,
}

// The index of members on user_id, then the primary key of chats. Takes no lock. Not on the hot path: reads and sorts
// all chats of one user.
const list = (inverted: boolean): { name: string; text: string } => ({
  name: inverted ? 'chat_list_backwards' : 'chat_list',
  text: `
    SELECT ${CHAT_COLUMNS}, ${MEMBER_COLUMNS}
    FROM members m
      JOIN chats c ON c.id = m.chat_id
      CROSS JOIN LATERAL (SELECT COALESCE(m.left_at, c.last_activity_at)) AS a(activity_at)
    WHERE m.user_id = $1 AND c.deleted_at IS NULL
      AND (c.kind = 'GROUP' OR c.head_seq > 0 OR c.creator_id = $1)
      AND ($2::timestamptz IS NULL OR (a.activity_at, c.id) < ($2, $3::uuid))
      AND ($4::timestamptz IS NULL OR (a.activity_at, c.id) > ($4, $5::uuid))
    ORDER BY a.activity_at ${inverted ? 'ASC' : 'DESC'}, c.id ${inverted ? 'ASC' : 'DESC'}
    LIMIT $6`,
})

// A range of the primary key of members, within one chat. Takes no lock.
const members = (inverted: boolean): { name: string; text: string } => ({
  name: inverted ? 'chat_members_backwards' : 'chat_members',
  text: `
    SELECT m.chat_id AS "chatId", ${MEMBER_COLUMNS}
    FROM members m
    WHERE m.chat_id = $1 AND m.left_seq IS NULL
      AND ($2::text IS NULL OR m.user_id > $2)
      AND ($3::text IS NULL OR m.user_id < $3)
    ORDER BY m.user_id ${inverted ? 'DESC' : 'ASC'}
    LIMIT $4`,
})

// Per key, two rows of members by its primary key. For a viewer who has left and a member who joined again after that,
// also two rows of chat_events and one of chats by their primary keys. Takes no lock.
const MEMBERSHIPS = {
  name: 'chat_memberships',
  text: `
    SELECT viewer.user_id AS "viewerId", viewer.left_seq AS "viewerLeftSeq", m.chat_id AS "chatId", ${MEMBER_COLUMNS},
      past.first AS "pastFirst", past.last AS "pastLast",
      past.joined_at AS "pastJoinedAt", past.left_at AS "pastLeftAt"
    FROM unnest($1::text[], $2::uuid[], $3::text[]) AS wanted(viewer_id, chat_id, user_id)
      JOIN members viewer ON viewer.chat_id = wanted.chat_id AND viewer.user_id = wanted.viewer_id
      JOIN members m ON m.chat_id = wanted.chat_id AND m.user_id = wanted.user_id
      LEFT JOIN LATERAL (
        SELECT lower(stay) AS first, upper(stay) - 1 AS last,
          COALESCE((SELECT at FROM chat_events WHERE chat_id = c.id AND seq = lower(stay)), c.created_at) AS joined_at,
          COALESCE((SELECT at FROM chat_events WHERE chat_id = c.id AND seq = upper(stay) - 1), c.created_at) AS left_at
        FROM unnest(m.earlier_stays) AS stay JOIN chats c ON c.id = m.chat_id
        WHERE lower(stay) <= viewer.left_seq
        ORDER BY lower(stay) DESC LIMIT 1
      ) past ON viewer.left_seq < m.joined_seq`,
}

const LIST = { forwards: list(false), backwards: list(true) }
const MEMBERS = { forwards: members(false), backwards: members(true) }

// All members of each chat by the primary key of members, once per key. Takes no lock.
const LOWEST_WATERMARKS = {
  name: 'chat_lowest_watermarks',
  text: `
    SELECT k.chat_id AS "chatId", k.except_id AS "exceptId",
      COALESCE(min(m.delivered_seq) FILTER (WHERE m.left_seq IS NULL), max(m.delivered_seq)) AS "deliveredSeq",
      COALESCE(min(m.read_seq) FILTER (WHERE m.left_seq IS NULL), max(m.read_seq)) AS "readSeq"
    FROM unnest($1::uuid[], $2::text[]) AS k(chat_id, except_id)
      JOIN members m ON m.chat_id = k.chat_id AND m.user_id <> k.except_id
    GROUP BY k.chat_id, k.except_id`,
}

// Locks one row of direct_chats, by its primary key. The lock makes this statement write to the server's log, after the
// commit that created the chat. So with a synchronous standby this commit confirms that one, even if its own
// confirmation was lost. The row is not that of the chat, so no send waits for the lock.
const FIND_DIRECT_CHAT = {
  name: 'direct_chat_find',
  text: `
    SELECT chat_id AS "chatId" FROM direct_chats WHERE low_user_id = $1 AND high_user_id = $2
    FOR NO KEY UPDATE`,
}

// Inserts into direct_chats, chats and members, in this order. Two concurrent calls wait for each other only at the
// primary key of direct_chats: the second inserts nothing and then finds the chat of the first. One statement, so that
// no reader sees a chat without members.
const CREATE_DIRECT_CHAT = {
  name: 'direct_chat_create',
  text: `
    WITH pair AS (
      INSERT INTO direct_chats (low_user_id, high_user_id, chat_id) VALUES ($3, $4, $1)
      ON CONFLICT DO NOTHING RETURNING chat_id
    ), chat AS (
      INSERT INTO chats (id, kind, creator_id, member_count)
      SELECT chat_id, 'DIRECT', $2, 2 FROM pair RETURNING id
    )
    INSERT INTO members (chat_id, user_id)
    SELECT chat.id, member.id FROM chat, unnest(ARRAY[$3, $4]) AS member(id)
    RETURNING chat_id AS "chatId"`,
}

export function createChatStore({ writer, reader }: { writer: Writer; reader: Reader }): ChatStore {
  async function findDirectChat(pair: readonly [UserId, UserId]): Promise<ChatId | undefined> {
    return (await writer.query<{ chatId: ChatId }>(FIND_DIRECT_CHAT, pair))[0]?.chatId
  }

  return {
    async views(viewers) {
      const rows = await reader.query<ViewRow>(VIEWS, [
        viewers.map(({ chatId }) => chatId),
        viewers.map(({ userId }) => userId),
      ])
      return rows.map(toView)
    },

    async chats(chatIds) {
      const rows = await reader.prisma.chat.findMany({
        where: { id: { in: [...chatIds] }, deletedAt: null },
        omit: { membersSeq: true },
      })
      return rows.map((row) => ({
        ...row,
        id: row.id as ChatId,
        creatorId: row.creatorId as UserId,
        data: row.data as JsonObject | null,
      }))
    },

    async list(userId, { after, before, limit, inverted }) {
      const statement = inverted ? LIST.backwards : LIST.forwards
      const bounds = [after?.activityAt, after?.chatId, before?.activityAt, before?.chatId]
      const rows = await reader.query<ViewRow>(statement, [userId, ...bounds, limit])
      return rows.map(toView)
    },

    async members(chatId, { after, before, limit, inverted }) {
      const statement = inverted ? MEMBERS.backwards : MEMBERS.forwards
      return (await reader.query<MemberRow>(statement, [chatId, after, before, limit])).map(toMember)
    },

    async memberships(keys) {
      const rows = await reader.query<MembershipRow>(MEMBERSHIPS, [
        keys.map((key) => key.viewerId),
        keys.map((key) => key.chatId),
        keys.map((key) => key.userId),
      ])
      return rows.flatMap((row) => asSeen(row) ?? [])
    },

    async lowestWatermarks(keys) {
      const values = [keys.map((key) => key.chatId), keys.map((key) => key.exceptId)]
      return reader.query<LowestWatermarks>(LOWEST_WATERMARKS, values)
    },

    findDirectChat,

    async createDirectChat(id, creatorId, pair) {
      const created = await writer.query<{ chatId: ChatId }>(CREATE_DIRECT_CHAT, [id, creatorId, ...pair])
      const chatId = created[0]?.chatId ?? (await findDirectChat(pair))
      if (chatId === undefined) throw new Error('The direct chat disappeared between two statements')
      return chatId
    },
  }
}

/** Writes the settings. The transaction must hold the lock on the chat's row. */
export async function writeSettings(tx: Transaction, id: ChatId, settings: ChatSettings): Promise<void> {
  const { title, messageTtlSeconds, data } = settings
  const columns = {
    title,
    messageTtlSeconds,
    data: data === null ? Prisma.DbNull : (data as Prisma.InputJsonObject),
  }
  await tx.prisma.chat.update({ where: { id }, data: columns })
}
