import type { Chats } from '../chats/chats.ts'
import { requirePresent } from '../chats/roles.ts'
import type { TypingChanged } from '../events/signal.ts'
import type { ChatId, UserId } from '../ids.ts'

export type Typing = Readonly<{
  /**
   * Delivers to the connected members of the chat that the user is typing, or has stopped. To be repeated every
   * three seconds while it lasts: members receive it again, and after five seconds of silence the user has stopped.
   * Errors:
   *
   * - `NOT_FOUND` – no such chat, or the user never was a member of it.
   * - `FORBIDDEN` – the user has left the chat.
   */
  set(userId: UserId, chatId: ChatId, isTyping: boolean): Promise<void>
}>

type Dependencies = Readonly<{
  chats: Pick<Chats, 'require'>
  /** Never throws. */
  publishSignals(signals: readonly TypingChanged[]): void
}>

export function createTyping({ chats, publishSignals }: Dependencies): Typing {
  return {
    async set(userId, chatId, isTyping) {
      // Read each time: another gateway may have removed the user a moment ago.
      requirePresent((await chats.require(userId, chatId)).member)
      publishSignals([{ type: 'TypingChanged', chatId, userId, typing: isTyping }])
    },
  }
}
