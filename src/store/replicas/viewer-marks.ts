import { LRUCache } from 'lru-cache'
import type { WalPosition } from '../sql/server-state.ts'

/** Marks that gateways share: per name the highest mark that any gateway set in the last minute. */
export type SharedMarks = Readonly<{
  raise(name: string, mark: number): Promise<void>
  /** Resolves with 0 if there is no mark. Rejects if the shared store is unavailable. */
  read(name: string): Promise<number>
}>

/**
 * How far a replica must have replayed before it may serve a viewer. A viewer's reads must show their own writes and
 * everything that was delivered to them.
 */
export type ViewerMarks = Readonly<{
  /** The viewer has just written. Resolves with the position that later reads must reach, or undefined if unknown. */
  recordWrite(viewerId: string): Promise<WalPosition | undefined>
  /** Something was delivered to the viewer. Costs nothing until their next read. */
  recordDelivery(viewerId: string): void
  /** The position that a read of the viewer must reach, or undefined if unknown. */
  requiredPosition(viewerId: string): Promise<WalPosition | undefined>
}>

type Dependencies = Readonly<{
  /** The end of the primary's log, at some moment after the call. */
  sample(): Promise<WalPosition>
  /** The end of the log when a primary was last reachable. Undefined while one is. */
  lastKnownPosition(): WalPosition | undefined
  shared: SharedMarks | undefined
  /** Monotonic milliseconds. */
  now(): number
}>

/** `pending`: what happened after `position` was sampled, and lies at a position that is not known yet. */
type Mark = { position: WalPosition; pending: 'nothing' | 'delivery' | 'write'; at: number }

/** A replica that is this far behind is not read from, so every replica in use has what is older. */
const KEEP_MS = 60_000
const MAX_VIEWERS = 100_000

export function createViewerMarks(dependencies: Dependencies): ViewerMarks {
  const { sample, lastKnownPosition, shared, now } = dependencies
  const marks = new LRUCache<string, Mark>({
    max: MAX_VIEWERS,
    ttl: KEEP_MS,
    ttlResolution: 0,
    perf: { now },
    dispose: (mark, _, reason) => {
      if (reason === 'evict' && now() - mark.at <= KEEP_MS) evictedAt = now()
    },
  })
  /** When a mark that still counted was evicted. For a while, a viewer without a mark may be the one who lost it. */
  let evictedAt = -Infinity
  let purgedAt = now()

  function touch(viewerId: string): Mark {
    const mark: Mark = marks.peek(viewerId) ?? { position: 0, pending: 'nothing' as const, at: 0 }
    mark.at = now()
    marks.set(viewerId, mark)
    purge()
    return mark
  }

  /** The cache removes an expired mark only if it is looked up or evicted. */
  function purge(): void {
    if (now() - purgedAt <= KEEP_MS) return
    purgedAt = now()
    marks.purgeStale()
  }

  /**
   * A sample covers everything that happened before it was taken. While there is no primary, nothing new can be
   * delivered. Earlier deliveries are on the standbys up to the last known position. Whether a write is there is
   * unknown.
   */
  async function settle(mark: Mark): Promise<WalPosition | undefined> {
    const { pending } = mark
    if (pending === 'nothing') return mark.position
    const lastKnown = lastKnownPosition()
    if (lastKnown !== undefined)
      return pending === 'delivery' ? Math.max(mark.position, lastKnown) : undefined
    mark.pending = 'nothing'
    try {
      mark.position = Math.max(mark.position, await sample())
      return mark.position
    } catch {
      // The primary became unavailable in the meantime.
      mark.pending = pending
      return undefined
    }
  }

  async function sharedMark(viewerId: string): Promise<WalPosition | undefined> {
    try {
      return (await shared?.read(viewerId)) ?? 0
    } catch {
      // The marks of other gateways are unknown, so no replica can be trusted.
      return undefined
    }
  }

  return {
    async recordWrite(viewerId) {
      const mark = touch(viewerId)
      mark.pending = 'write'
      const position = await settle(mark)
      // A failure is ignored: while Redis is unavailable, a gateway that has no shared mark reads from the primary.
      if (position !== undefined) await shared?.raise(viewerId, position).catch(() => undefined)
      return position
    },

    recordDelivery(viewerId) {
      const mark = touch(viewerId)
      if (mark.pending === 'nothing') mark.pending = 'delivery'
    },

    async requiredPosition(viewerId) {
      const mark = marks.peek(viewerId)
      const elsewhere = await sharedMark(viewerId)
      if (elsewhere === undefined) return undefined
      if (mark === undefined) return now() - evictedAt > KEEP_MS ? elsewhere : undefined
      const own = await settle(mark)
      return own === undefined ? undefined : Math.max(own, elsewhere)
    },
  }
}
