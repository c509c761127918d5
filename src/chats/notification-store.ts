import type { ChatNotifications } from '../events/chat.ts'
import type { ChatId, UserId } from '../ids.ts'
import type { Statement } from '../store/sql/statement.ts'
import type { Writer } from '../store/sql/writer.ts'

export type NotificationStore = Readonly<{
  /** Returns false if the user is no member. */
  set(userId: UserId, chatId: ChatId, notifications: ChatNotifications): Promise<boolean>
  /** Returns those of the chats that the user is or was a member of. */
  find(userId: UserId, chatIds: readonly ChatId[]): Promise<ReadonlyMap<ChatId, ChatNotifications>>
}>

// One row of members by its primary key.
const SET: Statement = {
  name: 'chat_notifications_set',
  text: `
    UPDATE members SET is_muted = $3, muted_until = $4
    WHERE chat_id = $1 AND user_id = $2 AND left_seq IS NULL RETURNING chat_id`,
}

// Rows of members by their primary key.
const FIND: Statement = {
  name: 'chat_notifications_find',
  text: `
    SELECT m.chat_id AS "chatId", m.is_muted AS "isMuted", m.muted_until AS until
    FROM unnest($1::uuid[]) AS k(chat_id) JOIN members m ON m.chat_id = k.chat_id AND m.user_id = $2`,
}

type Row = Readonly<{ chatId: ChatId; isMuted: boolean; until: Date | null }>

/** Reads the primary: a member who has just muted a chat sees it muted. Few operations select it. */
export function createNotificationStore({ writer }: { writer: Pick<Writer, 'query'> }): NotificationStore {
  return {
    async set(userId, chatId, { level, until }) {
      return (await writer.query(SET, [chatId, userId, level === 'NONE', until])).length > 0
    },
    async find(userId, chatIds) {
      const rows = await writer.query<Row>(FIND, [chatIds, userId])
      return new Map(
        rows.map(({ chatId, isMuted, until }) => [chatId, { level: isMuted ? 'NONE' : 'ALL', until }]),
      )
    },
  }
}
