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
import { hookMessages } from '../messages/hooked-messages.ts'
import { createMessageHook } from '../messages/message-hook.ts'
import { post } from '../transport/outgoing/post.ts'
import type { ChatParts } from './chats.ts'
import type { Foundation } from './foundation.ts'
import type { GatewayParts } from './gateway.ts'
import type { MediaParts } from './media.ts'

export type MessageParts = ReturnType<typeof wireMessages>

/** Sending, changing and expiring messages. */
export function wireMessages(
  { config, secrets, database, metrics, logger }: Foundation,
  { chatLog }: ChatParts,
  { routing, change }: GatewayParts,
  { attachmentStore }: MediaParts,
) {
  const { claim: claimUploads, release } = attachmentStore
  const writer = database.durableWriter
  const appendStore = measureCommits(createAppendStore({ writer, claimUploads }), elapsedMs)
  const store = createMessageStore(database)
  const messages = createMessages({ store })
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
  const messageChanger = createMessageChanger({ change, store: createChangeStore(release) })
  const { hook, hookSecret: secret } = { ...config, ...secrets }
  const ofUsers =
    hook === undefined || secret === undefined
      ? { messageSender, messageChanger }
      : hookMessages({
          hook: createMessageHook({ ...hook, secret, post, metrics, logger }),
          messageSender,
          messageChanger,
          store,
        })
  metrics.gauge('lane_depth', 'Messages that wait to be stored.', () => messageSender.depth())
  return {
    commitMs: appendStore.commitMs,
    messages,
    ...ofUsers,
    /** Without the message hook: for messages that come from the product itself. */
    unhooked: { messageSender, messageChanger },
    messageExpiry: createMessageExpiry({ store: createExpiryStore(database), metrics, logger }),
  }
}
