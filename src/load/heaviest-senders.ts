import type { UserId } from '../ids.ts'

/** Holds back whoever sends most, when nothing else helps any more. */
export type HeaviestSenders = Readonly<{
  /** 0, and the send is counted; or after how many milliseconds this person may send again. */
  admit(userId: UserId): number
  /** More load than can be carried: hold back more. To be called regularly. */
  tighten(): void
  /** It can be carried: hold back fewer. To be called regularly. */
  relax(): void
  /** How many sends of one person are let through in each window; Infinity: all. */
  cap(): number
}>

const WINDOW_MS = 10_000
/** Whoever writes no more than this in a window is a person in a conversation, and never held back. */
const FLOOR = 5
const TIGHTEN_BY = 0.8
const RELAX_BY = 1.1

/*
 * A sliding window of each person's sends, made of the present window and a share of the one before. While there is
 * too much, the cap on it sinks, step by step, from the heaviest sender's number downwards, so that they are the first
 * to feel it and people in a conversation are never reached; when it can be carried, the cap rises until it holds
 * nobody back. In this way it finds what the machine can take without knowing it. It never sinks below what people were
 * let through on average: that much was carried, and waiting messages show the effect of a step only seconds later.
 */
export function createHeaviestSenders(now: () => number): HeaviestSenders {
  let startedAt = now()
  let present = new Map<UserId, number>()
  let previous: ReadonlyMap<UserId, number> = new Map()
  let cap = Infinity

  function turn(): void {
    const elapsedMs = now() - startedAt
    if (elapsedMs < WINDOW_MS) return
    previous = elapsedMs < 2 * WINDOW_MS ? present : new Map()
    present = new Map()
    startedAt = now()
  }

  /** Until the sliding count is below the cap, as it is now and if nothing is sent meanwhile. */
  function waitMs(userId: UserId): number {
    const [here, before] = [present.get(userId) ?? 0, previous.get(userId) ?? 0]
    const elapsedMs = now() - startedAt
    if (here + before * (1 - elapsedMs / WINDOW_MS) < cap) return 0
    if (here < cap) return Math.ceil(fadingMs(before, cap - here) - elapsedMs) + 1
    return Math.ceil(WINDOW_MS - elapsedMs + fadingMs(here, cap)) + 1
  }

  function heaviest(): number {
    let most = FLOOR
    for (const counts of [present, previous])
      for (const count of counts.values()) most = Math.max(most, count)
    return most
  }

  /** What each was let through in the last full window. */
  function average(): number {
    const counts = previous.size > 0 ? previous : present
    let sum = 0
    for (const count of counts.values()) sum += count
    return sum / Math.max(1, counts.size)
  }

  return {
    admit(userId) {
      turn()
      const wait = cap === Infinity ? 0 : waitMs(userId)
      if (wait > 0) return wait
      present.set(userId, (present.get(userId) ?? 0) + 1)
      return 0
    },
    tighten() {
      turn()
      cap = Math.max(FLOOR, average(), Math.min(cap, heaviest()) * TIGHTEN_BY)
    },
    relax() {
      if (cap === Infinity) return
      cap *= RELAX_BY
      if (cap > heaviest()) cap = Infinity
    },
    cap: () => cap,
  }
}

/** How far into the next window a count of the one before it weighs no more than `most`. */
function fadingMs(count: number, most: number): number {
  return WINDOW_MS * Math.max(0, 1 - most / count)
}
