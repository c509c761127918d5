/** One Ctrl-C may arrive twice: from the terminal, and forwarded by npm. Within this time it counts once. */
const ECHO_MS = 1_000

/** Fires when the process is asked to stop. */
export type StopSignals = Disposable & Readonly<{ signal: AbortSignal }>

/**
 * Fires `signal` on the first SIGTERM or SIGINT, for an orderly stop. A later one ends the process at once, with exit
 * code 1. After a first signal, disposing keeps the listeners: an echo may arrive when all work is done, and without a
 * listener it would change the exit code.
 */
export function listenToSignals(onFirst: (signal: NodeJS.Signals) => void): StopSignals {
  const stop = new AbortController()
  let firstAt: number | undefined

  function onSignal(signal: NodeJS.Signals): void {
    if (firstAt === undefined) {
      firstAt = performance.now()
      onFirst(signal)
      stop.abort()
    } else if (performance.now() - firstAt > ECHO_MS) {
      process.exit(1)
    }
  }

  process.on('SIGTERM', onSignal).on('SIGINT', onSignal)
  return {
    signal: stop.signal,
    [Symbol.dispose]() {
      if (firstAt === undefined) process.off('SIGTERM', onSignal).off('SIGINT', onSignal)
    },
  }
}
