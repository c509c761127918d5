/** One Ctrl-C may arrive twice: from the terminal, and passed on by npm. Within this time it counts once. */
const ECHO_MS = 1_000

/** Fires when the process is asked to stop. */
export type StopSignals = Disposable & Readonly<{ signal: AbortSignal }>

/**
 * SIGTERM and SIGINT fire the signal that this answers with, for an end in order; another one ends the process at once,
 * with exit code 1. Once one has come, listens for as long as the process lives, also when it is disposed of: an echo may
 * arrive when everything is over.
 */
export function listenToSignals(tell: (signal: NodeJS.Signals) => void): StopSignals {
  const stop = new AbortController()
  let firstAt: number | undefined

  function onSignal(signal: NodeJS.Signals): void {
    if (firstAt === undefined) {
      firstAt = performance.now()
      tell(signal)
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
