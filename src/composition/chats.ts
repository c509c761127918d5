import { createAudienceStore } from '../chats/audience-store.ts'
import { createAudience } from '../chats/audience.ts'
import { createChatLogStore } from '../chats/chat-log-store.ts'
import { createChatLog } from '../chats/chat-log.ts'
import { createChatStore } from '../chats/chat-store.ts'
import { createNotifications } from '../chats/chat-notifications.ts'
import { createNotificationStore } from '../chats/notification-store.ts'
import { createChats } from '../chats/chats.ts'
import { createDeletionStore } from '../chats/deletion-store.ts'
import { createDeletionSweep } from '../chats/deletion-sweep.ts'
import { createRetentionStore } from '../chats/retention-store.ts'
import { createRetention, type Retention } from '../chats/retention.ts'
import type { BackgroundLoop } from '../lib/background-loop.ts'
import type { ServiceLevels } from '../overload/service-levels.ts'
import type { Users } from '../users/users.ts'
import type { Foundation } from './foundation.ts'

export type ChatParts = ReturnType<typeof wireChats>

/** Chats, their logs, and which users an event goes to. */
export function wireChats({ database, clock }: Foundation, users: Users) {
  const { durableWriter: writer } = database
  return {
    chats: createChats({
      store: createChatStore({ ...database, writer }),
      userExists: async (id) => (await users.find(id)) !== undefined,
    }),
    chatLog: createChatLog({ store: createChatLogStore(database), writer }),
    notifications: createNotifications({ store: createNotificationStore({ writer }), clock }),
    audience: createAudience({ store: createAudienceStore(database), clock }),
  }
}

/** The background work that deletes the rows of deleted chats. */
export function wireDeletionSweep({ database, metrics, logger }: Foundation): BackgroundLoop {
  return createDeletionSweep({ store: createDeletionStore(database), metrics, logger })
}

/** The background work that deletes old events from the logs. */
export function wireRetention(
  { config, database, clock, metrics, logger }: Foundation,
  levels: Pick<ServiceLevels, 'modeOf'>,
): Retention {
  return createRetention({
    store: createRetentionStore(database),
    keepS: config.logRetentionS,
    isOn: () => levels.modeOf('retention') === 'on',
    clock,
    metrics,
    logger,
  })
}
