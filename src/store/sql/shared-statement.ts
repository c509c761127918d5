import { createBatcher } from '../../lib/batcher.ts'
import { classifyDatabaseError } from './database-error.ts'

type Options<Item, Result> = Readonly<{
  /** Executes one statement for all items. Returns one result per item, in order. */
  run(items: readonly Item[]): Promise<readonly Result[]>
  /** The most items of one statement. */
  maxBatch: number
  /** How many statements may run at the same time. */
  concurrency: number
  /** Another statement begins only when those that run have taken this long, in milliseconds. Default: at once. */
  patienceMs?: number
  /** The pause after each statement, in which calls gather for the next, in milliseconds. Default: none. */
  restMs?: number
}>

/**
 * The sharing of statements that a client causes when it connects. A call on an idle gateway is executed at once. When
 * many clients connect, each call waits some milliseconds for others. Without the rest, every client would cost a
 * statement and a commit of its own, because a statement takes less time than the next client needs to arrive.
 */
export const SHARED_BY_CONNECTING = { concurrency: 1, restMs: 4 } as const

/** The most calls that may wait for their statement. */
const MAX_WAITING = 100_000

/**
 * Returns a function whose calls share statements. A call is executed at once if no statement is in progress. Otherwise
 * it gathers with others until one ends, and its rest. So a thousand clients that connect at once cost a few statements
 * and commits.
 *
 * If a statement fails because of the database, all of its calls reject with the same error. If it fails for another
 * reason, one of the values may be the cause, and each call is executed by itself.
 */
export function shareStatement<Item, Result>({
  run,
  maxBatch,
  concurrency,
  patienceMs,
  restMs,
}: Options<Item, Result>): (item: Item) => Promise<Result> {
  const { submit } = createBatcher<Item, () => Result>({
    run: runOrSplit,
    maxBatch,
    maxWaiting: MAX_WAITING,
    concurrency,
    ...(patienceMs !== undefined && { patienceMs }),
    ...(restMs !== undefined && { restMs }),
  })

  async function runOrSplit(items: readonly Item[]): Promise<readonly (() => Result)[]> {
    try {
      return (await run(items)).map((result) => () => result)
    } catch (error) {
      if (items.length === 1 || classifyDatabaseError(error) !== 'other') throw error
      return Promise.all(items.map(runAlone))
    }
  }

  async function runAlone(item: Item): Promise<() => Result> {
    try {
      const [result] = await run([item])
      return () => result as Result
    } catch (error) {
      return () => {
        throw error
      }
    }
  }

  return async (item) => (await submit(item))()
}
