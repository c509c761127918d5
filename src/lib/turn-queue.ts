/**
 * Lets work that blocks the event loop begin once per turn, and rests after a turn for as long as it took. So at least
 * half of the time is left to other work.
 */
export type TurnQueue = Readonly<{
  /** Resolves when it is the caller's turn, in order of arrival. */
  turn(): Promise<void>
}>

/** The longest rest after a turn, in milliseconds. A turn of a loaded event loop takes longer for other reasons. */
const MAX_REST_MS = 20

/**
 * Thirty documents that arrive together take half a second to parse and validate. In one turn, every other request
 * would wait for all of them. A request needs several turns, so one document in each turn would still delay it by
 * several. With rests, it takes twice as long at most.
 */
export function createTurnQueue(now: () => number = () => performance.now()): TurnQueue {
  const waiting: (() => void)[] = []
  let isBusy = false

  function release(): void {
    const next = waiting.shift()
    isBusy = next !== undefined
    if (next === undefined) return
    const startedAt = now()
    next()
    // The work runs before the next turn of the loop.
    setImmediate(() => rest(now() - startedAt))
  }

  /** A timer is not finer than a millisecond. */
  function rest(tookMs: number): void {
    if (tookMs < 1) release()
    else setTimeout(release, Math.min(tookMs, MAX_REST_MS))
  }

  return {
    turn() {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push(resolve)
      if (!isBusy) {
        isBusy = true
        setImmediate(release)
      }
      return promise
    },
  }
}
