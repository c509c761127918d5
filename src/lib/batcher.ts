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
  /** How long to rest after each batch, so that more gathers for the next; none unless given. */
  restMs?: number
}>

/** Work that is done one batch at a time. */
export type Batcher<Item, Result> = Readonly<{
  submit(item: Item): Promise<Result>
  /** Items that wait, without those under way. */
  depth(): number
  /** Resolves when nothing waits and nothing is under way, the rest after the last batch included. */
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
  const { maxBatch, maxWaiting, restMs = 0 } = options
  let waiting: Waiting<Item, Result>[] = []
  let working: Promise<void> | undefined

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
      if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs))
    }
    working = undefined
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

  return { submit, depth: () => waiting.length, drained: () => working ?? Promise.resolve() }
}
