import { AsyncLocalStorage } from 'node:async_hooks'
import type { WalPosition } from '../sql/server-state.ts'

/**
 * How fresh the reads of an operation have to be, said once where the operation begins and found by every read on its
 * way, however deep: so no service and no store has to pass it on.
 *
 * - A read in no such operation needs the present: a message on its way out, a replay, a hole in the log, a decision.
 *   It goes to the primary. Whoever forgets to say anything is therefore safe.
 * - A read in one may be as old as `after` says, and goes to a replica that is not older, where there is one.
 *
 * An operation reads from one server. If it went on to another that is behind the first, it could hold a chat's head
 * without the messages before it; so the first choice is kept, and the only way on is to the primary.
 */
export type Freshness = {
  /** What has to be readable; undefined: nobody can say, so it has to be the primary. */
  readonly after: () => Promise<WalPosition | undefined>
  /** The replica that was chosen by the first read; `primary` once one was needed. */
  chosen: number | 'primary' | undefined
  /** Something was read already, which what is read next must not be older than. */
  hasRead: boolean
}

const operations = new AsyncLocalStorage<Freshness>()

/** Runs an operation all reads of which may be as old as `after` says. */
export function readingAfter<Result>(after: Freshness['after'], work: () => Result): Result {
  let known: Promise<WalPosition | undefined> | undefined
  return operations.run({ after: () => (known ??= after()), chosen: undefined, hasRead: false }, work)
}

/** What the operation that we are in needs; undefined: the present. */
export function freshnessHere(): Freshness | undefined {
  return operations.getStore()
}
