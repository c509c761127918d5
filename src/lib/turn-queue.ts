/** Lets work that blocks the event loop begin once per turn, so that other work gets a turn in between. */
export type TurnQueue = Readonly<{
  /** Resolves when it is the caller's turn, in order of arrival. */
  turn(): Promise<void>
}>

/**
 * Thirty documents that arrive together take half a second to parse and validate. In one turn, every other request
 * would wait for all of them. In a turn each, it waits for one or two.
 */
export function createTurnQueue(): TurnQueue {
  const waiting: (() => void)[] = []
  let next: NodeJS.Immediate | undefined

  function release(): void {
    waiting.shift()?.()
    next = waiting.length === 0 ? undefined : setImmediate(release)
  }

  return {
    turn() {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push(resolve)
      next ??= setImmediate(release)
      return promise
    },
  }
}
