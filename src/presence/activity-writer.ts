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
type Recent = { readonly at: number; lastSeenAt?: Date }

/** When a user's window has ended, their last activity is saved within this time. It usually takes half a second. */
const SAVED_WITHIN_MS = 5_000

export function createActivityWriter(dependencies: Dependencies): ActivityWriter {
  const { store, publishEdges, windowMs, elapsedMs, metrics, logger } = dependencies
  const writer = createReplayableWriter<Recent>({
    write,
    isObsolete,
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
      if (activity !== undefined) activity.lastSeenAt = lastSeenAt
    }
    metrics.presenceActivities.inc({ outcome: 'recorded' }, activities.length)
    if (cameOnline.length > 0) await publishEdges(cameOnline)
  }

  return { ...writer, record: (userId) => writer.put(userId, { at: elapsedMs() }) }
}
