import type { Quota } from './quotas.ts'

/** Fills at a steady pace up to its burst, and is taken from. Times are monotonic milliseconds. */
export type TokenBucket = Readonly<{
  /**
   * Takes `cost` and answers 0; or takes nothing and answers after how many milliseconds it would. What costs more
   * than the bucket holds is let through when it is full, and leaves a debt.
   */
  take(cost: number, now: number): number
  /** There is no more than this in it. */
  lower(tokens: number, now: number): void
  isFull(now: number): boolean
}>

/** A full one. It fills when somebody looks, not by a timer: a million of them cost nothing while nobody does. */
export function createTokenBucket({ burst, perSecond }: Quota, createdAt: number): TokenBucket {
  let tokens = burst
  let filledAt = createdAt

  function fill(now: number): void {
    tokens = Math.min(burst, tokens + (Math.max(0, now - filledAt) * perSecond) / 1000)
    filledAt = now
  }

  return {
    take(cost, now) {
      fill(now)
      const missing = Math.min(cost, burst) - tokens
      if (missing > 0) return Math.ceil((missing * 1000) / perSecond)
      tokens -= cost
      return 0
    },
    lower(most, now) {
      fill(now)
      tokens = Math.min(tokens, most)
    },
    isFull(now) {
      fill(now)
      return tokens >= burst
    },
  }
}
