import pLimit, { type LimitFunction } from 'p-limit'
import type { UserId } from '../ids.ts'

/** Lets each person have a few operations done at once; their others wait for those, in the order in which they came. */
export type ConcurrencyLimit = Readonly<{
  /** Does the work when its turn has come. */
  run<Result>(userId: UserId, work: () => Promise<Result>): Promise<Result>
}>

/**
 * As many as a browser has connections to one host over HTTP/1.1, so that nobody waits who would not wait there. An
 * allowance can be spent in one moment: without this, one program that runs away would queue hundreds of statements,
 * well within what it may do, and what a crowd needs would be paused for everybody because of it.
 */
export const AT_ONCE = 6

export function createConcurrencyLimit(atOnce = AT_ONCE): ConcurrencyLimit {
  /** Of those who have something under way. */
  const lines = new Map<UserId, LimitFunction>()

  function lineOf(userId: UserId): LimitFunction {
    const line = lines.get(userId) ?? pLimit(atOnce)
    lines.set(userId, line)
    return line
  }

  /** The line still counts the work that has just ended. */
  function forgetIfLast(userId: UserId, { activeCount, pendingCount }: LimitFunction): void {
    if (activeCount + pendingCount <= 1) lines.delete(userId)
  }

  return {
    async run(userId, work) {
      const line = lineOf(userId)
      return line(async () => {
        try {
          return await work()
        } finally {
          forgetIfLast(userId, line)
        }
      })
    },
  }
}
