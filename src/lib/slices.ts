/** The longest time that a slice takes, in milliseconds, if each call is short. */
const SLICE_MS = 2

/**
 * Calls `work` for each item, for a few milliseconds in each turn of the event loop. Most turns need only one slice. If
 * thousands of items have much work at the same moment, other work continues in between. Rejects if `work` throws.
 */
export async function inSlices<Item>(
  items: Iterable<Item>,
  work: (item: Item) => void,
  elapsedMs: () => number = () => performance.now(),
): Promise<void> {
  let startedAt = elapsedMs()
  for (const item of items) {
    if (elapsedMs() - startedAt >= SLICE_MS) {
      await new Promise((resolve) => setImmediate(resolve))
      startedAt = elapsedMs()
    }
    work(item)
  }
}
