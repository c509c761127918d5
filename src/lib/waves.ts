import { pause } from './async.ts'

/** How to spread closing many connections over time: so many, then a pause, and again. */
export type Waves = Readonly<{ size: number; pauseMs: number }>

/** So few at once disturb nobody, and need no time. */
const SMALL_WAVE = 50
const PAUSE_MS = 250
/** The rest of the time is for the last closing handshakes. */
const SHARE_OF_TIME = 0.75

/** The smallest waves that get through `count` connections in three quarters of `deadlineMs`. */
export function planWaves(count: number, deadlineMs: number): Waves {
  const wavesInTime = Math.max(1, Math.floor((deadlineMs * SHARE_OF_TIME) / PAUSE_MS))
  return { size: Math.max(SMALL_WAVE, Math.ceil(count / wavesInTime)), pauseMs: PAUSE_MS }
}

/** Closes all of them in such waves; resolves when the last one was told, not when it is closed. */
export async function inWaves<Item>(
  all: readonly Item[],
  deadlineMs: number,
  close: (item: Item) => void,
): Promise<void> {
  const { size, pauseMs } = planWaves(all.length, deadlineMs)
  for (let first = 0; first < all.length; first += size) {
    if (first > 0) await pause(pauseMs)
    for (const item of all.slice(first, first + size)) close(item)
  }
}
