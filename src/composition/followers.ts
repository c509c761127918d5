import { createFollowerStore } from '../followers/follower-store.ts'
import { createFollowers, type Followers } from '../followers/followers.ts'
import { createDueStore } from '../followers/due-store.ts'
import { createDelivery } from '../followers/webhooks/deliver.ts'
import { followersOf } from '../followers/webhooks/followers-of-webhook.ts'
import { createStateStore } from '../followers/webhooks/state-store.ts'
import { createWebhookStore } from '../followers/webhooks/webhook-store.ts'
import { post } from '../transport/outgoing/post.ts'
import type { ChatParts } from './chats.ts'
import type { Push } from './push.ts'
import type { Follower } from '../followers/follower.ts'
import type { Foundation } from './foundation.ts'

/** The followers of the chat logs: webhooks and push. */
export function wireFollowers(
  { database, clock, metrics, logger }: Foundation,
  { chatLog }: Pick<ChatParts, 'chatLog'>,
  push: Pick<Push, 'prepare'> & Readonly<{ followers(): readonly Follower[] }>,
): Followers {
  const { writer } = database
  const webhooks = createWebhookStore({ writer, now: clock.now })
  const due = createDueStore({ writer })
  const states = createStateStore({ writer })
  return createFollowers({
    store: createFollowerStore({ writer }),
    chatLog,
    async followers() {
      const active = (await webhooks.list()).filter(({ pausedAt }) => pausedAt === null)
      const ofWebhooks = active.flatMap((webhook) => {
        const delivery = createDelivery(webhook, { post, store: webhooks, clock, metrics, logger })
        return followersOf(webhook, { delivery, due, states, clock })
      })
      return [...ofWebhooks, ...push.followers()]
    },
    async onStart() {
      await push.prepare()
      await webhooks.enableMarks()
    },
    logger,
  })
}
