import type { ChatListPosition } from '../events/chat.ts'
import { type ChatId, isSubject, MAX_SEQ, parseGlobalId, type Seq, type UserId } from '../ids.ts'
import type { CursorCodec } from './connections.ts'

/*
 * A cursor names its list, because a position says nothing in another one: after seq 3 of one chat, a client would get
 * the messages after seq 3 of the other, without noticing its mistake.
 */

/** A position in a user's list of chats. */
export function chatCursor(userId: UserId): CursorCodec<ChatListPosition> {
  return within(`chats ${userId}`, {
    encode: ({ activityAt, chatId }) => `${activityAt.getTime()} ${chatId}`,
    decode: (text) => {
      const [, ms, id = ''] = /^(\d{1,15}) (.+)$/.exec(text) ?? []
      const parsed = parseGlobalId(`chat_${id}`)
      return parsed?.type === 'Chat'
        ? { activityAt: new Date(Number(ms)), chatId: parsed.id satisfies ChatId }
        : undefined
    },
  })
}

/** A position in the members of a chat. */
export function memberCursor(chatId: ChatId): CursorCodec<UserId> {
  return within(`members ${chatId}`, {
    encode: (userId) => userId,
    decode: (text) => (isSubject(text) ? (text as UserId) : undefined),
  })
}

/** A position in the messages of a chat. */
export function seqCursor(chatId: ChatId): CursorCodec<Seq> {
  return within(`messages ${chatId}`, {
    encode: String,
    decode: (text) => {
      const seq = /^\d{1,10}$/.test(text) ? Number(text) : NaN
      return seq <= MAX_SEQ ? seq : undefined
    },
  })
}

function within<Position>(list: string, position: CursorCodec<Position>): CursorCodec<Position> {
  const prefix = `${list} `
  return {
    encode: (item) => prefix + position.encode(item),
    decode: (text) => (text.startsWith(prefix) ? position.decode(text.slice(prefix.length)) : undefined),
  }
}
