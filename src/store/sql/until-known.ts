import { ParleyError, unavailable } from '../../errors.ts'
import { retry } from '../../lib/backoff.ts'
import { classifyDatabaseError } from './database-error.ts'

const MAX_ATTEMPTS = 5
const BACKOFF = { firstMs: 10, maxMs: 200 }

/** What came of work that may have needed several attempts. */
export type Known<Result> = Readonly<{
  result: Result
  /** An earlier attempt's outcome is unknown: it may have stored what the last one then found stored. */
  mayHaveBeenStored: boolean
}>

/**
 * Tries work again that may be repeated, until its outcome is known; in the end it is UNAVAILABLE. So is what is
 * refused after an attempt that may have done it: the refusal may be about what that attempt changed. What the work
 * refuses on purpose, and what trying again can't mend, is thrown as it is.
 */
export async function untilKnown<Result>(work: () => Promise<Result>): Promise<Known<Result>> {
  let mayHaveBeenStored = false
  const shouldRetry = (error: unknown, attempt: number): boolean => {
    if (error instanceof ParleyError) {
      if (mayHaveBeenStored) throw notConfirmed(error)
      return false
    }
    const kind = classifyDatabaseError(error)
    mayHaveBeenStored ||= kind === 'unknown-outcome'
    if (kind === 'other') return false
    if (attempt + 1 < MAX_ATTEMPTS) return true
    throw notConfirmed(error)
  }
  const result = await retry(work, shouldRetry, BACKOFF)
  return { result, mayHaveBeenStored }
}

/** For a change that may be sent again without harm. */
export function notConfirmed(cause?: unknown): ParleyError {
  return unavailable('The change could not be confirmed. Send it again.', cause)
}
