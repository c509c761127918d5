import { elapsedMs } from '../lib/clock.ts'
import { createActivityWriter } from '../presence/activity-writer.ts'
import { createGracePeriods } from '../presence/grace-periods.ts'
import { createLastSeenStore } from '../presence/last-seen-store.ts'
import { createEdgePublisher, presenceEdgeTopic } from '../presence/presence-edges.ts'
import { createPresenceMonitor, type PresenceMonitor } from '../presence/presence-monitor.ts'
import {
  createPresenceSubscriptions,
  type PresenceSubscriptions,
} from '../presence/presence-subscriptions.ts'
import { createPresence, type PresenceService } from '../presence/presence.ts'
import { createVisibilityStore } from '../presence/visibility-store.ts'
import type { Foundation } from './foundation.ts'
import type { GatewayParts } from './gateway.ts'
import type { Overload } from './overload.ts'

export type PresenceParts = Readonly<{
  presence: PresenceService
  subscriptions: PresenceSubscriptions
  monitor: PresenceMonitor
}>

/** Records activity, detects that it ends, and shows it to other users. */
export function wirePresence(
  { config, database, backplane, metrics, logger, presence: { windowMs, isPaused } }: Foundation,
  { hub, routing: { topics, publisher } }: GatewayParts,
  { levels }: Overload,
): PresenceParts {
  const stores = {
    store: backplane.presence,
    lastSeen: createLastSeenStore(database),
    visibility: createVisibilityStore(database),
  }
  const subscriptions = createPresenceSubscriptions({ ...stores, trackUser: hub.trackUser, logger })
  topics.subscribe(presenceEdgeTopic, subscriptions.receiveEdges)
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
  metrics.gauge(
    'presence_watched',
    'Users whose presence is watched on this gateway.',
    subscriptions.watchedCount,
  )
  return {
    presence: createPresence({ ...stores, activity, gracePeriods, subscriptions, monitor, logger }),
    subscriptions,
    monitor,
  }
}
