import { LRUCache } from 'lru-cache'
import type { UserId } from '../ids.ts'
import { type CostClass, type Quota, QUOTAS } from './quotas.ts'
import { createTokenBucket, type TokenBucket } from './token-bucket.ts'

/** How much of a quota one user spent on this gateway. */
export type Spending = Readonly<{ userId: UserId; costClass: CostClass; spent: number }>

/** The remaining quotas of each user, as this gateway knows them. Decides at once, without asking others. */
export type RateLimits = Readonly<{
  /** Takes `cost` and returns 0. If too little is left, takes nothing and returns how many milliseconds to wait. */
  take(userId: UserId, costClass: CostClass, cost?: number): number
  /** Takes `cost` whatever is left. The next operations wait until the balance is positive again. */
  charge(userId: UserId, costClass: CostClass, cost: number): void
  /** Returns the spending since the last call, of users who spent enough to matter to other gateways. */
  collectSpending(): readonly Spending[]
  /** The user spent more on other gateways: lowers what is left to at most `left`. */
  lower(userId: UserId, costClass: CostClass, left: number): void
  /** The quota of a class on this gateway. */
  quotaOf(costClass: CostClass): Quota
}>

type Dependencies = Readonly<{
  /** Monotonic milliseconds. */
  now: () => number
  /** Multiplies every quota. Infinity: no limits. */
  factor: number
}>

/** Beyond this many buckets the least recently used are dropped. They have refilled the most. */
const MAX_BUCKETS = 50_000
/** Spending is shared once it reaches this part of the burst. A user at human pace never reaches it. */
const SHARED_PART = 0.1
/** The most users whose spending is shared at a time. All others are still limited by this gateway alone. */
const MAX_SHARED = 2_000

type Entry = { readonly bucket: TokenBucket; unshared: number } & Readonly<
  Pick<Spending, 'userId' | 'costClass'>
>

export function createRateLimits({ now, factor }: Dependencies): RateLimits {
  const entries = new LRUCache<string, Entry>({ max: MAX_BUCKETS })
  const toShare = new Set<Entry>()

  function quotaOf(costClass: CostClass): Quota {
    const { burst, perSecond } = QUOTAS[costClass]
    return { burst: burst * factor, perSecond: perSecond * factor }
  }

  /** A full bucket is replaced by a new one, which also forgets spending that was too small to share. */
  function entryOf(userId: UserId, costClass: CostClass): Entry {
    const key = keyOf(userId, costClass)
    const known = entries.get(key)
    const entry = known === undefined || known.bucket.isFull(now()) ? createEntry(userId, costClass) : known
    entries.set(key, entry)
    return entry
  }

  function createEntry(userId: UserId, costClass: CostClass): Entry {
    return { userId, costClass, bucket: createTokenBucket(quotaOf(costClass), now()), unshared: 0 }
  }

  function take(userId: UserId, costClass: CostClass, cost = 1): number {
    if (factor === Infinity) return 0
    const entry = entryOf(userId, costClass)
    const waitMs = entry.bucket.take(cost, now())
    if (waitMs > 0) return waitMs
    recordSpending(entry, cost)
    return 0
  }

  function charge(userId: UserId, costClass: CostClass, cost: number): void {
    if (factor === Infinity) return
    const entry = entryOf(userId, costClass)
    entry.bucket.charge(cost, now())
    recordSpending(entry, cost)
  }

  function recordSpending(entry: Entry, cost: number): void {
    entry.unshared += cost
    const isWorthSharing = entry.unshared >= quotaOf(entry.costClass).burst * SHARED_PART
    if (isWorthSharing && toShare.size < MAX_SHARED) toShare.add(entry)
  }

  function collectSpending(): readonly Spending[] {
    const spending = [...toShare].map(({ userId, costClass, unshared }) => {
      return { userId, costClass, spent: unshared }
    })
    for (const entry of toShare) entry.unshared = 0
    toShare.clear()
    return spending
  }

  return {
    take,
    charge,
    collectSpending,
    lower: (userId, costClass, left) => entries.get(keyOf(userId, costClass))?.bucket.lower(left, now()),
    quotaOf,
  }
}

function keyOf(userId: UserId, costClass: CostClass): string {
  return `${costClass} ${userId}`
}
