import type { UserId } from '../ids.ts'
import { createBatcher } from '../lib/batcher.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { ReplayableWrites } from './replayable-writes.ts'
import type { Activity, PresenceStore, WatchedEdge } from './store/presence-store.ts'

/** What people do here, on its way to the store. What matters still is what it may have forgotten before it was saved. */
export type ActivityWriter = ReplayableWrites &
  Readonly<{
    /** Somebody was active just now. Resolves when the store knows, or could not be told; never rejects. */
    record(userId: UserId): Promise<void>
  }>

type Dependencies = Readonly<{
  store: Pick<PresenceStore, 'recordActivity'>
  /** Tells whoever watches them. Never rejects. */
  publishEdges(edges: readonly WatchedEdge[]): Promise<void>
  windowMs: number
  elapsedMs(): number
  metrics: Pick<Metrics, 'presenceTouches'>
  logger: Logger
}>

/** When somebody was last active here, and what the store called that moment once it had been told. */
type Recent = { readonly at: number; lastSeenAt?: Date }

/** Activities gather for so long after each batch, in milliseconds: whatever one person does meanwhile is one touch. */
const BATCHER = { maxBatch: 500, maxWaiting: 100_000, restMs: 20 }
/** While everybody is told of again, there is room for what people do meanwhile. */
const RETOLD_AT_ONCE = 10_000
/** When somebody's window has run out, their last activity is saved by then, in milliseconds; usually in half a second. */
const SAVED_MS = 5_000
/**
 * Saved activities are removed once in this many milliseconds. Not at each activity: a Map finds its oldest entry by
 * walking over the slots of all deleted ones.
 */
const PURGE_INTERVAL_MS = 1_000

export function createActivityWriter(dependencies: Dependencies): ActivityWriter {
  const { store, publishEdges, windowMs, elapsedMs, metrics, logger } = dependencies
  /**
   * What people did last here, the longest ago first. Nobody stays for long whose last activity is saved; while the
   * store can't be told nothing is saved, and everybody stays.
   */
  const recent = new Map<UserId, Recent>()
  let purgedAt = -Infinity
  let isBehind = false
  const batcher = createBatcher<UserId, void>({ ...BATCHER, run: touch })

  function remember(userId: UserId): void {
    const now = elapsedMs()
    // Deleted first, because a Map keeps a key that is set again in its old place.
    recent.delete(userId)
    recent.set(userId, { at: now })
    if (!isBehind && now - purgedAt >= PURGE_INTERVAL_MS) forgetSaved(now)
  }

  function forgetSaved(now: number): void {
    purgedAt = now
    for (const [userId, { at }] of recent) {
      if (at > now - windowMs - SAVED_MS) return
      recent.delete(userId)
    }
  }

  async function touch(batch: readonly UserId[]): Promise<undefined[]> {
    const now = elapsedMs()
    const told = new Map<UserId, Recent>(batch.map((userId) => [userId, recent.get(userId) ?? { at: now }]))
    const activities = [...told].map(([userId, { at, lastSeenAt }]): Activity => {
      return { userId, agoMs: now - at, lastSeenAt }
    })
    const { cameOnline: came, lastSeen: seen } = await store.recordActivity(activities)
    for (const { userId, lastSeenAt } of seen) keep(told.get(userId), lastSeenAt)
    metrics.presenceTouches.inc({ outcome: 'taken' }, activities.length)
    if (came.length > 0) await publishEdges(came)
    return batch.map(() => undefined)
  }

  /** Two clocks never meet to the millisecond: what was shown once has to be shown when it is told again. */
  function keep(activity: Recent | undefined, lastSeenAt: Date): void {
    if (activity !== undefined) activity.lastSeenAt = lastSeenAt
  }

  async function submit(userId: UserId): Promise<void> {
    try {
      await batcher.submit(userId)
    } catch (error) {
      isBehind = true
      metrics.presenceTouches.inc({ outcome: 'failed' })
      logger.debug({ err: error }, 'somebody was active, and the store could not be told')
    }
  }

  return {
    async record(userId) {
      remember(userId)
      await submit(userId)
    },
    needsReplay: () => isBehind,
    async replay() {
      if (!isBehind) forgetSaved(elapsedMs())
      isBehind = false
      const userIds = [...recent].map(([userId]) => userId)
      while (userIds.length > 0) await Promise.all(userIds.splice(-RETOLD_AT_ONCE).map(submit))
    },
    drained: () => batcher.drained(),
  }
}
