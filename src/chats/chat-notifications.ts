import { badInput, notFound } from '../errors.ts'
import type { ChatNotifications } from '../events/chat.ts'
import type { ChatId, UserId } from '../ids.ts'
import type { Clock } from '../lib/clock.ts'
import type { NotificationStore } from './notification-store.ts'

/**
 * Which chats cause notifications, per member. Gateways decide by it whether to push, so a change has effect on all
 * devices at once. It is no event: the log of a chat is for all of its members, and no item of the inbox is for a
 * change of one member alone. Other devices show it when they read the chat again.
 */
export type Notifications = Readonly<{
  /**
   * Errors:
   * - BAD_USER_INPUT – `until` has passed, or the level is ALL, which does not end.
   * - NOT_FOUND – no such chat, or the user is no member.
   */
  set(userId: UserId, chatId: ChatId, notifications: ChatNotifications): Promise<void>
  /** Returns them in the order of `chatIds`. */
  find(userId: UserId, chatIds: readonly ChatId[]): Promise<readonly ChatNotifications[]>
}>

const ALL: ChatNotifications = { level: 'ALL', until: null }

type Dependencies = Readonly<{ store: NotificationStore; clock: Clock }>

export function createNotifications({ store, clock }: Dependencies): Notifications {
  return {
    async set(userId, chatId, notifications) {
      const { level, until } = notifications
      if (until !== null && level === 'ALL') throw badInput('until needs the level NONE: ALL does not end')
      if (until !== null && until.getTime() <= clock.now()) throw badInput('until must be in the future')
      if (!(await store.set(userId, chatId, notifications))) throw notFound('Chat')
    },
    async find(userId, chatIds) {
      const found = await store.find(userId, chatIds)
      return chatIds.map((chatId) => atPresent(found.get(chatId) ?? ALL, clock.now()))
    },
  }
}

function atPresent(notifications: ChatNotifications, nowMs: number): ChatNotifications {
  const { until } = notifications
  return until !== null && until.getTime() <= nowMs ? ALL : notifications
}
