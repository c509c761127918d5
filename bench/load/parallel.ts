/** A gateway accepts a hundred connections that have not authenticated yet, and a pair opens two at a time. */
const AT_ONCE = 40

/** Calls `work` for each index below `count`, some at a time. Returns the results in order. */
export async function inParallel<Result>(
  count: number,
  work: (index: number) => Promise<Result>,
  atOnce = AT_ONCE,
): Promise<readonly Result[]> {
  const results: Result[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next
      next += 1
      results[index] = await work(index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker))
  return results
}
