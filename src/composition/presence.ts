import type { Foundation } from './foundation.ts'
import type { Load } from './load.ts'
import type { Router } from '../gateway/router.ts'
import { elapsedMs } from '../lib/elapsed.ts'
import { createExcuses } from '../presence/excuses.ts'
import { createKeeper, type Keeper } from '../presence/keeper.ts'
import type { LastSeenStore } from '../presence/last-seen-store.ts'
import type { PresenceStore } from '../presence/presence-store.ts'
import { createPresence, type PresenceService } from '../presence/presence.ts'
import { createTeller } from '../presence/teller.ts'
import { createTouches } from '../presence/touches.ts'
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
): { presence: PresenceService; keeper: Keeper } {
  const tell = createTeller({ gatewayId: config.gatewayId, offer: watching.offer, tellEdges, metrics })
  const common = { ...stores, tell, windowMs, elapsedMs, logger }
  const touches = createTouches({ ...common, metrics })
  const isLeftAlone = (): boolean => isPaused() || levels.isPaused('presence')
  const excuses = createExcuses(common)
  const keeper = createKeeper({ ...common, notes: [touches, excuses], watching, isPaused: isLeftAlone })
  const { isThere, knowledge } = keeper
  const presence = createPresence({ ...stores, touches, excuses, watching, isThere, knowledge, logger })
  return { presence, keeper }
}
