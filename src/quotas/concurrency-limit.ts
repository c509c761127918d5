import type { UserId } from '../ids.ts'
import { Slots } from '../lib/slots.ts'

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
  const users = new Map<UserId, Slots>()

  function slotsOf(userId: UserId): Slots {
    const known = users.get(userId)
    if (known !== undefined) return known
    const slots = new Slots(maxConcurrent)
    users.set(userId, slots)
    return slots
  }

  return {
    async run(userId, work) {
      const slots = slotsOf(userId)
      try {
        return await slots.run(work)
      } finally {
        // The user may have others by now, which count the operations that began meanwhile.
        if (slots.isIdle && users.get(userId) === slots) users.delete(userId)
      }
    },
  }
}
