import type { GatewayId, UserId } from '../../ids.ts'
import type { Clock } from '../../lib/clock.ts'
import {
  type Activity,
  type GracePeriod,
  type PresenceStore,
  SAVE_EVERY_MS,
  type WatchedEdge,
} from './presence-store.ts'
import type { PresenceEdge, LastSeen, PresenceState } from '../../events/presence-state.ts'

/** What all gateways of one process know of people. */
export type MemoryPresence = Readonly<{
  /** When those who are online, or are yet to be told of as gone, were last active, by `elapsedMs`. */
  online: Map<UserId, number>
  /** When they were last active by the clock; kept until it is saved and they are gone. */
  seen: Map<UserId, number>
  /** When what is in `seen` is to be saved, by `elapsedMs`. */
  due: Map<UserId, number>
  /** When people's excuses end, by `elapsedMs`. */
  excused: Map<UserId, number>
  watchers: Map<UserId, Set<GatewayId>>
  /** Counts changes: sightings are as of one of them. */
  changes: { count: number }
}>

export function createMemoryPresence(): MemoryPresence {
  return {
    online: new Map(),
    seen: new Map(),
    due: new Map(),
    excused: new Map(),
    watchers: new Map(),
    changes: { count: 0 },
  }
}

type Dependencies = Readonly<{
  gatewayId: GatewayId
  presence: MemoryPresence
  windowMs: number
  /** Says when somebody was last seen; may jump. */
  clock: Clock
  /** Says how long ago something was; never jumps. */
  elapsedMs: () => number
}>

/**
 * One gateway's end of a store that lives in this process. Nobody else saves or remembers what is in here: whatever is
 * not saved yet is answered by `leave`. A sweep looks at everybody who is online, which is a millisecond for 100,000.
 */
export function createMemoryPresenceStore(dependencies: Dependencies): PresenceStore {
  const { gatewayId, presence, windowMs, clock, elapsedMs } = dependencies
  const { online, seen, due, excused, watchers, changes } = presence

  function isOnline(userId: UserId): boolean {
    return (online.get(userId) ?? -Infinity) > elapsedMs() - windowMs
  }

  function isExcused(userId: UserId): boolean {
    return (excused.get(userId) ?? -Infinity) > elapsedMs()
  }

  function onlineOf(userId: UserId): Pick<PresenceState, 'online' | 'isExcused'> {
    if (isOnline(userId)) return { online: true }
    return isExcused(userId) ? { online: null, isExcused: true } : { online: false }
  }

  function sightingOf(userId: UserId): PresenceState {
    const lastSeenAt = seen.get(userId)
    return {
      userId,
      ...onlineOf(userId),
      lastSeenAt: lastSeenAt === undefined ? null : new Date(lastSeenAt),
      asOf: changes.count,
    }
  }

  function watchedEdge(userId: UserId): WatchedEdge {
    return { edge: sightingOf(userId), watchers: [...(watchers.get(userId) ?? [])] }
  }

  /** Whether they were not online before and are now. */
  function touchOne({ userId, agoMs, lastSeenAt }: Activity): boolean {
    const wasOnline = isOnline(userId)
    changes.count += 1
    const toldAt = lastSeenAt?.getTime() ?? -Infinity
    seen.set(userId, Math.max(seen.get(userId) ?? -Infinity, clock.now() - agoMs, toldAt))
    const isOver = agoMs >= windowMs
    if (!due.has(userId)) due.set(userId, isOver ? -Infinity : elapsedMs() + SAVE_EVERY_MS)
    if (isOver) return false
    online.set(userId, Math.max(online.get(userId) ?? -Infinity, elapsedMs() - agoMs))
    return !wasOnline
  }

  /** Whether it was known whether they are online and is not any more. */
  function excuseOne({ userId, forMs }: GracePeriod): boolean {
    const wasKnown = !isOnline(userId) && !isExcused(userId)
    changes.count += 1
    excused.set(userId, Math.max(excused.get(userId) ?? -Infinity, elapsedMs() + forMs))
    return wasKnown
  }

  /** Whose excuses are over, without those who came back meanwhile. */
  function unexcused(): UserId[] {
    const over = [...excused.keys()].filter((userId) => !isExcused(userId))
    for (const userId of over.filter(isOnline)) excused.delete(userId)
    return over.filter((userId) => !online.has(userId))
  }

  function lastSeen(userId: UserId): LastSeen[] {
    const at = seen.get(userId)
    return at === undefined ? [] : [{ userId, lastSeenAt: new Date(at) }]
  }

  function saveOne({ userId, lastSeenAt }: LastSeen): void {
    if (seen.get(userId) !== lastSeenAt.getTime()) return
    due.delete(userId)
    if (!online.has(userId)) seen.delete(userId)
  }

  return {
    async recordActivity(activities) {
      const cameOnline = activities.filter(touchOne).map(({ userId }) => watchedEdge(userId))
      return { cameOnline, lastSeen: activities.flatMap(({ userId }) => lastSeen(userId)) }
    },
    grantGracePeriods: async (excuses) => excuses.filter(excuseOne).map(({ userId }) => watchedEdge(userId)),
    lookUp: async (userIds) => userIds.map(sightingOf),
    async watch(userIds) {
      for (const userId of userIds) {
        watchers.set(userId, (watchers.get(userId) ?? new Set()).add(gatewayId))
      }
      return userIds.map(sightingOf)
    },
    async unwatch(userIds) {
      for (const userId of userIds) {
        const gateways = watchers.get(userId)
        gateways?.delete(gatewayId)
        if (gateways?.size === 0) watchers.delete(userId)
      }
    },
    async sweep() {
      changes.count += 1
      const expired = [...[...online.keys()].filter((userId) => !isOnline(userId)), ...unexcused()]
      const now = elapsedMs()
      const unsaved = [...due].filter(([, dueAt]) => dueAt <= now).flatMap(([userId]) => lastSeen(userId))
      return { hasLostState: false, expired: expired.map(watchedEdge), unsaved }
    },
    async confirmExpired(edges: readonly PresenceEdge[]) {
      for (const { userId } of edges.filter((edge) => !isOnline(edge.userId))) {
        if (online.delete(userId)) due.set(userId, -Infinity)
        if (!isExcused(userId)) excused.delete(userId)
      }
    },
    async markSaved(all) {
      for (const one of all) saveOne(one)
    },
    close: async () => [...due.keys()].flatMap(lastSeen),
  }
}
