import type { ChatEvent } from './chat-event.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'

/** A member's watermarks moved. The newest is the truth: an older one may be left out. */
export type ReceiptAdvanced = Readonly<{
  type: 'ReceiptAdvanced'
  chatId: ChatId
  userId: UserId
  deliveredSeq: Seq
  readSeq: Seq
  at: Date
  /** Whom it is for; undefined: all members of the chat. */
  onlyTo?: readonly UserId[] | undefined
}>

/** Somebody began to type, or stopped. Never stored: who does not hear of it has missed nothing. */
export type TypingChanged = Readonly<{
  type: 'TypingChanged'
  chatId: ChatId
  userId: UserId
  typing: boolean
}>

/** What concerns a chat and is in no log. */
export type Signal = ReceiptAdvanced | TypingChanged

/** What is passed on to live streams. */
export type LiveItem = ChatEvent | Signal

/** A live stream of one person on this gateway. */
export type LiveSubscriber = Readonly<{
  userId: UserId
  /** Takes an item in, in order; never blocks and never throws. */
  push(item: LiveItem): void
  /** It has missed what can't be pushed any more: its reader has to come back and catch up. Never throws. */
  restart(): void
}>
