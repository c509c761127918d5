/** Connections that are opened at the same time. A gateway limits those that have not authenticated yet. */
const WAVE = 40

/** Calls `work` for each index below `count`, some at a time. Returns the results in order. */
export async function inWaves<Result>(
  count: number,
  work: (index: number) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (let from = 0; from < count; from += WAVE) {
    const size = Math.min(WAVE, count - from)
    results.push(...(await Promise.all(Array.from({ length: size }, (_, index) => work(from + index)))))
  }
  return results
}
