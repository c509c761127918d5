const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** The waits after the first failed attempts, in milliseconds. Later ones wait as long as after the last. */
const WAITS_MS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR]
const LONGEST_MS = 6 * HOUR
/** Waits vary by a fifth in both directions, so that the chats of a receiver that was away do not come back at once. */
const JITTER = 0.2

/** A webhook without any success for this long is paused, in milliseconds. */
export const PAUSED_AFTER_MS = 72 * HOUR

/**
 * Returns how long to wait before the next attempt, in milliseconds. `attempts`: how many have failed before this one.
 * `retryAfterMs`: the wait that the receiver asked for; a longer one than the schedule's wins, up to six hours.
 * `random`: a number from 0 to 1.
 */
export function waitMs(attempts: number, retryAfterMs: number | undefined, random: number): number {
  const planned = (WAITS_MS[attempts] ?? LONGEST_MS) * (1 + JITTER * (2 * random - 1))
  return Math.max(planned, Math.min(LONGEST_MS, retryAfterMs ?? 0))
}
