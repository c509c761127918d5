import { elapsedMs } from '../lib/clock.ts'
import { createMessageChanger } from '../messages/change-message.ts'
import { createChangeStore } from '../messages/change-store.ts'
import { measureCommits } from '../messages/commit-latency.ts'
import { createDurableAppend } from '../messages/durable-append.ts'
import { createExpiryStore } from '../messages/expiry-store.ts'
import { createMessageExpiry } from '../messages/message-expiry.ts'
import { createAppendStore } from '../messages/append-store.ts'
import { createMessageStore } from '../messages/message-store.ts'
import { createMessages } from '../messages/messages.ts'
import { createMessageSender } from '../messages/send-message.ts'
import type { ChatParts } from './chats.ts'
import type { Foundation } from './foundation.ts'
import type { GatewayParts } from './gateway.ts'
import type { MediaParts } from './media.ts'

export type MessageParts = ReturnType<typeof wireMessages>

/** Sending, changing and expiring messages. */
export function wireMessages(
  { database, metrics, logger }: Foundation,
  { chatLog }: ChatParts,
  { routing, change }: GatewayParts,
  { attachmentStore }: MediaParts,
) {
  const { claim: claimUploads, release } = attachmentStore
  const writer = database.durableWriter
  const appendStore = measureCommits(createAppendStore({ writer, claimUploads }), elapsedMs)
  const messages = createMessages({ store: createMessageStore(database) })
  const messageSender = createMessageSender({
    append: createDurableAppend({
      store: appendStore,
      chatLog,
      publish: routing.router.publish,
      metrics,
      logger,
    }),
    findMessage: async (id) => (await messages.findMany([id]))[0],
    metrics,
  })
  metrics.gauge('lane_depth', 'Messages that wait to be stored.', () => messageSender.depth())
  return {
    commitMs: appendStore.commitMs,
    messages,
    messageSender,
    messageChanger: createMessageChanger({ change, store: createChangeStore(release) }),
    messageExpiry: createMessageExpiry({ store: createExpiryStore(database), metrics, logger }),
  }
}
