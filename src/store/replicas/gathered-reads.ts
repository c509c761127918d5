import { shareStatement } from '../sql/shared-statement.ts'
import { currentFreshness, type Freshness } from './freshness.ts'

type Options<Key, Value> = Readonly<{
  /** Executes one statement for all keys. Returns one value per key, in order. */
  read(keys: readonly Key[]): Promise<readonly Value[]>
  /** The most keys of one statement. */
  maxBatch: number
}>

/**
 * A statement itself costs more than some of its keys, so there is one at a time. While one is slow, such as by reading
 * from the disk, others run beside it.
 */
const [CONCURRENCY, PATIENCE_MS] = [3, 10]

/**
 * Returns a function whose calls share statements. A call on an idle gateway reads at once. While a statement is in
 * progress, calls gather for the next one. So a query that reads the same list of a hundred chats, and a hundred
 * queries that read one each, cost a few statements.
 *
 * A query with a freshness of its own decides from which server it reads. Its calls share statements with each other
 * only.
 */
export function gatherReads<Key, Value>({
  read,
  maxBatch,
}: Options<Key, Value>): (key: Key) => Promise<Value> {
  const create = (): ((key: Key) => Promise<Value>) =>
    shareStatement({ run: read, maxBatch, concurrency: CONCURRENCY, patienceMs: PATIENCE_MS })
  const latest = create()
  const perOperation = new WeakMap<Freshness, (key: Key) => Promise<Value>>()

  return (key) => {
    const freshness = currentFreshness()
    if (freshness === undefined) return latest(key)
    const own = perOperation.get(freshness) ?? create()
    perOperation.set(freshness, own)
    return own(key)
  }
}
