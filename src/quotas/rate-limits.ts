import { LRUCache } from 'lru-cache'
import type { UserId } from '../ids.ts'
import { QUOTAS, type Quota, type CostClass } from './quotas.ts'
import { createTokenBucket, type TokenBucket } from './token-bucket.ts'

/** How much one person took out of one of their allowances on this gateway. */
export type Spending = Readonly<{ userId: UserId; costClass: CostClass; spent: number }>

/** Each person's allowances, as this gateway knows them. Answers at once: nothing is asked of anybody else. */
export type RateLimits = Readonly<{
  /** Takes `cost` and answers 0; or takes nothing and answers in how many milliseconds there will be enough. */
  take(userId: UserId, costClass: CostClass, cost?: number): number
  /** What was spent since the last call, of those who spend much enough to matter. */
  collectSpending(): readonly Spending[]
  /** Elsewhere more was spent: from now on there is no more than this left. */
  lower(userId: UserId, costClass: CostClass, left: number): void
  /** An allowance as it is here. */
  quotaOf(costClass: CostClass): Quota
}>

type Dependencies = Readonly<{
  /** Monotonic milliseconds. */
  now: () => number
  /** Makes every allowance so many times as large; Infinity: there are no limits. */
  factor: number
}>

/**
 * Allowances that are not full, in all: beyond that, those that were not used for longest are forgotten, which have
 * filled up most.
 */
const MAX_BUCKETS = 50_000
/** Others are told as soon as this share of an allowance was spent: a person at their usual pace never gets there. */
const TELL_SHARE = 0.1
/** How many others are told of at a time; who is left out keeps to the limit of this gateway. */
const MAX_TO_TELL = 2_000

type Entry = { readonly bucket: TokenBucket; untold: number } & Readonly<
  Pick<Spending, 'userId' | 'costClass'>
>

export function createRateLimits({ now, factor }: Dependencies): RateLimits {
  const entries = new LRUCache<string, Entry>({ max: MAX_BUCKETS })
  const toTell = new Set<Entry>()

  function allowanceOf(costClass: CostClass): Quota {
    const { burst, perSecond } = QUOTAS[costClass]
    return { burst: burst * factor, perSecond: perSecond * factor }
  }

  /** A bucket that is full again is like one that never was, and begins anew. */
  function entryOf(userId: UserId, costClass: CostClass): Entry {
    const key = `${costClass} ${userId}`
    const known = entries.get(key)
    const entry = known === undefined || known.bucket.isFull(now()) ? begin(userId, costClass) : known
    entries.set(key, entry)
    return entry
  }

  function begin(userId: UserId, costClass: CostClass): Entry {
    return { userId, costClass, bucket: createTokenBucket(allowanceOf(costClass), now()), untold: 0 }
  }

  function take(userId: UserId, costClass: CostClass, cost = 1): number {
    if (factor === Infinity) return 0
    const entry = entryOf(userId, costClass)
    const waitMs = entry.bucket.take(cost, now())
    if (waitMs > 0) return waitMs
    entry.untold += cost
    const isWorthTelling = entry.untold >= allowanceOf(costClass).burst * TELL_SHARE
    if (isWorthTelling && toTell.size < MAX_TO_TELL) toTell.add(entry)
    return 0
  }

  function collectSpending(): readonly Spending[] {
    const spending = [...toTell].map(({ userId, costClass, untold: spent }) => ({ userId, costClass, spent }))
    for (const entry of toTell) entry.untold = 0
    toTell.clear()
    return spending
  }

  return {
    take,
    collectSpending,
    lower: (userId, costClass, left) => entries.peek(`${costClass} ${userId}`)?.bucket.lower(left, now()),
    quotaOf: allowanceOf,
  }
}
