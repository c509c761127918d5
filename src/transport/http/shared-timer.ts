/** Calls many functions at one interval by one timer. It runs while there is at least one function. */
export type SharedTimer = Readonly<{
  /** Calls `tick` at each interval, until the returned function is called. `tick` must not throw. */
  add(tick: () => void): () => void
}>

export function createSharedTimer(intervalMs: number): SharedTimer {
  const ticks = new Set<() => void>()
  let timer: NodeJS.Timeout | undefined
  return {
    add(tick) {
      ticks.add(tick)
      timer ??= setInterval(() => ticks.forEach((each) => each()), intervalMs)
      return () => {
        ticks.delete(tick)
        if (ticks.size > 0) return
        clearInterval(timer)
        timer = undefined
      }
    },
  }
}
