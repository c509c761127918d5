import type { UserId } from '../ids.ts'
import { createBatcher } from '../lib/batcher.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { ReplayableWrites } from './replayable-writes.ts'
import type { PresenceStore, WatchedEdge } from './store/presence-store.ts'

/** Who was told here to say later that they are there, on its way to the store. It matters until they may be back. */
export type GracePeriods = ReplayableWrites &
  Readonly<{
    /** Somebody was told to come back in so many milliseconds. */
    grant(userId: UserId, forMs: number): void
  }>

type Dependencies = Readonly<{
  store: Pick<PresenceStore, 'grantGracePeriods'>
  /** Tells whoever watches them. Never rejects. */
  publishEdges(edges: readonly WatchedEdge[]): Promise<void>
  elapsedMs(): number
  logger: Logger
}>

const BATCHER = { maxBatch: 500, maxWaiting: 100_000, restMs: 20 }
/** Whoever was told to come back may be so late, in milliseconds. */
const LATENESS_MS = 2_000
/**
 * Expired grace periods are removed once in this many milliseconds. Not at each call: a Map finds its oldest entry by
 * walking over the slots of all deleted ones.
 */
const PURGE_INTERVAL_MS = 1_000

/*
 * A gateway with too much to do refuses heartbeats, and the others would see those people's windows run out, one by one,
 * while they sit there and write. So whoever is refused is excused by name, to all gateways, until they may have come
 * back: it is unknown meanwhile whether they are online. That is one note for each time that they are told to wait, which
 * is five seconds at least, and so less work than what was refused.
 */
export function createGracePeriods({ store, publishEdges, elapsedMs, logger }: Dependencies): GracePeriods {
  /** Until when. The longest untouched first; who has come back by now does not stay for long. */
  const excused = new Map<UserId, number>()
  let purgedAt = -Infinity
  let isBehind = false
  const batcher = createBatcher<UserId, void>({ ...BATCHER, run: excuse })

  function remember(userId: UserId, until: number): void {
    const latest = Math.max(until, excused.get(userId) ?? until)
    // Deleted first, because a Map keeps a key that is set again in its old place.
    excused.delete(userId)
    excused.set(userId, latest)
    const now = elapsedMs()
    if (now - purgedAt >= PURGE_INTERVAL_MS) purge(now)
  }

  function purge(now: number): void {
    purgedAt = now
    for (const [userId, until] of excused) {
      if (until > now) return
      excused.delete(userId)
    }
  }

  async function excuse(batch: readonly UserId[]): Promise<void[]> {
    const now = elapsedMs()
    const excuses = [...new Set(batch)].map((userId) => ({
      userId,
      forMs: (excused.get(userId) ?? now) - now,
    }))
    const unknown = await store.grantGracePeriods(excuses.filter(({ forMs }) => forMs > 0))
    if (unknown.length > 0) await publishEdges(unknown)
    return batch.map(() => undefined)
  }

  async function submit(userId: UserId): Promise<void> {
    try {
      await batcher.submit(userId)
    } catch (error) {
      isBehind = true
      logger.debug({ err: error }, 'the store could not be told whose heartbeats are refused')
    }
  }

  return {
    grant(userId, forMs) {
      remember(userId, elapsedMs() + forMs + LATENESS_MS)
      void submit(userId)
    },
    needsReplay: () => isBehind,
    async replay() {
      isBehind = false
      await Promise.all([...excused].map(([userId]) => submit(userId)))
    },
    drained: () => batcher.drained(),
  }
}
