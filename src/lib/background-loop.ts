import { pause } from './async.ts'

/** Runs one piece of work again and again, never two rounds at a time. */
export type BackgroundLoop = Readonly<{
  /** Begins the first round. Does nothing if the loop runs already, or was stopped. */
  start(): void
  /**
   * Ends the present rest early, except for `minRestMs` of it. If called during a round, no rest beyond that follows
   * the round. Never throws.
   */
  wake(): void
  /** Aborts the signal that rounds get. Resolves when no round is under way any more. Never rejects. */
  stop(): Promise<void>
}>

type Logger = Readonly<Record<'debug' | 'warn', (fields: object, text: string) => void>>

type Options = Readonly<{
  /** Names the loop in log lines, such as 'message expiry'. */
  component: string
  /**
   * One round. The signal fires when the loop is stopped. May return how long to rest before the next round, in
   * milliseconds, instead of `intervalMs`; `Infinity` rests until `wake`.
   */
  run(signal: AbortSignal): Promise<number | void> | number | void
  /** The rest between two rounds, in milliseconds. A function is asked before each rest. Default: `Infinity`. */
  intervalMs?: number | (() => number)
  /** The part of each rest that `wake` does not shorten, in milliseconds. Default: 0. */
  minRestMs?: number | (() => number)
  /** The rest after the nth failure in a row, in milliseconds, see `backoffMs`. Default: `intervalMs`. */
  retryDelayMs?(failuresInARow: number): number
  /** Rests before the first round as well. Default: false. */
  startsWithRest?: boolean
  /** A round that throws or rejects is logged at this level. Default: 'warn'. */
  failureLogLevel?: 'debug' | 'warn'
  logger: Logger
}>

/*
 *                     start                    rest is over, or wake
 *   created ──────────────────────▶ round ◀────────────────────────── rest
 *      │   (startsWithRest: rest)     │ ──────────────────────────────▶ │
 *      │                              │    done, or failed and logged   │
 *      └───────────────┬──────────────┴─────────────────────────────────┘
 *                      ▼ stop
 *                   stopped   (a round under way ends first)
 */
export function createBackgroundLoop(options: Options): BackgroundLoop {
  const { component, run, intervalMs = Infinity, minRestMs = 0, startsWithRest = false, logger } = options
  const { retryDelayMs = () => valueOf(intervalMs), failureLogLevel = 'warn' } = options
  const stopping = new AbortController()
  let running: Promise<void> | undefined
  let failuresInARow = 0
  let isWoken = false
  /** Ends the rest that is under way, if it is in the part that may be shortened. */
  let endRest: (() => void) | undefined

  async function repeat(): Promise<void> {
    if (startsWithRest) await rest(valueOf(intervalMs))
    while (!stopping.signal.aborted) {
      isWoken = false
      await rest(await runOnce())
    }
  }

  /** Returns how long to rest afterwards. */
  async function runOnce(): Promise<number> {
    try {
      const restMs = await run(stopping.signal)
      failuresInARow = 0
      return restMs ?? valueOf(intervalMs)
    } catch (error) {
      failuresInARow += 1
      logger[failureLogLevel](
        { err: error, component, failuresInARow },
        'background work failed; the next round tries again',
      )
      return retryDelayMs(failuresInARow)
    }
  }

  async function rest(ms: number): Promise<void> {
    const fixedMs = Math.min(ms, valueOf(minRestMs))
    if (fixedMs > 0) await pause(fixedMs, stopping.signal)
    if (isWoken || stopping.signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    endRest = resolve
    // A timer can't wait for ever: Node takes Infinity for one millisecond.
    const timer = ms === Infinity ? undefined : setTimeout(resolve, ms - fixedMs)
    await promise
    clearTimeout(timer)
    endRest = undefined
  }

  return {
    start() {
      if (!stopping.signal.aborted) running ??= repeat()
    },
    wake() {
      isWoken = true
      endRest?.()
    },
    async stop() {
      stopping.abort()
      endRest?.()
      await running
    },
  }
}

function valueOf(ms: number | (() => number)): number {
  return typeof ms === 'number' ? ms : ms()
}
