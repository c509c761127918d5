import type { Chats } from '../chats/chats.ts'
import { requirePresent } from '../chats/roles.ts'
import type { TypingChanged } from '../events/signal.ts'
import type { ChatId, UserId } from '../ids.ts'

export type Typing = Readonly<{
  /**
   * Tells the chat's members who are connected that somebody types, or has stopped. To be said again every few seconds
   * while it lasts: five seconds of silence count as having stopped. NOT_FOUND where the chat is none of theirs,
   * FORBIDDEN where they have left it.
   */
  set(userId: UserId, chatId: ChatId, isTyping: boolean): Promise<void>
}>

type Dependencies = Readonly<{
  chats: Pick<Chats, 'require'>
  /** Passes it on. Never throws. */
  announce(signals: readonly TypingChanged[]): void
}>

export function createTyping({ chats, announce }: Dependencies): Typing {
  return {
    async set(userId, chatId, isTyping) {
      // Looked up each time: whoever was removed a moment ago, through another gateway, types no more.
      requirePresent((await chats.require(userId, chatId)).member)
      announce([{ type: 'TypingChanged', chatId, userId, typing: isTyping }])
    },
  }
}
