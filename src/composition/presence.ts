import type { Foundation } from './foundation.ts'
import type { Load } from './load.ts'
import type { Routing } from './routing.ts'
import { elapsedMs } from '../lib/clock.ts'
import { createGracePeriods } from '../presence/grace-periods.ts'
import { createPresenceMonitor, type PresenceMonitor } from '../presence/presence-monitor.ts'
import type { LastSeenStore } from '../presence/last-seen-store.ts'
import type { PresenceStore } from '../presence/store/presence-store.ts'
import { createPresence, type PresenceService } from '../presence/presence.ts'
import { createEdgePublisher, presenceEdgeTopic } from '../presence/presence-edges.ts'
import { createActivityWriter } from '../presence/activity-writer.ts'
import type { VisibilityStore } from '../presence/visibility-store.ts'
import type { PresenceSubscriptions } from '../presence/presence-subscriptions.ts'

type PresenceStores = Readonly<{
  store: PresenceStore
  lastSeen: LastSeenStore
  visibility: VisibilityStore
}>

/** Constructs what records activity, detects that it ends, and answers questions about it. */
export function createPresenceParts(
  { config, metrics, logger, presence: { windowMs, isPaused } }: Foundation,
  stores: PresenceStores,
  subscriptions: PresenceSubscriptions,
  { topics, publisher }: Routing,
  { levels }: Load,
): { presence: PresenceService; monitor: PresenceMonitor } {
  const publishEdges = createEdgePublisher({
    gatewayId: config.gatewayId,
    receiveEdges: subscriptions.receiveEdges,
    publishTo: async (to, edges) => publisher.run(() => topics.publish(presenceEdgeTopic, to, edges)),
    metrics,
  })
  const common = { ...stores, publishEdges, windowMs, elapsedMs, logger }
  const activity = createActivityWriter({ ...common, metrics })
  const gracePeriods = createGracePeriods(common)
  const monitor = createPresenceMonitor({
    ...common,
    replayableWrites: [activity, gracePeriods],
    subscriptions,
    isPaused: () => isPaused() || levels.isPaused('presence'),
  })
  const presence = createPresence({ ...stores, activity, gracePeriods, subscriptions, monitor, logger })
  return { presence, monitor }
}
