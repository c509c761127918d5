import { createDurableChange } from '../chats/durable-change.ts'
import { createHub, type Hub } from '../gateway/hub.ts'
import { createMembershipStore } from '../gateway/membership-store.ts'
import { createResync, type Resync } from '../gateway/resync.ts'
import { createTyping } from '../gateway/typing.ts'
import type { PresenceSubscriptions } from '../presence/presence-subscriptions.ts'
import type { ChatParts } from './chats.ts'
import type { Foundation } from './foundation.ts'
import { createRouting } from './routing.ts'

export type GatewayParts = ReturnType<typeof wireGateway>

/**
 * Local fan-out, routing between gateways, and resync. Presence is built on the hub and informed by it, so its
 * subscriptions are looked up when they are needed. `onPublished`: called after events were stored and published.
 */
export function wireGateway(
  foundation: Foundation,
  { chats, chatLog, audience }: ChatParts,
  presenceSubscriptions: () => PresenceSubscriptions,
  onPublished: () => void,
) {
  const { database, clock, metrics, logger, backplane } = foundation
  const hub: Hub = createHub({
    readLog: (range) => chatLog.read(range),
    logFloor: chatLog.floor,
    onMembersChanged: (userIds) => presenceSubscriptions().reviewAccess(userIds),
    sessions: backplane.sessions,
    metrics,
    logger,
  })
  const resync: Resync = createResync({
    hub,
    store: createMembershipStore(database),
    clock,
    metrics,
    logger,
    onRequested: (userIds) => presenceSubscriptions().recover(userIds),
  })
  const routing = createRouting(foundation, { hub, audience, resync, onPublished })
  const { publish, publishSignals } = routing.router
  return {
    hub,
    resync,
    routing,
    /** Commits a change to a chat's log, then publishes it. */
    change: createDurableChange({ chatLog, publish }),
    typing: createTyping({ chats, publishSignals }),
  }
}
