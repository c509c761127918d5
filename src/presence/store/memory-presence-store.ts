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

/** The presence of users, shared by all gateways of one process. */
export type MemoryPresence = Readonly<{
  /** When users were last active, by `elapsedMs`. Kept until they are offline and that is confirmed. */
  activeAt: Map<UserId, number>
  /** When users were last active, by the clock. Kept until it is saved and the user is offline. */
  lastSeenAt: Map<UserId, number>
  /** When the entry in `lastSeenAt` is to be saved, by `elapsedMs`. */
  saveAt: Map<UserId, number>
  /** When grace periods end, by `elapsedMs`. */
  graceEndsAt: Map<UserId, number>
  watchers: Map<UserId, Set<GatewayId>>
  /** Counts changes. The `asOf` of a state is this count. */
  changes: { count: number }
}>

export function createMemoryPresence(): MemoryPresence {
  return {
    activeAt: new Map(),
    lastSeenAt: new Map(),
    saveAt: new Map(),
    graceEndsAt: new Map(),
    watchers: new Map(),
    changes: { count: 0 },
  }
}

type Dependencies = Readonly<{
  gatewayId: GatewayId
  presence: MemoryPresence
  windowMs: number
  /** Dates `lastSeenAt`. May jump. */
  clock: Clock
  /** Measures windows and grace periods. Never jumps. */
  elapsedMs: () => number
}>

/**
 * A presence store in the memory of this process, as one gateway sees it. The data ends with the process, so `close`
 * returns all that is not saved yet. A sweep visits every online user, which takes a millisecond for 100,000.
 */
export function createMemoryPresenceStore(dependencies: Dependencies): PresenceStore {
  const { gatewayId, presence, windowMs, clock, elapsedMs } = dependencies
  const { activeAt, lastSeenAt, saveAt, graceEndsAt, watchers, changes } = presence

  function isOnline(userId: UserId): boolean {
    return (activeAt.get(userId) ?? -Infinity) > elapsedMs() - windowMs
  }

  function isInGracePeriod(userId: UserId): boolean {
    return (graceEndsAt.get(userId) ?? -Infinity) > elapsedMs()
  }

  function onlineOf(userId: UserId): Pick<PresenceState, 'online' | 'isInGracePeriod'> {
    if (isOnline(userId)) return { online: true }
    return isInGracePeriod(userId) ? { online: null, isInGracePeriod: true } : { online: false }
  }

  function stateOf(userId: UserId): PresenceState {
    const seenAt = lastSeenAt.get(userId)
    return {
      userId,
      ...onlineOf(userId),
      lastSeenAt: seenAt === undefined ? null : new Date(seenAt),
      asOf: changes.count,
    }
  }

  function watchedEdge(userId: UserId): WatchedEdge {
    return { edge: stateOf(userId), watchers: [...(watchers.get(userId) ?? [])] }
  }

  /** Returns whether the user came online. */
  function recordOne({ userId, agoMs, lastSeenAt: recordedAt }: Activity): boolean {
    const wasOnline = isOnline(userId)
    changes.count += 1
    raise(lastSeenAt, userId, Math.max(clock.now() - agoMs, recordedAt?.getTime() ?? -Infinity))
    const isOver = agoMs >= windowMs
    if (!saveAt.has(userId)) saveAt.set(userId, isOver ? -Infinity : elapsedMs() + SAVE_EVERY_MS)
    if (isOver) return false
    raise(activeAt, userId, elapsedMs() - agoMs)
    return !wasOnline
  }

  /** Returns whether the user was known to be offline, and is unknown now. */
  function grantOne({ userId, forMs }: GracePeriod): boolean {
    const wasOffline = !isOnline(userId) && !isInGracePeriod(userId)
    changes.count += 1
    raise(graceEndsAt, userId, elapsedMs() + forMs)
    return wasOffline
  }

  /** The users whose grace period ended while they were away. Forgets the ones that are back. */
  function endedGracePeriods(): UserId[] {
    const ended = [...graceEndsAt.keys()].filter((userId) => !isInGracePeriod(userId))
    for (const userId of ended.filter(isOnline)) graceEndsAt.delete(userId)
    return ended.filter((userId) => !activeAt.has(userId))
  }

  function lastSeenOf(userId: UserId): LastSeen[] {
    const seenAt = lastSeenAt.get(userId)
    return seenAt === undefined ? [] : [{ userId, lastSeenAt: new Date(seenAt) }]
  }

  function markOneSaved({ userId, lastSeenAt: savedAt }: LastSeen): void {
    if (lastSeenAt.get(userId) !== savedAt.getTime()) return
    saveAt.delete(userId)
    if (!activeAt.has(userId)) lastSeenAt.delete(userId)
  }

  return {
    async recordActivity(activities) {
      const cameOnline = activities.filter(recordOne).map(({ userId }) => watchedEdge(userId))
      return { cameOnline, lastSeen: activities.flatMap(({ userId }) => lastSeenOf(userId)) }
    },
    grantGracePeriods: async (gracePeriods) =>
      gracePeriods.filter(grantOne).map(({ userId }) => watchedEdge(userId)),
    lookUp: async (userIds) => userIds.map(stateOf),
    async watch(userIds) {
      for (const userId of userIds) {
        watchers.set(userId, (watchers.get(userId) ?? new Set()).add(gatewayId))
      }
      return userIds.map(stateOf)
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
      const offline = [...activeAt.keys()].filter((userId) => !isOnline(userId))
      const expired = [...offline, ...endedGracePeriods()]
      const now = elapsedMs()
      const unsaved = [...saveAt]
        .filter(([, dueAt]) => dueAt <= now)
        .flatMap(([userId]) => lastSeenOf(userId))
      return { hasLostState: false, expired: expired.map(watchedEdge), unsaved }
    },
    async confirmExpired(edges: readonly PresenceEdge[]) {
      for (const { userId } of edges.filter((edge) => !isOnline(edge.userId))) {
        if (activeAt.delete(userId)) saveAt.set(userId, -Infinity)
        if (!isInGracePeriod(userId)) graceEndsAt.delete(userId)
      }
    },
    async markSaved(saved) {
      for (const one of saved) markOneSaved(one)
    },
    close: async () => [...saveAt.keys()].flatMap(lastSeenOf),
  }
}

/** Sets the entry unless it is higher already. */
function raise(times: Map<UserId, number>, userId: UserId, time: number): void {
  times.set(userId, Math.max(times.get(userId) ?? -Infinity, time))
}
