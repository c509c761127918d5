import { pause } from './async.ts'
import { removeFrom } from './arrays.ts'
import { elapsedMs } from './clock.ts'

/** Thrown by `submit` if too many items wait already. */
export class BatcherFullError extends Error {
  override readonly name = 'BatcherFullError'
}

export type BatcherOptions<Item, Result> = Readonly<{
  /**
   * Processes one batch and resolves with one result per item, in order. If it rejects, so does every item's
   * `submit`.
   */
  run(batch: readonly Item[]): Promise<readonly Result[]>
  /** The most items in one batch. */
  maxBatch: number
  /** The most items that may wait. Beyond it `submit` rejects with BatcherFullError. */
  maxWaiting: number
  /** How many batches may be in progress at the same time. Default: 1. */
  concurrency?: number
  /** A further batch begins only when those in progress have taken this long, in milliseconds. Default: at once. */
  patienceMs?: number
  /** The pause after each batch, in which items gather for the next. A function is called each time. Default: none. */
  restMs?: number | (() => number)
}>

/** Processes items in batches. */
export type Batcher<Item, Result> = Readonly<{
  submit(item: Item): Promise<Result>
  /** The number of items that wait, without the batch in progress. */
  depth(): number
  /** Resolves when no item waits and no batch is in progress. Skips the pauses until then. */
  drained(): Promise<void>
}>

type Waiting<Item, Result> = Readonly<{ item: Item; result: PromiseWithResolvers<Result> }>

/**
 * Batches by back-pressure. Only a few batches are in progress at a time, usually one. When one ends, the next takes
 * every item that arrived meanwhile. An idle batcher starts at once, so no item waits for a batch to fill. Under load
 * the batches grow until the work keeps up. With a patience, there is one batch at a time unless batches are slow.
 *
 * Memory is bounded by `maxWaiting` and the batches in progress. A batch that never ends blocks all later ones, so
 * `run` needs a deadline of its own.
 */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const { maxBatch, maxWaiting, concurrency = 1, patienceMs = 0, restMs } = options
  let waiting: Waiting<Item, Result>[] = []
  let workers = 0
  /** When each batch in progress began. An array, see docs/internals/garbage-collection.md. */
  const startTimes: number[] = []
  let nextLook: NodeJS.Timeout | undefined
  const drains = new Set<() => void>()
  let resting = new AbortController()
  let isDraining = false

  function submit(item: Item): Promise<Result> {
    if (waiting.length >= maxWaiting) {
      return Promise.reject(new BatcherFullError(`${waiting.length} items wait already. Retry later.`))
    }
    const result = Promise.withResolvers<Result>()
    waiting.push({ item, result })
    begin()
    return result.promise
  }

  function begin(): void {
    if (waiting.length === 0 || workers >= concurrency) return
    if (areSlow(workers)) void work()
    else nextLook ??= setTimeout(lookAgain, patienceMs)
  }

  function lookAgain(): void {
    nextLook = undefined
    begin()
  }

  /** Whether each of the `count` workers has a batch that takes too long to wait for it. */
  function areSlow(count: number): boolean {
    if (patienceMs === 0 || count === 0) return true
    const now = elapsedMs()
    return startTimes.length === count && startTimes.every((startedAt) => now - startedAt >= patienceMs)
  }

  async function work(): Promise<void> {
    workers += 1
    // Everything that is submitted in the same turn of the event loop joins the first batch.
    await Promise.resolve()
    while (waiting.length > 0 && areSlow(workers - 1)) {
      const batch = waiting.slice(0, maxBatch)
      waiting = waiting.slice(batch.length)
      const startedAt = elapsedMs()
      startTimes.push(startedAt)
      await settle(batch)
      removeFrom(startTimes, startedAt)
      if (restMs !== undefined && !isDraining) await rest(typeof restMs === 'number' ? restMs : restMs())
    }
    workers -= 1
    begin()
    if (workers > 0) return
    clearTimeout(nextLook)
    nextLook = undefined
    for (const resolve of drains) resolve()
    drains.clear()
  }

  async function rest(ms: number): Promise<void> {
    if (resting.signal.aborted) resting = new AbortController()
    await pause(ms, resting.signal)
  }

  async function drained(): Promise<void> {
    isDraining = true
    resting.abort()
    if (workers > 0) await new Promise<void>((resolve) => void drains.add(resolve))
    isDraining = false
  }

  async function settle(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await options.run(batch.map(({ item }) => item))
      if (results.length !== batch.length)
        throw new Error('run returned a different number of results than items')
      results.forEach((result, index) => batch[index]?.result.resolve(result))
    } catch (error) {
      for (const { result } of batch) result.reject(error)
    }
  }

  return { submit, depth: () => waiting.length, drained }
}
