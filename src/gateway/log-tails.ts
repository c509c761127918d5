import { LRUCache } from 'lru-cache'
import { type ChatEvent, changesMembers } from '../events/chat-event.ts'
import type { ChatId, Seq } from '../ids.ts'

/** The known head of a log and its newest membership change. 0: none is known. */
export type LogTail = Readonly<{ headSeq: Seq; membersSeq: Seq }>

/** The log tails of chats that this gateway does not serve. */
export type LogTails = Readonly<{
  /** An event arrived for a chat that is not served. */
  observe(event: ChatEvent): void
  /** The chat is not served any more. */
  keep(chatId: ChatId, tail: LogTail): void
  get(chatId: ChatId): LogTail
  forget(chatId: ChatId): void
}>

/** The least recently used tail is evicted. A tail is needed only within moments of the event. */
const MAX_CHATS = 10_000
const UNKNOWN: LogTail = { headSeq: 0, membersSeq: 0 }

/**
 * A new stream reads its memberships from the database, then adds them to the hub. Events of a chat that arrive in
 * between are delivered to no stream, because the chat is not served yet. The tail shows that they exist.
 */
export function createLogTails(): LogTails {
  const tails = new LRUCache<ChatId, LogTail>({ max: MAX_CHATS })
  const get = (chatId: ChatId): LogTail => tails.get(chatId) ?? UNKNOWN

  function keep(chatId: ChatId, { headSeq, membersSeq }: LogTail): void {
    const known = get(chatId)
    const newest = {
      headSeq: Math.max(known.headSeq, headSeq),
      membersSeq: Math.max(known.membersSeq, membersSeq),
    }
    tails.set(chatId, newest)
  }

  return {
    observe: (event) =>
      keep(event.chatId, { headSeq: event.seq, membersSeq: changesMembers(event) ? event.seq : 0 }),
    keep,
    get,
    forget: (chatId) => tails.delete(chatId),
  }
}
