import { EventQueue } from './event-queue.ts'

/** One call of the work, which ends when the test says so. */
export type HeldCall<Item, Result> = Readonly<{
  items: readonly Item[]
  finish(results: readonly Result[]): void
  fail(error: unknown): void
}>

/** Work on batches that is under way until the test ends it. */
export type HeldWork<Item, Result> = Readonly<{
  run(items: readonly Item[]): Promise<readonly Result[]>
  /** The calls, in order of their start. */
  calls: EventQueue<HeldCall<Item, Result>>
}>

export function holdWork<Item, Result = Item>(): HeldWork<Item, Result> {
  const calls = new EventQueue<HeldCall<Item, Result>>()
  return {
    calls,
    run: (items) => {
      const { promise, resolve, reject } = Promise.withResolvers<readonly Result[]>()
      calls.push({ items, finish: resolve, fail: reject })
      return promise
    },
  }
}
