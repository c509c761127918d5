import type { UserId } from '../ids.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { EdgePublisher } from './presence-edges.ts'
import { createReplayableWriter, type ReplayableWrites } from './replayable-writes.ts'
import type { Activity, PresenceStore } from './store/presence-store.ts'

/** Records the activity of users on this gateway in the presence store. */
export type ActivityWriter = ReplayableWrites &
  Readonly<{
    /** The user was active just now. Resolves when that is recorded or the write has failed; never rejects. */
    record(userId: UserId): Promise<void>
    /**
     * The user was active just now, and no caller waits until that is recorded. If the store has an activity from less
     * than half a window ago, the new one is recorded within a twentieth of a window. Otherwise it is recorded at once.
     */
    note(userId: UserId): void
  }>

type Dependencies = Readonly<{
  store: Pick<PresenceStore, 'recordActivity'>
  publishEdges: EdgePublisher
  windowMs: number
  elapsedMs(): number
  metrics: Pick<Metrics, 'presenceActivities'>
  logger: Logger
}>

/** When a user was last active here, and the time that the store gave it once it was recorded. */
type Recent = {
  readonly at: number
  lastSeenAt?: Date
  /** The newest activity that the store has taken. */
  recordedAt?: number | undefined
}

/** When a user's window has ended, their last activity is saved within this time. It usually takes half a second. */
const SAVED_WITHIN_MS = 5_000
/** In windows: for so long after a recorded activity, later ones need not be recorded at once. */
const DEFERRABLE_FOR = 0.5
/** In windows. One second in production, as precise as presence is. */
const DEFERRED_FOR = 0.05

/**
 * A user who writes messages is active several times a second, but is online already. While the store keeps them online
 * for another half a window, their activities gather for a twentieth of it: one write for all of them, and one for all
 * users of a shard. Each carries its age, so the window still ends exactly. If this gateway dies, the store misses
 * activities of the last second.
 */
export function createActivityWriter(dependencies: Dependencies): ActivityWriter {
  const { store, publishEdges, windowMs, elapsedMs, metrics, logger } = dependencies
  const writer = createReplayableWriter<Recent>({
    write,
    isObsolete,
    deferMs: windowMs * DEFERRED_FOR,
    onFailure(error) {
      metrics.presenceActivities.inc({ outcome: 'failed' })
      logger.debug({ err: error }, 'recording a user activity failed; it is replayed later')
    },
    elapsedMs,
  })

  /** Whether the database has it. While writes to the store fail the database gets nothing, so nothing is obsolete. */
  function isObsolete({ at }: Recent): boolean {
    return !writer.needsReplay() && at <= elapsedMs() - windowMs - SAVED_WITHIN_MS
  }

  async function write(recent: ReadonlyMap<UserId, Recent>): Promise<void> {
    const now = elapsedMs()
    const activities = [...recent].map(([userId, { at, lastSeenAt }]): Activity => {
      return { userId, agoMs: now - at, lastSeenAt }
    })
    const { cameOnline, lastSeen } = await store.recordActivity(activities)
    // The clocks of gateway and store differ. A replay must show users the same time as before, so it is kept.
    for (const { userId, lastSeenAt } of lastSeen) {
      const activity = recent.get(userId)
      if (activity === undefined) continue
      activity.lastSeenAt = lastSeenAt
      recordedBefore(userId, activity.at)
    }
    metrics.presenceActivities.inc({ outcome: 'recorded' }, activities.length)
    if (cameOnline.length > 0) await publishEdges(cameOnline)
  }

  /** A newer activity may have come while the write was in progress. */
  function recordedBefore(userId: UserId, at: number): void {
    const newest = writer.get(userId)
    if (newest !== undefined) newest.recordedAt = Math.max(newest.recordedAt ?? at, at)
  }

  function newestOf(userId: UserId): Recent {
    return { at: elapsedMs(), recordedAt: writer.get(userId)?.recordedAt }
  }

  function isDeferrable({ at, recordedAt }: Recent): boolean {
    return recordedAt !== undefined && at - recordedAt < windowMs * DEFERRABLE_FOR && !writer.needsReplay()
  }

  return {
    ...writer,
    record: (userId) => writer.put(userId, newestOf(userId)),
    note(userId) {
      const activity = newestOf(userId)
      if (isDeferrable(activity)) writer.putLater(userId, activity)
      else void writer.put(userId, activity)
    },
  }
}
