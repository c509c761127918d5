import type { UserId } from '../ids.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { EdgePublisher } from './presence-edges.ts'
import { createReplayableWriter, type ReplayableWrites } from './replayable-writes.ts'
import type { PresenceStore } from './store/presence-store.ts'

/** Grants grace periods to users whose heartbeats this gateway rejects. */
export type GracePeriods = ReplayableWrites &
  Readonly<{
    /** The user was asked to retry in `forMs` milliseconds. */
    grant(userId: UserId, forMs: number): void
  }>

type Dependencies = Readonly<{
  store: Pick<PresenceStore, 'grantGracePeriods'>
  publishEdges: EdgePublisher
  elapsedMs(): number
  logger: Logger
}>

/** A retry may be this late, in milliseconds. */
const LATENESS_MS = 2_000

/*
 * An overloaded gateway rejects heartbeats. The other gateways would then see the windows of its users end, one by one,
 * although these users are active. So each rejected user gets a grace period that all gateways see, until their app has
 * had time to retry. Meanwhile they are unknown. That costs one write per rejection, and apps wait at least five
 * seconds between two of them, so it costs less than the heartbeats would.
 */
export function createGracePeriods({ store, publishEdges, elapsedMs, logger }: Dependencies): GracePeriods {
  /** An entry is the end of a grace period, by `elapsedMs`. */
  const writer = createReplayableWriter<number>({
    write,
    isObsolete: (endsAt) => endsAt <= elapsedMs(),
    onFailure: (error) =>
      logger.debug({ err: error }, 'granting a grace period failed; it is replayed later'),
    elapsedMs,
  })

  async function write(ends: ReadonlyMap<UserId, number>): Promise<void> {
    const now = elapsedMs()
    const gracePeriods = [...ends].map(([userId, endsAt]) => ({ userId, forMs: endsAt - now }))
    const unknown = await store.grantGracePeriods(gracePeriods.filter(({ forMs }) => forMs > 0))
    if (unknown.length > 0) await publishEdges(unknown)
  }

  return {
    ...writer,
    grant(userId, forMs) {
      const endsAt = elapsedMs() + forMs + LATENESS_MS
      void writer.put(userId, Math.max(endsAt, writer.get(userId) ?? endsAt))
    },
  }
}
