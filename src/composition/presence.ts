import type { Foundation } from './foundation.ts'
import type { Load } from './load.ts'
import type { Router } from '../gateway/router.ts'
import { elapsedMs } from '../lib/elapsed.ts'
import { createGracePeriods } from '../presence/grace-periods.ts'
import { createPresenceMonitor, type PresenceMonitor } from '../presence/presence-monitor.ts'
import type { LastSeenStore } from '../presence/last-seen-store.ts'
import type { PresenceStore } from '../presence/store/presence-store.ts'
import { createPresence, type PresenceService } from '../presence/presence.ts'
import { createEdgePublisher } from '../presence/edge-publisher.ts'
import { createActivityWriter } from '../presence/activity-writer.ts'
import type { VisibilityStore } from '../presence/visibility-store.ts'
import type { Watching } from '../presence/watching.ts'

type PresenceStores = Readonly<{
  store: PresenceStore
  lastSeen: LastSeenStore
  visibility: VisibilityStore
}>

/** What takes note of people's activity, and what notices that there is none. */
export function createPresenceParts(
  { config, metrics, logger, presence: { windowMs, isPaused } }: Foundation,
  stores: PresenceStores,
  watching: Watching,
  { tellEdges }: Router,
  { levels }: Load,
): { presence: PresenceService; keeper: PresenceMonitor } {
  const tell = createEdgePublisher({ gatewayId: config.gatewayId, offer: watching.offer, tellEdges, metrics })
  const common = { ...stores, tell, windowMs, elapsedMs, logger }
  const touches = createActivityWriter({ ...common, metrics })
  const isLeftAlone = (): boolean => isPaused() || levels.isPaused('presence')
  const excuses = createGracePeriods(common)
  const keeper = createPresenceMonitor({
    ...common,
    notes: [touches, excuses],
    watching,
    isPaused: isLeftAlone,
  })
  const { isThere, knowledge } = keeper
  const presence = createPresence({ ...stores, touches, excuses, watching, isThere, knowledge, logger })
  return { presence, keeper }
}
