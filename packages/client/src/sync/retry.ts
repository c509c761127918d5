import { ParleyError } from '../errors.ts'
import { backoffMs, pause } from '../lib/backoff.ts'

const BACKOFF = { firstMs: 250, maxMs: 5_000 }

/** Repeats work until it succeeds, fails for good, or the signal fires. Then it rejects. */
export async function untilDone<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ParleyError) || !error.isRetryable) throw error
      await pause(error.retryAfterMs ?? backoffMs(attempt, BACKOFF, Math.random()), signal)
    }
  }
}
