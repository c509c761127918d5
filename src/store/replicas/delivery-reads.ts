import DataLoader from 'dataloader'
import { currentFreshness } from './freshness.ts'

/** Reads a value for each key, in order. */
type ReadMany<Key, Value> = (keys: readonly Key[]) => Promise<readonly Value[]>

/**
 * Wraps `read` so that deliveries share its calls. One event is delivered to many streams in one turn of the event
 * loop, and each stream reads in the state of that moment. All of them together then cost one statement per `maxBatch`
 * keys, instead of one each. Nothing is cached.
 *
 * A query has a freshness of its own, which decides from which server it reads. It shares nothing.
 */
export function shareDeliveryReads<Key, Value>(
  read: ReadMany<Key, Value>,
  maxBatch: number,
): ReadMany<Key, Value> {
  const shared = new DataLoader<Key, Value>(read, {
    cache: false,
    maxBatchSize: maxBatch,
  })
  return async (keys) => {
    if (currentFreshness() !== undefined) return read(keys)
    return Promise.all(keys.map((key) => shared.load(key)))
  }
}
