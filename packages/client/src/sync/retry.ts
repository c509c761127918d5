import { ParleyError, throwIfClosed } from '../errors.ts'
import type { Request } from '../graphql/http.ts'
import { pause, requestWaitMs } from '../lib/backoff.ts'

/** Repeats each request until it succeeds, fails for good, or the signal fires. Then it rejects. */
export function withRetries(request: Request, signal: AbortSignal): Request {
  return (document, variables) => retried(() => request(document, variables), signal)
}

/** Repeats the work until it succeeds, fails for good, or the signal fires. Then it rejects. */
export async function retried<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  for (let attempt = 0; ; attempt += 1) {
    throwIfClosed(signal)
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ParleyError) || !error.isRetryable) throw error
      await pause(error.retryAfterMs ?? requestWaitMs(attempt), signal)
    }
  }
}
