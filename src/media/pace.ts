import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { elapsedMs } from '../lib/clock.ts'

/** Passes on the bytes of a file. All files of a gateway share one pace, in both directions. */
export type Pace = (bytes: AsyncIterable<Buffer>) => AsyncIterable<Buffer>

type Options = Readonly<{
  /** Infinity: no limit. */
  bytesPerSecond: number
  /** Called with the size of each chunk that was passed on. */
  onPassed(byteCount: number): void
  /** A monotonic clock, in milliseconds. */
  now?(): number
  /** Resolves after so many milliseconds, or later if the event loop is busy. */
  wait?(ms: number): Promise<unknown>
}>

/** A timer fires a little late. So many milliseconds of the rate may be made up for at once. */
const CREDIT_MS = 10

/** The event loop is busy if a timer is this late. */
const LATE_MS = 10

/** The rate changes once in this time. */
const STEP_MS = 100

/** The share of the rate that files keep on a busy gateway. */
const LEAST_SHARE = 0.1

/*
 * Each chunk of a file costs a turn of the event loop, which messages share. Without a limit, a few files take as many
 * turns as there are, and a message waits for a chunk of each. So chunks of all files stand in one queue:
 *
 * - A chunk has a place in time: after the one before, by its size and the rate. A file waits with one chunk at a time,
 *   so that files take turns. While it waits, nothing is read: the connection, or the disk, is held back.
 * - The wait shows how late the event loop is. If it is late, the rate halves, down to a tenth. Otherwise it rises
 *   again, by a tenth of the whole rate.
 *
 * The number of files is not limited: a slow client would keep a place from others.
 */
export function createPace({ bytesPerSecond, onPassed, now = elapsedMs, wait = sleep }: Options): Pace {
  let rate = bytesPerSecond
  let nextAt = -Infinity
  let step = { endsAt: -Infinity, worstLateMs: 0 }

  async function take(byteCount: number): Promise<void> {
    const arrivedAt = now()
    const at = Math.max(nextAt, arrivedAt - CREDIT_MS)
    nextAt = at + (byteCount / rate) * 1_000
    if (at <= arrivedAt) return
    await wait(at - arrivedAt)
    adapt(now(), at)
  }

  function adapt(time: number, dueAt: number): void {
    const worstLateMs = Math.max(step.worstLateMs, time - dueAt)
    step = { ...step, worstLateMs }
    if (time < step.endsAt) return
    rate = rateAfter(rate, worstLateMs, bytesPerSecond)
    step = { endsAt: time + STEP_MS, worstLateMs: 0 }
  }

  return async function* pace(bytes) {
    for await (const chunk of bytes) {
      if (bytesPerSecond !== Infinity) await take(chunk.length)
      onPassed(chunk.length)
      yield chunk
    }
  }
}

function rateAfter(rate: number, worstLateMs: number, whole: number): number {
  return worstLateMs > LATE_MS ? Math.max(whole * LEAST_SHARE, rate / 2) : Math.min(whole, rate + whole / 10)
}

/** For programs that serve no messages. */
export const unpaced: Pace = (bytes) => bytes

/** Returns the bytes as a stream. If it is destroyed, so is `bytes`. */
export function pacedStream(bytes: Readable, pace: Pace): Readable {
  if (pace === unpaced) return bytes
  // A generator that was never asked would leave its source open.
  return Readable.from(pace(bytes), { objectMode: false }).once('close', () => bytes.destroy())
}
