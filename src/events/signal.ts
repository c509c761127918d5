import type { ChatEvent } from './chat-event.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'

/** A member's watermarks advanced. Older ones may be dropped: each holds the whole state. */
export type ReceiptAdvanced = Readonly<{
  type: 'ReceiptAdvanced'
  chatId: ChatId
  userId: UserId
  deliveredSeq: Seq
  readSeq: Seq
  at: Date
  /** The recipients. Undefined: all members of the chat. */
  onlyTo?: readonly UserId[] | undefined
}>

/**
 * A member types, or has stopped. Repeated while the member goes on typing. Never stored, and never repeated to a
 * gateway that missed it.
 */
export type TypingChanged = Readonly<{
  type: 'TypingChanged'
  chatId: ChatId
  userId: UserId
  typing: boolean
}>

/** A change in a chat that is not in its log. */
export type Signal = ReceiptAdvanced | TypingChanged

/** An item that live streams receive. */
export type LiveItem = ChatEvent | Signal

/** A live stream of one user on this gateway. */
export type LiveSubscriber = Readonly<{
  userId: UserId
  /** Accepts the next item. Never blocks and never throws. */
  push(item: LiveItem): void
  /**
   * Ends the stream, because it has missed something that can not be pushed any more. Its client reconnects and
   * catches up. Never throws.
   */
  restart(): void
}>
