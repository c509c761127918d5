import type { UserId } from '../ids.ts'
import type { Pressure } from './levels.ts'

/**
 * Throttles the users who send most, when pausing features is not enough. Rates are in sends per second.
 */
export type SendThrottle = Readonly<{
  /** In how many milliseconds this user may send. 0: now. */
  throttledForMs(userId: UserId): number
  /** The user sends a message. */
  recordSend(userId: UserId): void
  /** A message of the user was rejected, for this or another reason. It still counts as demand. */
  recordRejection(userId: UserId): void
  /** There is too much load: lower the budget. Called after each reading. */
  tighten(): void
  /** The load is bearable: raise the budget. Called after each reading. */
  relax(): void
  /**
   * Tightens or relaxes by a reading: by the pressure after it, and by the one that it alone demands. In between, while
   * the pressure is BEYOND and the reading demands less, the budget stays, because its effect is not known yet.
   */
  adjust(pressure: Pressure, demanded: Pressure): void
  /** The highest rate at which one user is admitted. Infinity: no user is throttled. */
  cap(): number
}>

const WINDOW_MS = 1_000
/** The lowest cap: five messages in ten seconds. A user in a conversation is never throttled. */
const FLOOR = 0.5
/** How many messages a user who was silent may send at once. */
const BURST = 5
/** Messages that already wait delay the effect of a step by about this time, in milliseconds. */
const STEP_INTERVAL_MS = 1_500
const TIGHTEN_BY = 0.85
/** One step never lowers the budget below this share, even if the database stood still for a whole window. */
const TIGHTEN_AT_MOST_BY = 0.7
const RELAX_BY = 1.02

type Bucket = Readonly<{ level: number; at: number }>

/*
 * The capacity of a machine is not known in advance, but what it carried in the last second can be counted. From the
 * moment of too much load, all users together get a budget. It begins a little below what was admitted in the last
 * second. It shrinks in steps while there is still too much load, and grows slowly otherwise, until it exceeds the
 * demand. The budget is shared fairly: all users are admitted at the same rate, the cap, and a user who wants less gets
 * all of it. So the heaviest senders are throttled first, and users in a conversation never.
 *
 * The rate of each user is measured by a leaky bucket (ITU-T I.371, annex A). Each send adds one. It leaks at the
 * present cap. A user whose bucket is full has to wait.
 */
export function createSendThrottle(now: () => number): SendThrottle {
  let windowStartedAt = now()
  let demand = new Map<UserId, number>()
  let admitted = 0
  /** The last full window. */
  let last = { demand: new Map<UserId, number>(), admittedRate: 0, seconds: 1 }
  const buckets = new Map<UserId, Bucket>()
  let steppedAt = -Infinity
  let budget = Infinity
  let cap = Infinity

  function rotateWindow(): void {
    const elapsedMs = now() - windowStartedAt
    if (elapsedMs < WINDOW_MS) return
    last = { demand, admittedRate: (admitted * 1000) / elapsedMs, seconds: elapsedMs / 1000 }
    demand = new Map()
    admitted = 0
    windowStartedAt = now()
    shareBudget()
    dropEmptyBuckets()
  }

  function dropEmptyBuckets(): void {
    for (const [userId, bucket] of buckets) if (levelOf(bucket) === 0) buckets.delete(userId)
  }

  function levelOf({ level, at }: Bucket): number {
    return Math.max(0, level - ((now() - at) * cap) / 1000)
  }

  function shareBudget(): void {
    if (budget === Infinity) return
    const rates = Float64Array.from(last.demand.values(), (count) => count / last.seconds)
    cap = Math.max(FLOOR, fairShare(rates, budget))
  }

  function waitMs(userId: UserId): number {
    if (cap === Infinity) return 0
    const bucket = buckets.get(userId)
    const excess = bucket === undefined ? 0 : levelOf(bucket) + 1 - BURST
    return excess > 0 ? Math.ceil((excess * 1000) / cap) : 0
  }

  function fillBucket(userId: UserId): void {
    const bucket = buckets.get(userId)
    buckets.set(userId, { level: bucket === undefined ? 1 : levelOf(bucket) + 1, at: now() })
  }

  function recordDemand(userId: UserId): void {
    demand.set(userId, (demand.get(userId) ?? 0) + 1)
  }

  function demandRate(): number {
    let sum = 0
    for (const count of last.demand.values()) sum += count
    return sum / last.seconds
  }

  function tighten(): void {
    rotateWindow()
    if (now() - steppedAt < STEP_INTERVAL_MS) return
    steppedAt = now()
    const lowered = Math.min(budget, last.admittedRate) * TIGHTEN_BY
    budget = budget === Infinity ? lowered : Math.max(lowered, budget * TIGHTEN_AT_MOST_BY)
    shareBudget()
  }

  function relax(): void {
    if (budget === Infinity) return
    rotateWindow()
    // The floor is admitted anyway. Without it, a budget of zero would never grow.
    budget = Math.max(budget, FLOOR * last.demand.size) * RELAX_BY
    if (budget < demandRate()) return
    budget = Infinity
    cap = Infinity
    buckets.clear()
  }

  return {
    throttledForMs(userId) {
      rotateWindow()
      return waitMs(userId)
    },
    recordSend(userId) {
      rotateWindow()
      recordDemand(userId)
      admitted += 1
      if (cap < Infinity) fillBucket(userId)
    },
    recordRejection(userId) {
      rotateWindow()
      recordDemand(userId)
    },
    tighten,
    relax,
    adjust(pressure, demanded) {
      if (pressure !== 'BEYOND') relax()
      else if (demanded === 'BEYOND') tighten()
    },
    cap: () => cap,
  }
}

/**
 * The highest rate per user at which the demands fit the budget (max-min fairness): the budget is used up, and no user
 * gets more than they want while another gets less. If the budget covers all demands, the rest goes to the highest one.
 * Without demands the result is the whole budget. Sorts `demands` in place.
 */
export function fairShare(demands: Float64Array, budget: number): number {
  demands.sort()
  let left = budget
  for (const [index, demand] of demands.entries()) {
    const share = left / (demands.length - index)
    if (demand > share || index === demands.length - 1) return share
    left -= demand
  }
  return left
}
