import { LRUCache } from 'lru-cache'
import type { Quota } from './quotas.ts'
import { createTokenBucket, type TokenBucket } from './token-bucket.ts'

/** Bounds the time that documents of one payer take for parsing and validation, whether they are valid or not. */
export type DocumentBudget = Readonly<{
  /** Returns how many milliseconds to wait before the payer may send a new document. 0: none. */
  waitMs(payer: string): number
  /** Call it with the time that a document has taken. */
  charge(payer: string, tookMs: number): void
}>

/** A twentieth of a core, and half a second at once: about a hundred documents of an app that starts. */
const BUDGET = { burst: 500, perSecond: 50 }
/** A tenth of a core, in pieces that an operation of another client hardly notices. */
const PACE = { burst: 8, perSecond: 100 }
const MAX_PAYERS = 20_000

/**
 * A document is parsed before anything is known about its sender, so any client can make a gateway work. The
 * payer is the user, or the address of a client without a token. Documents that are cached are free. The cost is known
 * afterwards, so a balance may become negative: the payer then waits until it is positive again.
 */
export function createDocumentBudget(
  elapsedMs: () => number = () => performance.now(),
  quota: Quota = BUDGET,
): DocumentBudget {
  const buckets = new LRUCache<string, TokenBucket>({ max: MAX_PAYERS })

  return {
    waitMs(payer) {
      return buckets.get(payer)?.waitMs(elapsedMs()) ?? 0
    },
    charge(payer, tookMs) {
      const bucket = buckets.get(payer) ?? createTokenBucket(quota, elapsedMs())
      bucket.charge(tookMs, elapsedMs())
      if (bucket.isFull(elapsedMs())) buckets.delete(payer)
      else buckets.set(payer, bucket)
    },
  }
}

/** Spreads the time that messages of clients without a token take, so that a budget is not spent in one moment. */
export function createReadingPace(elapsedMs?: () => number): DocumentBudget {
  return createDocumentBudget(elapsedMs, PACE)
}
