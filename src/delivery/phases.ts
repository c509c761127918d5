import type { UserId } from '../ids.ts'
import { pause } from '../lib/async.ts'
import { type Backoff, backoffMs } from '../lib/backoff.ts'
import type { Clock } from '../lib/clock.ts'
import type { ViewerMarks } from '../store/replicas/viewer-marks.ts'
import type { InboxItem } from './inbox-item.ts'

export type PhaseDependencies = Readonly<{
  clock: Clock
  /** How far each viewer's reads have to reach; undefined if all reads go to the primary. */
  marks?: Pick<ViewerMarks, 'recordDelivery' | 'recordWrite'> | undefined
}>

/**
 * The phases that an inbox and a stream of one chat share: the replay that ends with CaughtUp, and the live part.
 *
 * A query that a client sends after an item must not read an older state. So the position that the viewer's reads have
 * to reach is marked before an item is delivered. Before CaughtUp and InboxReset the mark covers the whole log.
 */
export function createPhases({ clock, marks }: PhaseDependencies) {
  return {
    /** Yields the replayed items, then CaughtUp. */
    async *replay(
      viewerId: UserId,
      lists: AsyncIterable<readonly InboxItem[]> | undefined,
    ): AsyncGenerator<readonly InboxItem[], void, void> {
      for await (const items of lists ?? []) {
        if (items.some(({ type }) => type === 'InboxReset')) await marks?.recordWrite(viewerId)
        yield items
      }
      await marks?.recordWrite(viewerId)
      yield [{ type: 'CaughtUp', at: new Date(clock.now()) }]
    },

    /** Called before each live item is delivered. */
    recordDelivery(viewerId: UserId): void {
      marks?.recordDelivery(viewerId)
    },
  }
}

/** Reads until the result is not stale, because memberships may change after each read. */
export async function readUntilFresh<Result>(
  read: () => Promise<Result | 'stale'>,
  { backoff, signal, maxReads = Infinity }: ReadLimits,
): Promise<Result | 'stale'> {
  for (let attempt = 0; attempt < maxReads; attempt += 1) {
    const result = await read()
    if (result !== 'stale') return result
    await pause(backoffMs(attempt, backoff), signal)
    signal?.throwIfAborted()
  }
  return 'stale'
}

type ReadLimits = Readonly<{
  backoff: Backoff
  signal?: AbortSignal
  /** After so many stale results, the last one is returned. Default: no limit. */
  maxReads?: number
}>
