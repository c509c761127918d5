import type { UserId } from '../ids.ts'
import { fairShare } from './fair-share.ts'

/** Holds back whoever sends most, when nothing else helps any more. Rates are of sends in a second. */
export type SendThrottle = Readonly<{
  /** After how many milliseconds this person may send; 0: now. */
  throttledForMs(userId: UserId): number
  /** They send. */
  recordSend(userId: UserId): void
  /** They wanted to send, and were refused for this or another reason: as much as that is asked for. */
  recordRefusal(userId: UserId): void
  /** More load than can be carried: hold back more. To be called regularly. */
  tighten(): void
  /** It can be carried: hold back fewer. To be called regularly. */
  relax(): void
  /** The rate at which one person is let through at most; Infinity: nobody is held back. */
  cap(): number
}>

const WINDOW_MS = 1_000
/** Whoever writes no more than this, five in ten seconds, is a person in a conversation, and never held back. */
const FLOOR = 0.5
/** So many are let through at once of somebody who was silent. */
const BURST = 5
/** Messages that wait already show the effect of a step only so much later, in milliseconds. */
const STEP_MS = 1_500
const TIGHTEN_BY = 0.85
/** However little was carried in a window, be it that the database stood still. */
const TIGHTEN_AT_MOST_BY = 0.7
const RELAX_BY = 1.02

type Bucket = Readonly<{ level: number; at: number }>

/*
 * What the machine can carry, nobody knows beforehand; what it has just carried can be counted. So from the moment
 * that it is too much, everybody together gets a budget, which begins a little below what was let through in the last
 * second, sinks in steps while it is still too much, and rises slowly when it is not, until it is more than is asked
 * for. The budget is shared fairly: people are let through at the same rate, and who wants less than that gets all
 * they want. So the heaviest senders are the first to feel it, and people in a conversation are never reached.
 *
 * Each person's rate is kept by a leaky bucket as a meter (ITU-T I.371, annex A): it fills by one with each send, leaks
 * at the present cap, and whoever's is full has to wait.
 */
export function createSendThrottle(now: () => number): SendThrottle {
  let startedAt = now()
  let wanted = new Map<UserId, number>()
  let admitted = 0
  /** In the last full window. */
  let last = { wanted: new Map<UserId, number>(), carried: 0, seconds: 1 }
  const buckets = new Map<UserId, Bucket>()
  let steppedAt = -Infinity
  let budget = Infinity
  let cap = Infinity

  function turn(): void {
    const elapsedMs = now() - startedAt
    if (elapsedMs < WINDOW_MS) return
    last = { wanted, carried: (admitted * 1000) / elapsedMs, seconds: elapsedMs / 1000 }
    wanted = new Map()
    admitted = 0
    startedAt = now()
    share()
    forgetEmpty()
  }

  function forgetEmpty(): void {
    for (const [userId, bucket] of buckets) if (levelOf(bucket) === 0) buckets.delete(userId)
  }

  function levelOf({ level, at }: Bucket): number {
    return Math.max(0, level - ((now() - at) * cap) / 1000)
  }

  function share(): void {
    if (budget === Infinity) return
    const rates = Float64Array.from(last.wanted.values(), (count) => count / last.seconds)
    cap = Math.max(FLOOR, fairShare(rates, budget))
  }

  function waitMs(userId: UserId): number {
    if (cap === Infinity) return 0
    const bucket = buckets.get(userId)
    const excess = bucket === undefined ? 0 : levelOf(bucket) + 1 - BURST
    return excess > 0 ? Math.ceil((excess * 1000) / cap) : 0
  }

  function pour(userId: UserId): void {
    const bucket = buckets.get(userId)
    buckets.set(userId, { level: bucket === undefined ? 1 : levelOf(bucket) + 1, at: now() })
  }

  function want(userId: UserId): void {
    wanted.set(userId, (wanted.get(userId) ?? 0) + 1)
  }

  function wantedRate(): number {
    let sum = 0
    for (const count of last.wanted.values()) sum += count
    return sum / last.seconds
  }

  return {
    throttledForMs(userId) {
      turn()
      return waitMs(userId)
    },
    recordSend(userId) {
      turn()
      want(userId)
      admitted += 1
      if (cap < Infinity) pour(userId)
    },
    recordRefusal(userId) {
      turn()
      want(userId)
    },
    tighten() {
      turn()
      if (now() - steppedAt < STEP_MS) return
      steppedAt = now()
      const carried = Math.min(budget, last.carried) * TIGHTEN_BY
      budget = budget === Infinity ? carried : Math.max(carried, budget * TIGHTEN_AT_MOST_BY)
      share()
    },
    relax() {
      if (budget === Infinity) return
      turn()
      // The pace of a conversation is let through anyway; and out of nothing, no budget would ever grow.
      budget = Math.max(budget, FLOOR * last.wanted.size) * RELAX_BY
      if (budget < wantedRate()) return
      budget = Infinity
      cap = Infinity
      buckets.clear()
    },
    cap: () => cap,
  }
}
