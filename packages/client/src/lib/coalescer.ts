import { pause } from './backoff.ts'

/** Collects values by key and hands them on in batches. A newer value of a key replaces the one that waits. */
export type Coalescer<Value> = Readonly<{
  set(key: string, value: Value): void
  get(key: string): Value | undefined
  /** Drops what waits. */
  clear(): void
}>

type Options<Value> = Readonly<{
  /** How long values are collected before each batch, in milliseconds. */
  collectMs: number
  maxBatch: number
  /** One batch is under way at a time. */
  run(batch: readonly (readonly [string, Value])[]): Promise<void>
  signal: AbortSignal
  onError(error: unknown): void
}>

export function createCoalescer<Value>({
  collectMs,
  maxBatch,
  run,
  signal,
  onError,
}: Options<Value>): Coalescer<Value> {
  const waiting = new Map<string, Value>()
  let isRunning = false

  async function runAll(): Promise<void> {
    isRunning = true
    while (waiting.size > 0 && !signal.aborted) {
      await pause(collectMs, signal)
      const batch = [...waiting].slice(0, maxBatch)
      for (const [key] of batch) waiting.delete(key)
      // While values were collected, all of them may have been dropped.
      if (batch.length > 0) await run(batch).catch((error: unknown) => signal.aborted || onError(error))
    }
    isRunning = false
  }

  return {
    set(key, value) {
      waiting.set(key, value)
      if (!isRunning) void runAll()
    },
    get: (key) => waiting.get(key),
    clear: () => waiting.clear(),
  }
}
