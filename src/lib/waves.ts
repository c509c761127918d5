import { pause } from './async.ts'

/** A plan to close many connections in waves: `size` connections, then a pause, and again. */
export type Waves = Readonly<{ size: number; pauseMs: number }>

/** This many connections can close at once without a noticeable load. */
const SMALL_WAVE = 50
const PAUSE_MS = 250
/** The rest of the time is left for the last closing handshakes. */
const SHARE_OF_TIME = 0.75

/** Returns the smallest waves that cover `count` connections in three quarters of `deadlineMs`. */
export function planWaves(count: number, deadlineMs: number): Waves {
  const wavesInTime = Math.max(1, Math.floor((deadlineMs * SHARE_OF_TIME) / PAUSE_MS))
  return { size: Math.max(SMALL_WAVE, Math.ceil(count / wavesInTime)), pauseMs: PAUSE_MS }
}

/** Calls `close` for all items in waves. Resolves after the last call, not when everything is closed. */
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
