/** One Ctrl-C may arrive twice: from the terminal, and forwarded by npm. Within this time it counts once. */
const ECHO_MS = 1_000

/** Fires when the process is asked to stop. */
export type StopSignals = Disposable & Readonly<{ signal: AbortSignal }>

/** Why a process stops. */
export type StopCause = NodeJS.Signals | 'npm ended'

/**
 * Fires `signal` on the first SIGTERM or SIGINT, or when `parentEnd` fires, for an orderly stop. A later signal ends
 * the process at once, with exit code 1. After a first signal, disposing keeps the listeners: an echo may arrive when
 * all work is done, and without a listener it would change the exit code.
 */
export function listenToSignals(
  onFirst: (cause: StopCause) => void,
  parentEnd: AbortSignal | undefined,
): StopSignals {
  const stop = new AbortController()
  let firstAt: number | undefined

  function begin(cause: StopCause): void {
    firstAt = performance.now()
    onFirst(cause)
    stop.abort()
  }

  function onSignal(signal: NodeJS.Signals): void {
    if (firstAt === undefined) begin(signal)
    else if (performance.now() - firstAt > ECHO_MS) process.exit(1)
  }

  /** Not a second signal: Ctrl-C ends the shell of npm as well, and the orderly stop continues. */
  function onParentEnd(): void {
    if (firstAt === undefined) begin('npm ended')
  }

  process.on('SIGTERM', onSignal).on('SIGINT', onSignal)
  parentEnd?.addEventListener('abort', onParentEnd)
  return {
    signal: stop.signal,
    [Symbol.dispose]() {
      parentEnd?.removeEventListener('abort', onParentEnd)
      if (firstAt === undefined) process.off('SIGTERM', onSignal).off('SIGINT', onSignal)
    },
  }
}
