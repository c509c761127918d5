/** Resolves after `ms`, or as soon as the signal fires. Works in browsers, Node.js and React Native. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    const stop = (): void => {
      clearTimeout(timer)
      resolve()
    }
    if (signal?.aborted === true) stop()
    signal?.addEventListener('abort', stop, { once: true })
  })
}

/** Returns the wait before attempt number `attempt`: at random, so that clients do not return together. */
export function backoffMs(attempt: number): number {
  return Math.random() * Math.min(500 * 2 ** attempt, 30_000)
}
