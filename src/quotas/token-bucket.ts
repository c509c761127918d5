import type { Quota } from './quotas.ts'

/** A bucket of tokens that refills at a steady rate up to its burst. Times are monotonic milliseconds. */
export type TokenBucket = Readonly<{
  /**
   * Takes `cost` tokens and returns 0. If there are too few, takes nothing and returns how many milliseconds to wait. A
   * cost above the burst is taken once the bucket is full, and leaves a negative balance.
   */
  take(cost: number, now: number): number
  /** Takes `cost` tokens whatever the balance, which may become negative. */
  charge(cost: number, now: number): void
  /** Returns how many milliseconds to wait until the balance is positive. */
  waitMs(now: number): number
  /** Lowers the balance to at most `tokens`. */
  lower(tokens: number, now: number): void
  isFull(now: number): boolean
}>

/** Creates a full bucket. It refills when it is used and not by a timer, so a million idle buckets cost no time. */
export function createTokenBucket({ burst, perSecond }: Quota, createdAt: number): TokenBucket {
  let tokens = burst
  let filledAt = createdAt

  function refill(now: number): void {
    tokens = Math.min(burst, tokens + (Math.max(0, now - filledAt) * perSecond) / 1000)
    filledAt = now
  }

  return {
    take(cost, now) {
      refill(now)
      const missing = Math.min(cost, burst) - tokens
      if (missing > 0) return Math.ceil((missing * 1000) / perSecond)
      tokens -= cost
      return 0
    },
    charge(cost, now) {
      refill(now)
      tokens -= cost
    },
    waitMs(now) {
      refill(now)
      return tokens > 0 ? 0 : Math.max(1, Math.ceil((-tokens * 1000) / perSecond))
    },
    lower(limit, now) {
      refill(now)
      tokens = Math.min(tokens, limit)
    },
    isFull(now) {
      refill(now)
      return tokens >= burst
    },
  }
}
