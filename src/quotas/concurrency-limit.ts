import pLimit, { type LimitFunction } from 'p-limit'
import type { UserId } from '../ids.ts'

/** Limits how many operations of one user run at once. The others wait in order of arrival. */
export type ConcurrencyLimit = Readonly<{
  /** Starts `work` as soon as the user has a free slot. */
  run<Result>(userId: UserId, work: () => Promise<Result>): Promise<Result>
}>

/**
 * The number of connections that a browser opens to one host over HTTP/1.1. A quota can be spent in one moment. Without
 * this limit a runaway program could queue hundreds of statements within its quota, and one user would pause features
 * for all others.
 */
export const MAX_CONCURRENT = 6

export function createConcurrencyLimit(maxConcurrent = MAX_CONCURRENT): ConcurrencyLimit {
  /** The users who have an operation in progress. */
  const limits = new Map<UserId, LimitFunction>()

  function limitOf(userId: UserId): LimitFunction {
    const limit = limits.get(userId) ?? pLimit(maxConcurrent)
    limits.set(userId, limit)
    return limit
  }

  /** Called before the limit stops counting the operation that has just ended. */
  function dropIfLast(userId: UserId, { activeCount, pendingCount }: LimitFunction): void {
    if (activeCount + pendingCount <= 1) limits.delete(userId)
  }

  return {
    async run(userId, work) {
      const limit = limitOf(userId)
      return limit(async () => {
        try {
          return await work()
        } finally {
          dropIfLast(userId, limit)
        }
      })
    },
  }
}
