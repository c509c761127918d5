import { retry } from '../lib/backoff.ts'
import { createConcurrencyLimiter } from '../lib/concurrency-limiter.ts'
import { classifyDatabaseError } from '../store/sql/database-error.ts'
import type { Logger } from '../telemetry/logger.ts'

/**
 * Reads for inboxes that start. A few reads run at once and the others queue. If half of all users reconnect in the
 * same second, the database sees a steady stream of reads, and the rest of the gateway keeps working. If
 * the database is away, a read is retried until it succeeds or the reader has gone. An error would not help: clients
 * reconnect a lost connection, but do not repeat an operation that failed.
 */
export type ThrottledReads = Readonly<{
  /** Rejects with the signal's reason, without reading, if the signal aborts while the read is queued. */
  read<Result>(signal: AbortSignal, read: () => Promise<Result>): Promise<Result>
  /** How long a read that is queued now would probably wait, in milliseconds. */
  expectedWaitMs(): number
}>

/** For reads that have a statement each. */
export const MAX_CONCURRENT_READS = 8
/** For reads that share statements: enough for two statements with the largest batch, and as many that gather. */
export const MAX_CONCURRENT_SHARED_READS = 400
const BACKOFF = { firstMs: 100, maxMs: 2_000 }

export function createThrottledReads(logger: Logger, maxConcurrent = MAX_CONCURRENT_READS): ThrottledReads {
  const limiter = createConcurrencyLimiter(maxConcurrent)

  function isTransient(error: unknown): boolean {
    const kind = classifyDatabaseError(error)
    logger.debug({ err: error, kind }, 'inbox read failed')
    return kind !== 'other'
  }

  /** During a reconnect storm many readers give up while they queue. Skipping their reads spares the database. */
  async function readIfWanted<Result>(signal: AbortSignal, read: () => Promise<Result>): Promise<Result> {
    signal.throwIfAborted()
    return read()
  }

  return {
    read: (signal, read) =>
      retry(() => limiter.run(() => readIfWanted(signal, read)), isTransient, BACKOFF, signal),
    expectedWaitMs: limiter.expectedWaitMs,
  }
}
