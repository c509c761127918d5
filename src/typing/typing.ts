import type { Audience } from '../chats/audience.ts'
import type { Chats } from '../chats/chats.ts'
import { requirePresent } from '../chats/roles.ts'
import type { TypingChanged } from '../gateway/live.ts'
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
  audience: Pick<Audience, 'memberIds'>
  chats: Pick<Chats, 'require'>
  /** Passes it on. Never throws. */
  announce(signals: readonly TypingChanged[]): void
}>

export function createTyping({ audience, chats, announce }: Dependencies): Typing {
  /** Who is a member is mostly known; only what would be refused is looked up. */
  async function requireMember(userId: UserId, chatId: ChatId): Promise<void> {
    const memberIds = await audience.memberIds(chatId, undefined)
    if (!memberIds.includes(userId)) requirePresent((await chats.require(userId, chatId)).member)
  }

  return {
    async set(userId, chatId, isTyping) {
      await requireMember(userId, chatId)
      announce([{ type: 'TypingChanged', chatId, userId, typing: isTyping }])
    },
  }
}
