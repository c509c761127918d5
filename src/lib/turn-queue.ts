/**
 * Lets work that blocks the event loop begin once per turn, and rests after a turn for as long as it took. So at least
 * half of the time is left to other work.
 */
export type TurnQueue = Readonly<{
  /** Resolves when it is the caller's turn. The names take turns, and within a name the order of arrival counts. */
  turn(name?: string): Promise<void>
}>

/** The longest rest after a turn, in milliseconds. A turn of a loaded event loop takes longer for other reasons. */
const MAX_REST_MS = 20

/**
 * Thirty documents that arrive together take half a second to parse and validate. In one turn, every other request
 * would wait for all of them. A request needs several turns, so one document in each turn would still delay it by
 * several. With rests, it takes twice as long at most.
 */
export function createTurnQueue(now: () => number = () => performance.now()): TurnQueue {
  const waiting = new Map<string, (() => void)[]>()
  let isBusy = false

  /** Takes the oldest caller of the name whose last turn is longest ago. */
  function takeNext(): (() => void) | undefined {
    const [first] = waiting
    if (first === undefined) return undefined
    const [name, callers] = first
    const next = callers.shift()
    waiting.delete(name)
    if (callers.length > 0) waiting.set(name, callers)
    return next
  }

  function release(): void {
    const next = takeNext()
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
    turn(name = '') {
      const { promise, resolve } = Promise.withResolvers<void>()
      const callers = waiting.get(name)
      if (callers === undefined) waiting.set(name, [resolve])
      else callers.push(resolve)
      if (!isBusy) {
        isBusy = true
        setImmediate(release)
      }
      return promise
    },
  }
}
