import { ParleyError, unavailable } from '../../errors.ts'
import { type Backoff, retry } from '../../lib/backoff.ts'
import { withTimeout } from '../../lib/async.ts'
import { classifyDatabaseError, type DatabaseErrorKind } from './database-error.ts'

/*
 * A durable command changes the database and publishes what it changed. It has five phases:
 *
 *      ┌──── 2. retry ◀──────────┐
 *      ▼                         │ outcome unknown, or a retry may help
 *   1. attempt ── fails ─────────┴──▶ rejected, or retries used up: throw
 *      │ succeeds
 *      ▼
 *   3. read back ──▶ 4. publish ──▶ 5. answer the caller
 *
 * 1. Attempt. An attempt is one statement or transaction. It must be repeatable: if the change is stored already, it
 *    finds that and stores nothing.
 * 2. Retry. If the connection is lost during a commit, the outcome is unknown: the change may be stored or not. Only
 *    another attempt can tell. If that one is rejected (a ParleyError), the rejection may be about what the first one
 *    stored, so the caller gets UNAVAILABLE instead of the rejection.
 * 3. Read back. If an attempt with an unknown outcome did store the change, the last attempt finds it and stores
 *    nothing, so its own result names no events. The events of the first attempt are not published yet. Read them.
 * 4. Publish. Never before the outcome is known, and each event once: a published event must be in the database.
 * 5. Answer. The caller waits for `ANSWER_WITHIN_MS` at most and then gets UNAVAILABLE. The command continues without
 *    the caller and still publishes, because the change is stored.
 *
 * Phases 1 to 4 are `runDurableCommand`; phase 5 is `answerInTime`. They are apart because callers of a batched command
 * (sends, receipts) each have a deadline of their own, which includes the wait for the batch.
 */

/** The longest wait of a caller, in milliseconds. Stays below the 10 s within which every operation answers. */
export const ANSWER_WITHIN_MS = 8_000

export type DurableCommand<Outcome, Event> = Readonly<{
  /** Tries once; see phase 1. `mayBeStored`: the outcome of an earlier attempt is unknown. */
  attempt(earlier: Readonly<{ mayBeStored: boolean }>): Promise<Outcome>
  /** Omit it for a command that publishes nothing. */
  events?: CommandEvents<Outcome, Event>
  retry: RetryPolicy
  /** Makes the UNAVAILABLE error for an outcome that stays unknown. */
  notConfirmed(cause: unknown): ParleyError
}>

export type CommandEvents<Outcome, Event> = Readonly<{
  /** Returns the events that the last attempt stored. */
  stored(outcome: Outcome): readonly Event[]
  /** Reads the events that an earlier attempt may have stored; see phase 3. Called after those of `stored` are out. */
  readBack(outcome: Outcome): Promise<readonly Event[]> | AsyncIterable<readonly Event[]>
  /** Called with one event or more. */
  publish(events: readonly Event[]): void | Promise<void>
}>

export type FailedAttempt = Readonly<{
  error: unknown
  kind: DatabaseErrorKind
  /** From 1. */
  attempt: number
  /** Milliseconds since the first attempt began. */
  elapsedMs: number
}>

export type RetryPolicy = Readonly<{
  /** Returns whether to try again. Not asked if the error is not the database's: that is thrown unchanged. */
  shouldRetry(failed: FailedAttempt): boolean
  backoff: Backoff
  /** Called for each failed attempt, for logs and metrics. */
  onFailure?(failed: FailedAttempt): void
}>

/** A policy for commands of one caller: up to five attempts, with at most 0.75 s of pauses between them. */
export const FIVE_QUICK_ATTEMPTS: RetryPolicy = {
  shouldRetry: ({ attempt }) => attempt < 5,
  backoff: { firstMs: 10, maxMs: 200 },
}

/**
 * Resolves with the outcome once it is known and published. Rejects with:
 * - UNAVAILABLE – the outcome is unknown, or the retries are used up. The command may be repeated.
 * - the ParleyError of an attempt that was rejected, unless an earlier attempt may have stored the change.
 * - any other error that is not the database's, unchanged.
 */
export async function runDurableCommand<Outcome, Event = never>({
  attempt,
  events,
  retry: policy,
  notConfirmed,
}: DurableCommand<Outcome, Event>): Promise<Outcome> {
  const startedAt = performance.now()
  const earlier = { mayBeStored: false }

  const shouldRetry = (error: unknown, previousAttempts: number): boolean => {
    if (error instanceof ParleyError) {
      if (earlier.mayBeStored) throw notConfirmed(error)
      return false
    }
    const kind = classifyDatabaseError(error)
    const elapsedMs = performance.now() - startedAt
    const failed = { error, kind, attempt: previousAttempts + 1, elapsedMs }
    earlier.mayBeStored ||= kind === 'unknown-outcome'
    policy.onFailure?.(failed)
    if (kind === 'other') return false
    if (policy.shouldRetry(failed)) return true
    throw notConfirmed(error)
  }

  const outcome = await retry(() => attempt({ ...earlier }), shouldRetry, policy.backoff)
  if (events === undefined) return outcome
  const stored = events.stored(outcome)
  if (stored.length > 0) await events.publish(stored)
  if (!earlier.mayBeStored) return outcome
  for await (const page of pagesOf(events.readBack(outcome))) {
    if (page.length > 0) await events.publish(page)
  }
  return outcome
}

/** Resolves as `work` does, or rejects with `notConfirmed()` after `ANSWER_WITHIN_MS`; `work` continues. */
export function answerInTime<Result>(
  work: Promise<Result>,
  notConfirmed: () => ParleyError,
): Promise<Result> {
  return withTimeout(ANSWER_WITHIN_MS, work, notConfirmed)
}

/** The UNAVAILABLE error for a change that does no harm if it is sent again. */
export function changeNotConfirmed(cause?: unknown): ParleyError {
  return unavailable('The change could not be confirmed. Send it again.', cause)
}

async function* pagesOf<Event>(
  source: Promise<readonly Event[]> | AsyncIterable<readonly Event[]>,
): AsyncGenerator<readonly Event[], void, void> {
  if (source instanceof Promise) yield await source
  else yield* source
}
