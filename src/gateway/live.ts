import type { ChatEvent } from '../chats/chat-event.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'

/** A member's watermarks moved. The newest is the truth: an older one may be left out. */
export type ReceiptAdvanced = Readonly<{
  type: 'ReceiptAdvanced'
  chatId: ChatId
  userId: UserId
  deliveredSeq: Seq
  readSeq: Seq
  at: Date
}>

/** What is passed on to live streams: entries of a log, and signals that are in none. */
export type LiveItem = ChatEvent | ReceiptAdvanced

/** A live stream of one person on this gateway. */
export type Listener = Readonly<{
  userId: UserId
  /** Takes an item in, in order; never blocks and never throws. */
  push(item: LiveItem): void
}>
