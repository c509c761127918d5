import type { ChatListPosition } from '../events/chat.ts'
import { type ChatId, isSubject, MAX_SEQ, parseGlobalId, type Seq, type UserId } from '../ids.ts'
import type { CursorCodec } from './connections.ts'

/** A position in a user's list of chats. */
export const chatCursor: CursorCodec<ChatListPosition> = {
  encode: ({ activityAt, chatId }) => `${activityAt.getTime()} ${chatId}`,
  decode: (text) => {
    const [, ms, id = ''] = /^(\d{1,15}) (.+)$/.exec(text) ?? []
    const parsed = parseGlobalId(`chat_${id}`)
    return parsed?.type === 'Chat'
      ? { activityAt: new Date(Number(ms)), chatId: parsed.id satisfies ChatId }
      : undefined
  },
}

/** A position in the members of a chat. */
export const memberCursor: CursorCodec<UserId> = {
  encode: (userId) => `member ${userId}`,
  decode: (text) => {
    const userId = /^member (.+)$/s.exec(text)?.[1] ?? ''
    return isSubject(userId) ? (userId as UserId) : undefined
  },
}

/** A position in the messages of a chat. */
export const seqCursor: CursorCodec<Seq> = {
  encode: (seq) => `seq ${seq}`,
  decode: (text) => {
    const seq = Number(/^seq (\d{1,10})$/.exec(text)?.[1] ?? NaN)
    return seq <= MAX_SEQ ? seq : undefined
  },
}
