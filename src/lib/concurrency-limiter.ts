import pLimit from 'p-limit'

/** Runs a bounded number of tasks at once; the others wait in order of arrival. */
export type ConcurrencyLimiter = Readonly<{
  /** Starts `work` as soon as there is a free slot. */
  run<Result>(work: () => Promise<Result>): Promise<Result>
  /** How long a task that arrived now would probably wait, in milliseconds, judged by the recent durations. */
  expectedWaitMs(): number
}>

/** The weight of the newest duration in the moving average, which therefore covers about the last fifty. */
const NEWEST_SHARE = 0.02
/** The average before the first task has ended, in milliseconds. */
const INITIAL_AVERAGE_MS = 5

/** `maxConcurrent` tasks at once. `now` is a monotonic clock in milliseconds. */
export function createConcurrencyLimiter(
  maxConcurrent: number,
  now: () => number = () => performance.now(),
): ConcurrencyLimiter {
  const limit = pLimit(maxConcurrent)
  let averageMs = INITIAL_AVERAGE_MS

  async function timed<Result>(work: () => Promise<Result>): Promise<Result> {
    const from = now()
    try {
      return await work()
    } finally {
      averageMs += NEWEST_SHARE * (now() - from - averageMs)
    }
  }

  return {
    run: (work) => limit(() => timed(work)),
    expectedWaitMs: () => (limit.pendingCount * averageMs) / maxConcurrent,
  }
}
