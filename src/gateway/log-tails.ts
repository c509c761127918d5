import { LRUCache } from 'lru-cache'
import { type ChatEvent, changesMembers } from '../events/chat-event.ts'
import type { ChatId, Seq } from '../ids.ts'

/** What is known of the end of a log: how far it reaches, and its newest change of members. 0: none is known. */
export type LogTail = Readonly<{ headSeq: Seq; membersSeq: Seq }>

/** What a gateway remembers of chats that nobody there hears of. */
export type LogTails = Readonly<{
  /** An event came by that concerned nobody here. */
  note(event: ChatEvent): void
  /** The last person who heard of the chat here is gone. */
  keep(chatId: ChatId, tail: LogTail): void
  get(chatId: ChatId): LogTail
  forget(chatId: ChatId): void
}>

/** The least recently used goes first. A tail is needed only within moments of the event. */
const MAX_CHATS = 10_000
const NOTHING: LogTail = { headSeq: 0, membersSeq: 0 }

/**
 * Somebody may be about to be served a chat that was read a moment ago, while what has happened in it since comes by.
 * Nobody hears of the chat yet, or any more, so the event is passed on to nobody; that it was there is remembered.
 */
export function createLogTails(): LogTails {
  const tails = new LRUCache<ChatId, LogTail>({ max: MAX_CHATS })
  const get = (chatId: ChatId): LogTail => tails.get(chatId) ?? NOTHING

  function keep(chatId: ChatId, { headSeq, membersSeq }: LogTail): void {
    const known = get(chatId)
    const newest = {
      headSeq: Math.max(known.headSeq, headSeq),
      membersSeq: Math.max(known.membersSeq, membersSeq),
    }
    tails.set(chatId, newest)
  }

  return {
    note: (event) =>
      keep(event.chatId, { headSeq: event.seq, membersSeq: changesMembers(event) ? event.seq : 0 }),
    keep,
    get,
    forget: (chatId) => tails.delete(chatId),
  }
}
