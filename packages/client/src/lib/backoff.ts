/** The longest wait of a timer, 24 days. A longer one would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/** Bounds of a wait that doubles with each attempt, in milliseconds. */
export type Backoff = Readonly<{ firstMs: number; maxMs: number }>

/** For requests that are repeated until they are answered. */
export const REQUEST_BACKOFF: Backoff = { firstMs: 250, maxMs: 5_000 }

/** The wait before attempt number `attempt` (from 0), with jitter: between half of the doubled wait and all of it. */
export function backoffMs(attempt: number, { firstMs, maxMs }: Backoff, random: number): number {
  const ceiling = Math.min(maxMs, firstMs * 2 ** attempt)
  return Math.round(ceiling * (0.5 + random / 2))
}

/** The wait before a request is repeated, in milliseconds. */
export function requestWaitMs(attempt: number): number {
  return backoffMs(attempt, REQUEST_BACKOFF, Math.random())
}

/** Resolves after `ms`, or at once when the signal fires. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
