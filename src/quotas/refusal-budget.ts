import { LRUCache } from 'lru-cache'
import { createTokenBucket, type TokenBucket } from './token-bucket.ts'

/** Bounds how often a sender is told RATE_LIMITED at the cost of an operation. */
export type RefusalBudget = Readonly<{
  /** Returns for how many milliseconds the sender's operations are rejected unread. 0: they are read. */
  waitMs(sender: string): number
  /** An operation of the sender was rejected with RATE_LIMITED, read or unread. */
  charge(sender: string): void
}>

/** An app that starts may send dozens of operations before it learns that its quota is used up. */
const BUDGET = { burst: 50, perSecond: 5 }
/** An operation that is rejected unread prolongs the wait to this at most, in milliseconds. */
const MAX_WAIT_MS = 1_000
/** A token has some hundred characters, and at most as many as fit into the headers of a request. */
const MAX_TOTAL_CHARS = 4 * 1024 * 1024

/**
 * An operation over HTTP that is rejected costs nearly as much as one that is served: it is parsed, its token is
 * verified, and the answer is written by the same steps. A program that ignores `retryAfterMs` would take from a
 * gateway what its quota forbids. So a sender who is rejected again and again is not read until they pause for a
 * second. A sender who waits as told is never in debt.
 */
export function createRefusalBudget(elapsedMs: () => number = () => performance.now()): RefusalBudget {
  const buckets = new LRUCache<string, TokenBucket>({
    maxSize: MAX_TOTAL_CHARS,
    sizeCalculation: (_, sender) => Math.max(1, sender.length),
  })
  const waitMs = (sender: string): number => buckets.get(sender)?.waitMs(elapsedMs()) ?? 0

  return {
    waitMs,
    charge(sender) {
      if (waitMs(sender) >= MAX_WAIT_MS) return
      const known = buckets.get(sender)
      const bucket = known === undefined || known.isFull(elapsedMs()) ? undefined : known
      const charged = bucket ?? createTokenBucket(BUDGET, elapsedMs())
      charged.charge(1, elapsedMs())
      buckets.set(sender, charged)
    },
  }
}
