import { useSyncExternalStore } from 'react'

/** A shared clock: one timer for all components that show a time, and none while there are none. */
function createClock(everyMs: number): () => number {
  const listeners = new Set<() => void>()
  let timer: ReturnType<typeof setInterval> | undefined
  let now = Date.now()

  function subscribe(listener: () => void): () => void {
    listeners.add(listener)
    timer ??= setInterval(tick, everyMs)
    return () => {
      listeners.delete(listener)
      if (listeners.size > 0) return
      clearInterval(timer)
      timer = undefined
    }
  }

  function tick(): void {
    now = Date.now()
    for (const each of listeners) each()
  }

  function read(): number {
    // Without a timer the time would stand still between two renders.
    if (timer === undefined && Date.now() - now >= everyMs) now = Date.now()
    return now
  }

  return () => useSyncExternalStore(subscribe, read)
}

/** The time in milliseconds, to the second. */
export const useSecond = createClock(1_000)

/** The time in milliseconds, to half a minute. */
export const useMinute = createClock(30_000)
