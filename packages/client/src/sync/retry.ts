import { ParleyError } from '../errors.ts'
import type { Request } from '../graphql/http.ts'
import { backoffMs, pause } from '../lib/backoff.ts'

const BACKOFF = { firstMs: 250, maxMs: 5_000 }

/** Repeats each request until it succeeds, fails for good, or the signal fires. Then it rejects. */
export function withRetries(request: Request, signal: AbortSignal): Request {
  return async (document, variables) => {
    for (let attempt = 0; ; attempt += 1) {
      signal.throwIfAborted()
      try {
        return await request(document, variables)
      } catch (error) {
        if (!(error instanceof ParleyError) || !error.isRetryable) throw error
        await pause(error.retryAfterMs ?? backoffMs(attempt, BACKOFF, Math.random()), signal)
      }
    }
  }
}
