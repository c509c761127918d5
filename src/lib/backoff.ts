import { setTimeout as delay } from 'node:timers/promises'

/** How long to wait before trying again, and for how long at all. */
export type Backoff = Readonly<{
  firstMs: number
  maxMs: number
  /** Between 0 and 1, from Math.random in production. */
  random?: () => number
}>

/**
 * Full jitter: anything between nothing and a ceiling that doubles with each attempt (from 0), so that many who
 * failed together do not return together. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(attempt: number, { firstMs, maxMs, random = Math.random }: Backoff): number {
  return Math.min(maxMs, firstMs * 2 ** attempt) * random()
}

/**
 * Runs `work` until it succeeds, `shouldRetry` says no, or the signal fires (then it rejects with the signal's
 * reason). The last error is thrown as it came.
 */
export async function retry<Result>(
  work: (attempt: number) => Promise<Result>,
  shouldRetry: (error: unknown, attempt: number) => boolean,
  backoff: Backoff,
  signal?: AbortSignal,
): Promise<Result> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work(attempt)
    } catch (error) {
      signal?.throwIfAborted()
      if (!shouldRetry(error, attempt)) throw error
      await pause(backoffMs(attempt, backoff), signal)
    }
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
