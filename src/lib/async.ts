/** Resolves after `ms` milliseconds, or as soon as the signal aborts. Never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end, { once: true })
  })
}

/** Resolves when the signal aborts, or at once if it has aborted already. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** Runs `work` at the first call. That call and all later ones share its outcome. */
export function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let outcome: Promise<Result> | undefined
  return () => (outcome ??= work())
}

/**
 * Resolves or rejects as `work` does. Rejects with the error of `onTimeout` if `ms` milliseconds pass first; the work
 * then continues, and its outcome is ignored.
 */
export function withTimeout<Result>(
  ms: number,
  work: Promise<Result>,
  onTimeout: () => Error,
): Promise<Result> {
  // `Promise.race` and an async function would make several more promises, for each message and command.
  const { promise, resolve, reject } = Promise.withResolvers<Result>()
  const timer = setTimeout(() => reject(onTimeout()), ms)
  void work.then(resolve, reject).then(() => clearTimeout(timer))
  return promise
}
