import { type ChatId, type MessageId, type Seq, SYSTEM_USER_ID, type UserId } from '../ids.ts'
import type { Range } from '../lib/range.ts'
import type { MembershipPeriod } from '../events/membership-period.ts'
import type { Reader } from '../store/sql/reader.ts'
import type { Statement } from '../store/sql/statement.ts'
import type { Message, Reaction } from '../events/message.ts'
import { messageOf, PAGE_COLUMNS, PAGE_ROW, pageOf, type PageRow } from './page-rows.ts'

/** A membership period in one chat. */
export type ChatPeriod = MembershipPeriod & Readonly<{ chatId: ChatId }>

/** Messages of one chat within the periods, in order of seq: `limit` of them, from either end. */
export type PageKey = Readonly<{ chatId: ChatId; periods: readonly MembershipPeriod[] }> &
  Pick<Range<Seq>, 'limit' | 'inverted'>

export type UnreadKey = Readonly<{ chatId: ChatId; userId: UserId; afterSeq: Seq; untilSeq: Seq }>

export type MessageStore = Readonly<{
  /** Returns the messages that exist, in no particular order. */
  findMany(ids: readonly MessageId[]): Promise<readonly Message[]>
  /** Returns whether the sender has a message with this key in the chat. Reads the primary. */
  hasKey(chatId: ChatId, senderId: UserId, clientMessageId: string): Promise<boolean>
  /** Returns a page of messages for each key, in one statement for each direction. */
  pages(keys: readonly PageKey[]): Promise<readonly (readonly Message[])[]>
  /** Returns the newest message of each period, in the order of the periods. Omits periods without a message. */
  newest(periods: readonly ChatPeriod[]): Promise<readonly Message[]>
  /**
   * Counts the messages from other users in each range that are neither deleted nor expired, up to `ceiling`, in
   * the order of the keys. Messages of the system do not count. Examines only the newest `MAX_EXAMINED` messages of
   * a range.
   */
  countUnread(keys: readonly UnreadKey[], ceiling: number): Promise<readonly number[]>
  /** Returns the reactions to each message, the emoji that was used first ahead. */
  reactions(ids: readonly MessageId[]): Promise<readonly (MessageId & Reaction)[]>
}>

const COLUMNS = `
  m.chat_id AS "chatId", m.seq, m.sender_id AS "senderId", m.client_message_id AS "clientMessageId", m.body,
  m.reply_to_seq AS "replyToSeq", m.sent_at AS "sentAt", m.edited_at AS "editedAt",
  m.deleted_at AS "deletedAt", m.expires_at AS "expiresAt", m.attachment_count AS "attachmentCount",
  m.type, m.data`

// One row per id by the primary key of messages. Takes no lock, as all statements of this file.
const FIND_MANY = {
  name: 'message_find_many',
  text: `
    SELECT ${COLUMNS}
    FROM unnest($1::uuid[], $2::int[]) AS k(chat_id, seq)
      JOIN messages m ON m.chat_id = k.chat_id AND m.seq = k.seq`,
}

// One row by the unique key (chat, sender, client key).
const HAS_KEY = {
  name: 'message_has_key',
  text: 'SELECT 1 FROM messages WHERE chat_id = $1 AND sender_id = $2 AND client_message_id = $3',
}

// Per page and period, a range of the primary key of messages, read from the same end and no further than the page.
const list = (inverted: boolean): Statement => ({
  name: inverted ? 'message_list_backwards' : 'message_list',
  columns: PAGE_COLUMNS,
  text: `
    SELECT ${PAGE_ROW}
    FROM unnest($1::int[], $2::uuid[], $3::int[]) AS wanted(page, chat_id, size)
      CROSS JOIN LATERAL (
        SELECT found.* FROM unnest($4::int[], $5::int[], $6::int[]) AS period(page, first, last)
          CROSS JOIN LATERAL (
            SELECT * FROM messages m
            WHERE m.chat_id = wanted.chat_id AND m.seq >= period.first AND m.seq <= period.last
            ORDER BY m.seq ${inverted ? 'DESC' : 'ASC'}
            LIMIT wanted.size
          ) found
        WHERE period.page = wanted.page
        ORDER BY found.seq ${inverted ? 'DESC' : 'ASC'}
        LIMIT wanted.size
      ) m`,
})
const LIST = { forwards: list(false), backwards: list(true) }

// The last row of a range of the primary key of messages per period.
const NEWEST = {
  name: 'message_newest',
  text: `
    SELECT m.* FROM unnest($1::uuid[], $2::int[], $3::int[]) WITH ORDINALITY AS period(chat_id, first, last, ordinal)
      CROSS JOIN LATERAL (
        SELECT ${COLUMNS} FROM messages m
        WHERE m.chat_id = period.chat_id AND m.seq >= period.first AND m.seq <= period.last
        ORDER BY m.seq DESC LIMIT 1
      ) m
    ORDER BY period.ordinal`,
}

/** A bound for ranges with many messages that do not count, such as the user's own or deleted ones. */
const MAX_EXAMINED = 10_000

// A range of the primary key of messages per key, from its end, until the ceiling or the bound is reached.
const COUNT_UNREAD = {
  name: 'message_count_unread',
  text: `
    SELECT (
      SELECT count(*)::int FROM (
        SELECT FROM (
          SELECT m.sender_id, m.deleted_at, m.expires_at FROM messages m
          WHERE m.chat_id = k.chat_id AND m.seq > k.after_seq AND m.seq <= k.until_seq
          ORDER BY m.seq DESC LIMIT $6
        ) newest
        WHERE newest.sender_id <> k.user_id AND newest.sender_id <> '${SYSTEM_USER_ID}' AND newest.deleted_at IS NULL
          AND (newest.expires_at IS NULL OR newest.expires_at > now())
        LIMIT $5
      ) unread
    ) AS count
    FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[])
      WITH ORDINALITY AS k(chat_id, user_id, after_seq, until_seq, ordinal)
    ORDER BY k.ordinal`,
}

// A range of the primary key of reactions per message.
const REACTIONS = {
  name: 'message_reactions',
  text: `
    SELECT r.chat_id AS "chatId", r.message_seq AS seq, r.emoji, array_agg(r.user_id ORDER BY r.at, r.user_id) AS "userIds"
    FROM unnest($1::uuid[], $2::int[]) AS k(chat_id, seq)
      JOIN reactions r ON r.chat_id = k.chat_id AND r.message_seq = k.seq
    GROUP BY r.chat_id, r.message_seq, r.emoji
    ORDER BY min(r.at), r.emoji`,
}

const columnsOf = (ids: readonly MessageId[]): unknown[] => [
  ids.map((id) => id.chatId),
  ids.map((id) => id.seq),
]

const boundsOf = (periods: readonly MembershipPeriod[]): unknown[] => [
  periods.map(({ first }) => first),
  periods.map(({ last }) => last),
]

/** The rows of a page come in order already, which takes a comparison each. The statement does not promise it. */
const oldestFirst = (one: Message, other: Message): number => one.seq - other.seq
const newestFirst = (one: Message, other: Message): number => other.seq - one.seq

function pageValues(keys: readonly PageKey[], wanted: readonly number[]): unknown[] {
  const periods = wanted.flatMap((page) => (keys[page]?.periods ?? []).map((period) => ({ page, ...period })))
  return [
    wanted,
    wanted.map((page) => keys[page]?.chatId),
    wanted.map((page) => keys[page]?.limit),
    periods.map(({ page }) => page),
    ...boundsOf(periods),
  ]
}

export function createMessageStore({ reader }: { reader: Reader }): MessageStore {
  return {
    findMany: (ids) => reader.query<Message>(FIND_MANY, columnsOf(ids)),
    hasKey: async (...key) => (await reader.query(HAS_KEY, key)).length > 0,
    newest: (periods) =>
      reader.query<Message>(NEWEST, [periods.map(({ chatId }) => chatId), ...boundsOf(periods)]),
    reactions: (ids) => reader.query<MessageId & Reaction>(REACTIONS, columnsOf(ids)),

    async pages(keys) {
      const pages = keys.map((): Message[] => [])
      const read = async (statement: Statement, wanted: readonly number[]): Promise<void> => {
        if (wanted.length === 0) return
        const rows = await reader.query<PageRow>(statement, pageValues(keys, wanted))
        for (const row of rows) {
          const page = pageOf(row)
          pages[page]?.push(messageOf(row, keys[page]?.chatId as ChatId))
        }
      }
      const numbers = [...keys.keys()]
      await Promise.all([
        read(
          LIST.backwards,
          numbers.filter((page) => keys[page]?.inverted),
        ),
        read(
          LIST.forwards,
          numbers.filter((page) => keys[page]?.inverted === false),
        ),
      ])
      pages.forEach((page, number) => page.sort(keys[number]?.inverted === true ? newestFirst : oldestFirst))
      return pages
    },

    async countUnread(keys, ceiling) {
      const rows = await reader.query<{ count: number }>(COUNT_UNREAD, [
        keys.map((key) => key.chatId),
        keys.map((key) => key.userId),
        keys.map((key) => key.afterSeq),
        keys.map((key) => key.untilSeq),
        ceiling,
        MAX_EXAMINED,
      ])
      return rows.map((row) => row.count)
    },
  }
}
