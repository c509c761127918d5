import { setTimeout as delay } from 'node:timers/promises'

/** The delays between attempts. */
export type Backoff = Readonly<{
  /** The ceiling of the first delay. It doubles with each attempt. */
  firstMs: number
  /** The ceiling is never higher than this. */
  maxMs: number
  /** Between 0 and 1, from Math.random in production. */
  random?: () => number
}>

/**
 * Returns a delay with full jitter: random between 0 and a ceiling that doubles with each attempt (counted from 0).
 * Clients that failed at the same moment therefore do not retry at the same moment. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(attempt: number, { firstMs, maxMs, random = Math.random }: Backoff): number {
  return Math.min(maxMs, firstMs * 2 ** attempt) * random()
}

/**
 * Runs `work` until it succeeds, and resolves with its result.
 * - Rejects with the last error, unchanged, if `shouldRetry` returns false.
 * - Rejects with the signal's reason if the signal aborts.
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
