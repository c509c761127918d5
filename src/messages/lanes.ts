import { unavailable } from '../errors.ts'
import type { ChatId } from '../ids.ts'
import { BatcherFullError, createBatcher } from '../lib/batcher.ts'
import { createHashRing } from '../lib/hash-ring.ts'

/** The queues of sends. */
export type Lanes<Item extends { readonly chatId: ChatId }, Result> = Readonly<{
  /** Queues an item. Errors: UNAVAILABLE – the chat's lane is full, and the item was not queued. */
  submit(item: Item): Promise<Result>
  /** Returns how many items wait in all lanes. */
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
 * All sends to one chat use one lane, which a hash ring over the chat's id chooses. So they keep their order of
 * arrival, and a slow chat delays only its own lane. Lanes serve batching and locality. Correct seqs do not depend on
 * them: the lock on the chat's row guarantees those.
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
