import { AsyncLocalStorage } from 'node:async_hooks'
import type { WalPosition } from '../sql/server-state.ts'

/**
 * How fresh the reads of an operation must be. It is set once where the operation begins, and every read finds it in
 * the async context. Services and stores therefore need not pass it on.
 *
 * - Without a freshness, a read needs the latest data: deliveries, replays, gap repair, decisions. It goes to the
 *   primary, so forgetting to set a freshness is safe.
 * - With one, a read may be as old as `requiredPosition`. It goes to a replica that has replayed that far, if any.
 *
 * All reads of an operation go to one server. On a second replica that is behind the first, the operation could hold
 * a chat's head without the messages before it. So the first choice is kept, except for a switch to the primary.
 */
export type Freshness = {
  /** The position that must be readable. Undefined: unknown, so only the primary will do. */
  readonly requiredPosition: () => Promise<WalPosition | undefined>
  /** The index of the replica that the first read chose, or `primary` once a read needed it. */
  chosen: number | 'primary' | undefined
  /** Whether a read has succeeded. Later reads must not be older. */
  hasRead: boolean
}

const operations = new AsyncLocalStorage<Freshness>()

/** Runs an operation whose reads may be as old as `requiredPosition`, which is asked once, by the first read. */
export function withReadPosition<Result>(
  requiredPosition: Freshness['requiredPosition'],
  work: () => Result,
): Result {
  let known: Promise<WalPosition | undefined> | undefined
  const shared = (): Promise<WalPosition | undefined> => (known ??= requiredPosition())
  return operations.run({ requiredPosition: shared, chosen: undefined, hasRead: false }, work)
}

/** The freshness of the current operation. Undefined: its reads need the latest data. */
export function currentFreshness(): Freshness | undefined {
  return operations.getStore()
}
