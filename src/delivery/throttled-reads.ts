import { retry } from '../lib/backoff.ts'
import { createConcurrencyLimiter } from '../lib/concurrency-limiter.ts'
import { classifyDatabaseError } from '../store/sql/database-error.ts'
import type { Logger } from '../telemetry/logger.ts'

/**
 * Reads on behalf of a starting inbox. A few are under way at once and the others wait their turn: when half of all
 * people come back in the same second, they cost the database a steady stream of reads, and the rest of the gateway
 * goes on. A read that fails because the database is away is tried until it is back or the reader is gone: clients
 * make lost connections again, but not operations that ended in an error.
 */
export type ThrottledReads = Readonly<{
  /** Rejects with the signal's reason, without having read, when the reader went while it waited. */
  read<Result>(signal: AbortSignal, read: () => Promise<Result>): Promise<Result>
  /** How long whoever came now would probably wait, in milliseconds. */
  expectedWaitMs(): number
}>

const READS_AT_ONCE = 8
const BACKOFF = { firstMs: 100, maxMs: 2_000 }

export function createThrottledReads(logger: Logger): ThrottledReads {
  const turnstile = createConcurrencyLimiter(READS_AT_ONCE)

  function isPassing(error: unknown): boolean {
    const kind = classifyDatabaseError(error)
    logger.debug({ err: error, kind }, 'an inbox could not be read yet')
    return kind !== 'other'
  }

  /** Of those who wait in a storm many give up and come again: their places cost the database nothing. */
  async function readIfWanted<Result>(signal: AbortSignal, read: () => Promise<Result>): Promise<Result> {
    signal.throwIfAborted()
    return read()
  }

  return {
    read: (signal, read) =>
      retry(() => turnstile.run(() => readIfWanted(signal, read)), isPassing, BACKOFF, signal),
    expectedWaitMs: turnstile.expectedWaitMs,
  }
}
