import { unavailable } from '../errors.ts'
import type { ChatId } from '../ids.ts'
import { BatcherFullError, createBatcher } from '../lib/batcher.ts'
import { createHashRing } from '../lib/hash-ring.ts'

/** The queues that sends wait in. */
export type Lanes<Item extends { readonly chatId: ChatId }, Result> = Readonly<{
  /** Rejects with UNAVAILABLE when the chat's lane is full; the item was not taken then. */
  submit(item: Item): Promise<Result>
  /** Items that wait in all lanes. */
  depth(): number
  /** Resolves when all lanes are empty. */
  drained(): Promise<void>
}>

export type LaneOptions<Item, Result> = Readonly<{
  /** Writes one batch; see `createBatcher`. */
  write(batch: readonly Item[]): Promise<readonly Result[]>
  count: number
  maxBatch: number
  maxWaiting: number
}>

/**
 * All sends to one chat go through one lane, chosen by a hash ring over the chat's id, so they keep the order they
 * came in, and one slow chat delays its own lane only. This is about batching and locality: that seqs are right
 * does not depend on it, the chat's row lock sees to that.
 */
export function createLanes<Item extends { readonly chatId: ChatId }, Result>(
  options: LaneOptions<Item, Result>,
): Lanes<Item, Result> {
  const { count, maxBatch, maxWaiting } = options
  const lanes = Array.from({ length: count }, (_, index) => ({
    name: `lane-${index}`,
    batcher: createBatcher({ run: options.write, maxBatch, maxWaiting }),
  }))
  const ring = createHashRing(lanes, (lane) => lane.name)

  return {
    async submit(item) {
      try {
        return await ring.nodeFor(item.chatId).batcher.submit(item)
      } catch (error) {
        if (!(error instanceof BatcherFullError)) throw error
        throw unavailable('Too many messages wait to be stored. Send it again with the same key.', error)
      }
    },
    depth: () => lanes.reduce((sum, lane) => sum + lane.batcher.depth(), 0),
    drained: async () => {
      await Promise.all(lanes.map((lane) => lane.batcher.drained()))
    },
  }
}
