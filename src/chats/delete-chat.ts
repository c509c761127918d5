import type { ChatEvent } from '../events/chat-event.ts'
import { type ChatId, SYSTEM_USER_ID } from '../ids.ts'
import type { Change } from './chat-log.ts'
import type { DeletionStore } from './deletion-store.ts'
import type { DurableChange } from './durable-change.ts'

export type ChatDeleter = Readonly<{
  /**
   * Deletes a chat for all of its members, on behalf of the product's backend. Returns false if it was deleted before.
   *
   * Errors:
   * - NOT_FOUND – no such chat.
   * - UNAVAILABLE – not confirmed in time; may be repeated.
   */
  delete(chatId: ChatId): Promise<boolean>
}>

type ChatDeleted = Extract<ChatEvent, { type: 'ChatDeleted' }>

/*
 * A chat leaves in three steps, so that every member is told, also if their devices are away:
 *
 *   alive ──delete──▶ deleted ──────────────▶ emptied ──────────────▶ gone
 *                     the last event is       only the last event     no row is left
 *                     stored and published    and its members stay
 *
 * 1. One transaction appends the last event and ends all memberships with it. From the commit on, no call finds the
 *    chat. The event is delivered, replayed and repaired from the log as any other.
 * 2. A minute later the sweep deletes events, messages and files, a batch at a time.
 * 3. After 90 days it deletes the rest. A device that comes back later finds the chat missing from its list.
 */
export function createChatDeleter({
  change,
  store,
}: Readonly<{ change: DurableChange; store: Pick<DeletionStore, 'markDeleted'> }>): ChatDeleter {
  return {
    async delete(chatId) {
      const target = { chatId, actorId: SYSTEM_USER_ID, what: 'Chat', isDeletedToo: true } as const
      const events = await change<ChatDeleted>(target, async (tx, { kind, headSeq, now, isDeleted }) => {
        if (isDeleted) return []
        await store.markDeleted(tx, { chatId, kind, seq: headSeq + 1, at: now })
        return [CHAT_DELETED]
      })
      return events.length > 0
    },
  }
}

const CHAT_DELETED: Change<ChatDeleted> = {
  row: { type: 'ChatDeleted', actorId: SYSTEM_USER_ID },
  toEvent: (place) => ({ type: 'ChatDeleted', ...place, actorId: SYSTEM_USER_ID, joined: [] }),
}
