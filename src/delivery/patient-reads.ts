import pLimit from 'p-limit'
import { retry } from '../lib/backoff.ts'
import { classifyDatabaseError } from '../store/database-error.ts'
import type { Logger } from '../telemetry/logger.ts'

/**
 * Reads on behalf of a starting inbox. A few are under way at once and the others wait their turn: when half of all
 * people come back in the same second, they cost the database a steady stream of reads, and the rest of the gateway
 * goes on. A read that fails because the database is away is tried until it is back or the reader is gone: clients
 * make lost connections again, but not operations that ended in an error.
 */
export type PatientReads = <Result>(signal: AbortSignal, read: () => Promise<Result>) => Promise<Result>

const READS_AT_ONCE = 8
const BACKOFF = { firstMs: 100, maxMs: 2_000 }

export function createPatientReads(logger: Logger): PatientReads {
  const inTurn = pLimit(READS_AT_ONCE)

  function isPassing(error: unknown): boolean {
    const kind = classifyDatabaseError(error)
    logger.debug({ err: error, kind }, 'an inbox could not be read yet')
    return kind !== 'other'
  }

  return (signal, read) => retry(() => inTurn(read), isPassing, BACKOFF, signal)
}
