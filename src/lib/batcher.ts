import { pause } from './pause.ts'

/** Refused because too much is waiting already. */
export class BatcherFullError extends Error {
  override readonly name = 'BatcherFullError'
}

export type BatcherOptions<Item, Result> = Readonly<{
  /** Does one batch; answers in its order. When it rejects, so do all submissions of the batch. */
  run(batch: readonly Item[]): Promise<readonly Result[]>
  /** The most items of one batch. */
  maxBatch: number
  /** The most items that may wait; beyond that `submit` rejects with BatcherFullError. */
  maxWaiting: number
  /** How long to rest after each batch, so that more gathers for the next; asked each time. No rest unless given. */
  restMs?: number | (() => number)
}>

/** Work that is done one batch at a time. */
export type Batcher<Item, Result> = Readonly<{
  submit(item: Item): Promise<Result>
  /** Items that wait, without those under way. */
  depth(): number
  /** Resolves when nothing waits and nothing is under way; there is no rest until then. */
  drained(): Promise<void>
}>

type Waiting<Item, Result> = Readonly<{ item: Item; answer: PromiseWithResolvers<Result> }>

/**
 * Batching by back-pressure: one batch is under way at a time, and when it is done the next takes everything that
 * came meanwhile. An idle batcher starts at once, so nothing ever waits for a batch to fill; under load batches
 * grow by themselves to what the work can bear.
 *
 * Memory is bounded by `maxWaiting` and one batch. A batch that never ends stops everything behind it, so `run` needs a
 * deadline of its own.
 */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const { maxBatch, maxWaiting, restMs } = options
  let waiting: Waiting<Item, Result>[] = []
  let working: Promise<void> | undefined
  let resting = new AbortController()
  let isDraining = false

  function submit(item: Item): Promise<Result> {
    if (waiting.length >= maxWaiting) {
      return Promise.reject(new BatcherFullError(`${waiting.length} items wait already`))
    }
    const answer = Promise.withResolvers<Result>()
    waiting.push({ item, answer })
    working ??= work()
    return answer.promise
  }

  async function work(): Promise<void> {
    // Whatever is submitted in the same turn of the event loop goes with the first batch.
    await Promise.resolve()
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatch)
      waiting = waiting.slice(batch.length)
      await settle(batch)
      if (restMs !== undefined && !isDraining) await rest(typeof restMs === 'number' ? restMs : restMs())
    }
    working = undefined
  }

  async function rest(ms: number): Promise<void> {
    resting = new AbortController()
    await pause(ms, resting.signal)
  }

  /** From now on without rests: somebody waits for the end. */
  async function drained(): Promise<void> {
    isDraining = true
    resting.abort()
    await working
    isDraining = false
  }

  async function settle(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await options.run(batch.map(({ item }) => item))
      if (results.length !== batch.length) throw new Error('A batch was answered in part')
      results.forEach((result, index) => batch[index]?.answer.resolve(result))
    } catch (error) {
      for (const { answer } of batch) answer.reject(error)
    }
  }

  return { submit, depth: () => waiting.length, drained }
}
