import { backoffMs } from './backoff.ts'
import { pause } from './pause.ts'

/** Work that is known by its keys: as long as something waits under a key, more of it takes its place. */
export type Worklist<Key, Value> = Readonly<{
  put(key: Key, value: Value): void
  /** Keys that wait. */
  size(): number
  /** Drops what waits; resolves when nothing is under way. */
  close(): Promise<void>
}>

type Options<Key, Value> = Readonly<{
  /** Does some of it. When it rejects, all of the batch waits again, but for what was put in its place meanwhile. */
  run(batch: ReadonlyMap<Key, Value>): Promise<void>
  maxBatch: number
  /** How long to rest after each batch, in milliseconds. */
  restMs: number
  onFailure(error: unknown): void
  /** Of two values for one key, the one to be done; by default the later one. */
  newest?(waiting: Value, added: Value): Value
}>

const BACKOFF = { firstMs: 100, maxMs: 2_000 }

/**
 * Does in batches what is put, one batch at a time, and tries for as long as it takes. It is as large as there are
 * different keys, so whoever puts bounds it by what they know.
 */
export function createWorklist<Key, Value>(options: Options<Key, Value>): Worklist<Key, Value> {
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
    // Whatever is put in the same turn of the event loop goes with the first batch.
    await Promise.resolve()
    for (let failures = 0; waiting.size > 0;) {
      const isDone = await runOnce()
      failures = isDone ? 0 : failures + 1
      await pause(isDone ? restMs : backoffMs(failures, BACKOFF), closed.signal)
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
