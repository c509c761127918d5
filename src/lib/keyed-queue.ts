import { pause } from './async.ts'
import { backoffMs } from './backoff.ts'

/** Pending work by key. A newer value for a key that still waits replaces the older one. */
export type KeyedQueue<Key, Value> = Readonly<{
  put(key: Key, value: Value): void
  /** The number of keys that wait, without the batch in progress. */
  size(): number
  /** Drops what waits, ignores later calls of `put`, and resolves when the batch in progress has ended. */
  close(): Promise<void>
}>

type Options<Key, Value> = Readonly<{
  /** Processes one batch. If it rejects, the batch is retried, except for keys that have a newer value by then. */
  run(batch: ReadonlyMap<Key, Value>): Promise<void>
  maxBatch: number
  /** The pause after each batch, in milliseconds. */
  restMs: number
  /** Called with the error of each failed batch, before the retry. */
  onFailure(error: unknown): void
  /** Returns which of two values for one key to process. Default: the later one. */
  newest?(waiting: Value, added: Value): Value
}>

const BACKOFF = { firstMs: 100, maxMs: 2_000 }

/**
 * Processes keyed work in batches, one batch at a time, and retries without end. Its size is the number of distinct
 * keys, so the caller bounds it by bounding the keys.
 */
export function createKeyedQueue<Key, Value>(options: Options<Key, Value>): KeyedQueue<Key, Value> {
  const { run, maxBatch, restMs, onFailure, newest = (_, added) => added } = options
  const closed = new AbortController()
  const waiting = new Map<Key, Value>()
  let working: Promise<void> | undefined

  function put(key: Key, value: Value): void {
    if (closed.signal.aborted) return
    const known = waiting.get(key)
    waiting.set(key, known === undefined ? value : newest(known, value))
    working ??= work()
  }

  async function work(): Promise<void> {
    // Everything that is put in the same turn of the event loop joins the first batch.
    await Promise.resolve()
    for (let failures = 0; waiting.size > 0;) {
      const hasSucceeded = await runOnce()
      failures = hasSucceeded ? 0 : failures + 1
      await pause(hasSucceeded ? restMs : backoffMs(failures, BACKOFF), closed.signal)
    }
    working = undefined
  }

  async function runOnce(): Promise<boolean> {
    const batch = new Map(waiting.entries().take(maxBatch))
    for (const key of batch.keys()) waiting.delete(key)
    try {
      await run(batch)
      return true
    } catch (error) {
      onFailure(error)
      for (const [key, value] of batch) putBack(key, value)
      return false
    }
  }

  function putBack(key: Key, value: Value): void {
    const added = waiting.get(key)
    if (!closed.signal.aborted) waiting.set(key, added === undefined ? value : newest(value, added))
  }

  return {
    put,
    size: () => waiting.size,
    async close() {
      closed.abort()
      waiting.clear()
      await working
    },
  }
}
