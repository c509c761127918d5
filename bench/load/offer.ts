import { startPacer } from './pacer.ts'

const TICK_MS = 1

export type Rate = Readonly<{ seconds: number; perSecond: number }>

/**
 * Calls `send` for each message of an open loop, at its time. Returns the number of messages. If the signal aborts, it
 * offers no more.
 */
export async function offer(
  { seconds, perSecond }: Rate,
  send: (dueAt: number, index: number) => void,
  signal?: AbortSignal,
): Promise<number> {
  const total = Math.round(seconds * perSecond)
  const intervalMs = 1000 / perSecond
  const { promise, resolve } = Promise.withResolvers<void>()
  let [sent, began] = [0, NaN]
  const stop = startPacer(Math.min(TICK_MS, intervalMs), (plannedAt) => {
    const now = performance.now()
    // The thread needs some milliseconds to start. Time begins with the plan of its first tick, not with its arrival:
    // later ticks arrive sooner, would be too early for their messages, and delay each by a whole interval.
    if (Number.isNaN(began)) began = plannedAt
    if (signal?.aborted === true) return resolve()
    for (; sent < total && began + sent * intervalMs <= now; sent += 1) send(began + sent * intervalMs, sent)
    if (sent === total) resolve()
  })
  await promise
  await stop()
  return sent
}
